package dedup

import "cmp"

// The first pass of TwoPass: every row meets the entry of its key.

// take takes in e.row.
func (e *twice[T, K]) take() error {
	h, isNull, err := e.look()
	if err != nil {
		return err
	}
	if isNull {
		return e.takeNull()
	}
	i, added, err := e.keys.number(&e.rowKey, h)
	if err != nil {
		return err
	}
	if !added {
		return e.duplicate(i)
	}
	e.stats.Keys++
	if err := e.push(uint64(e.position)); err != nil {
		return err
	}
	for _, w := range e.words {
		if err := e.push(w); err != nil {
			return err
		}
	}
	return nil
}

// push appends a word to the entries.
func (e *twice[T, K]) push(w uint64) error {
	if err := e.keys.grow(e.entries.needs()); err != nil {
		return err
	}
	e.entries.push(w)
	return nil
}

// takeNull takes in e.row, which has a null key.
func (e *twice[T, K]) takeNull() error {
	e.stats.NullKeys++
	switch e.p.nullKeys {
	case NullsReject:
		return e.reject(&e.row, e.position)
	case NullsEqual:
		if e.null != nil {
			return e.duplicate(nullGroup)
		}
		e.stats.Keys++
		e.null = append([]uint64{uint64(e.position)}, e.words...)
	}
	return nil
}

// duplicate takes in e.row, whose key is number i and was seen before.
func (e *twice[T, K]) duplicate(i int) error {
	holderAt := e.winnerAt(i)
	if e.p.keep == KeepNone {
		isFirst := holderAt >= 0
		if isFirst {
			*e.word(i, 0) = uint64(^holderAt)
		}
		return e.repeat(&e.row, nil, e.position, holderAt, isFirst)
	}
	e.stats.Duplicates++
	e.stats.Dropped++
	better := e.against(i)
	if better == 0 {
		switch e.p.tie {
		case TieLast:
			better = 1
		case TieFail:
			return e.tie(i)
		}
	}
	if better > 0 {
		*e.word(i, 0) = uint64(e.position)
		for j, w := range e.words {
			*e.word(i, 1+j) = w
		}
		delete(e.tied, i)
	}
	return nil
}

// against compares e.row with the entry of key number i: positive where e.row is better.
func (e *twice[T, K]) against(i int) int {
	for j, w := range e.words {
		if c := cmp.Compare(w, *e.word(i, 1+j)); c != 0 {
			return c
		}
	}
	return 0
}

// tie notes that e.row ties with the best row of key number i. There are comparators, or it would not get here: a
// later row may settle it.
func (e *twice[T, K]) tie(i int) error {
	if _, already := e.tied[i]; already {
		return nil
	}
	if err := e.keys.grow(tieBytes); err != nil {
		return err
	}
	if e.tied == nil {
		e.tied = make(map[int]int64)
	}
	e.tied[i] = e.position
	return nil
}

// unsettled returns the *TieError of the tie whose winner stands first in the input, if there is any.
func (e *twice[T, K]) unsettled() error {
	i, t := firstTie(e.tied, e.winnerAt)
	if t == nil {
		return nil
	}
	if i != nullGroup {
		t.Key = *e.keys.keys.at(i)
	}
	return t
}
