package dedup

import "fmt"

// The second pass of TwoPass: winners go out where they stand, and the source is held to be the same.

// give yields e.row if it survives.
func (e *twice[T, K]) give() error {
	h, isNull, err := e.look()
	if err != nil { // the first pass had no such key
		return e.changed("key", err.Error(), "a key that can be used")
	}
	i := nullGroup
	switch {
	case isNull && e.p.nullKeys == NullsReject:
		return nil
	case isNull && e.p.nullKeys == NullsDistinct:
		e.emit()
		return nil
	case isNull:
		if e.null == nil {
			return e.changed("key", keyText(nil), "one that the first pass had")
		}
	default:
		known := false
		if i, known = e.keys.find(&e.rowKey, h); !known {
			return e.changed("key", keyText(e.rowKey), "one that the first pass had")
		}
	}
	if e.winnerAt(i) != e.position {
		return nil
	}
	if e.against(i) != 0 {
		return e.changed("rank", "another one of the winner of key "+e.keyText(i), "what the comparators saw in the first pass")
	}
	*e.word(i, 0) = uint64(^e.position)
	e.emit()
	return nil
}

func (e *twice[T, K]) emit() {
	e.stats.Out++
	e.stopped = !e.yield(e.row, nil)
}

// judge is asked at the end of the second pass whether it was the first again. Of several differences it names the
// plainest.
func (e *twice[T, K]) judge(first uint64) error {
	switch {
	case e.position < e.stats.In:
		return e.changed("rows", fmt.Sprintf("the end after %d", e.position), fmt.Sprintf("%d", e.stats.In))
	case e.digest == first:
		return nil
	}
	// Of the winners that did not come out, the first in the input says where to look.
	missed, at := 0, int64(-1)
	consider := func(i int) {
		if p := e.winnerAt(i); p >= 0 && (at < 0 || p < at) {
			missed, at = i, p
		}
	}
	for i := range e.keys.keys.n {
		consider(i)
	}
	if e.null != nil {
		consider(nullGroup)
	}
	if at >= 0 {
		e.position = at
		return e.changed("key", "another one", e.keyText(missed))
	}
	return e.changed("keys and ranks", fmt.Sprintf("digest %016x of all rows", e.digest), fmt.Sprintf("%016x", first))
}

// keyText prints the key of number i.
func (e *twice[T, K]) keyText(i int) string {
	if i == nullGroup {
		return keyText(nil)
	}
	return keyText(*e.keys.keys.at(i))
}

func (e *twice[T, K]) changed(what, got, want string) error {
	return &ChangedError{Position: e.position, What: what, Got: got, Want: want}
}
