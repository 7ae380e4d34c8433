package dedup

import (
	"errors"

	"github.com/millrace-go/millrace/internal/spill"
)

// spilledPart is a partition that is still to be settled.
type spilledPart struct {
	rows  *spilledRows
	part  int
	depth int
}

// spilledRows is a file of partitions. It goes when all of them were settled.
type spilledRows struct {
	*spill.Store[record]
	left int // partitions
}

// handOver ends what the level has written, and leaves its partitions to be settled.
func (o *spillover[T]) handOver() error {
	d := o.disk
	err := d.survivors.end(o.survivors)
	if err == nil {
		err = d.losers.end(o.losers)
	}
	o.survivors, o.losers = nil, nil
	if err != nil || o.parts == nil {
		return d.fail(err)
	}
	if err := o.parts.FinishAll(); err != nil {
		return d.fail(err)
	}
	rows := &spilledRows{Store: o.parts}
	o.parts = nil
	for part := range rows.Parts() {
		if rows.Rows(part) > 0 {
			d.tasks = append(d.tasks, spilledPart{rows, part, o.depth + 1})
			rows.left++
		}
	}
	return nil
}

// settle settles all partitions, the last one first, so that few files are there at a time.
func (d *disk[T]) settle() error {
	for n := len(d.tasks); n > 0; n = len(d.tasks) {
		task := d.tasks[n-1]
		d.tasks = d.tasks[:n-1]
		if err := d.settlePart(task); err != nil {
			return err
		}
		if task.rows.left--; task.rows.left == 0 {
			if err := task.rows.Close(); err != nil {
				return d.fail(err)
			}
		}
	}
	return nil
}

// settlePart settles the rows of one partition, whose survivors and losers become runs.
func (d *disk[T]) settlePart(task spilledPart) error {
	e := newLevel(d, task.depth)
	e.over.part = task.part
	defer e.letGo()
	tie, err := e.readPart(task.rows.Read(task.part))
	if err != nil {
		return err
	}
	if tie == nil && !d.unwanted {
		tie = e.unsettled()
	}
	d.noteTie(tie)
	if !d.p.eager && !d.unwanted {
		if err := e.emitAll(); err != nil {
			return err
		}
	}
	e.letGo()      // before runs are merged
	e.stats.In = 0 // they were counted when they were read
	d.stats.add(&e.stats)
	return e.over.handOver()
}

// readPart takes in the rows of a partition. A tie that no later row can settle ends it.
func (e *hashed[T]) readPart(rows *spill.Reader[record]) (tie *TieError, err error) {
	st := e.stage
	for {
		row := &st.rows[st.n]
		var beside spilled
		ok, err := rows.Next(&e.over.record)
		if err == nil && ok {
			beside, err = spilledOf(e.p.codec, &e.over.record, row)
		}
		if err != nil {
			return nil, e.over.disk.fail(err)
		}
		if !ok {
			return e.settlePartly(nil)
		}
		if beside.first >= 0 {
			if tie, err := e.settlePartly(nil); tie != nil || err != nil {
				return tie, err
			}
			if err := e.restore(beside, row); err != nil {
				return nil, err
			}
			continue
		}
		st.at[st.n] = beside.at
		if err := e.stageKey(); err != nil {
			return e.settlePartly(err)
		}
		if st.n++; st.full(e.p) {
			if tie, err := e.settlePartly(nil); tie != nil || err != nil {
				return tie, err
			}
		}
	}
}

// sameKey returns an error where the key of the row being settled, which has this hash, belongs to another partition than
// the one that the row was written to: its rows would be told apart. Which is most of all other keys.
func (e *hashed[T]) sameKey(h uint64) error {
	o := e.over
	if partition(h, o.depth-1, o.disk.bits) == o.part {
		return nil
	}
	return &KeyError{Position: e.position, Err: errOtherKey}
}

var errOtherKey = errors.New("it is another one than before the row went to disk, where Codec and key have to give the same again")

// settlePartly settles what is staged, before next, which is an error that comes then.
func (e *hashed[T]) settlePartly(next error) (tie *TieError, err error) {
	if err = e.settle(); err == nil {
		return nil, next
	}
	if t, ok := errors.AsType[*TieError](err); ok && !e.over.disk.failed {
		return t, nil
	}
	return nil, err
}

// noteTie keeps the tie that the run ends with: the first that was met where none can be settled, otherwise that
// whose winner stands first.
func (d *disk[T]) noteTie(t *TieError) {
	switch {
	case t == nil:
	case d.tie == nil,
		d.p.eager && t.Position < d.tie.Position,
		!d.p.eager && t.WinnerPosition < d.tie.WinnerPosition:
		d.tie = t
	}
}

// restore takes in the state of a key, which is new here, with the row that it holds.
func (e *hashed[T]) restore(state spilled, row *T) error {
	e.position, e.rowSize = state.at, e.sizeOfRow(row)
	null := e.p.nullKey != nil && e.p.nullKey(*row)
	const staged = 0 // the batch is settled, and there is room
	h := uint64(nullHash)
	if !null {
		if err := e.keys.stage(staged, row); err != nil {
			return &KeyError{Position: e.position, Err: err}
		}
		hashes := e.stage.hashes[:staged+1]
		e.keys.hash(hashes)
		h = hashes[staged]
		if err := e.sameKey(h); err != nil {
			return err
		}
	}
	if state.tied >= 0 {
		e.rowSize += tieBytes
	}
	fits, err := false, error(nil)
	if null {
		fits, err = e.fitsNull()
	} else {
		fits, err = e.fitsKey(staged)
	}
	if err != nil {
		return err
	}
	if !fits {
		return e.over.put(h, state, row)
	}
	e.over.restored = true
	i := nullGroup
	if null {
		e.holdNull(row, state.first)
	} else {
		_, slot := e.probe(staged, h)
		i = e.hold(slot, staged, row, h, state.first)
	}
	if state.tied >= 0 {
		e.noteTied(i, state.tied)
	}
	return nil
}

// evictMet writes the state of key number i after a meeting with a row, which came to that outcome.
func (e *hashed[T]) evictMet(i int, row, holder *T, heldAt int64, outcome verdict) error {
	if outcome == holderBeaten {
		return e.evict(i, row, e.position, -1, e.grown)
	}
	tied, was := e.tied[i]
	switch {
	case was:
	case outcome == holderMatched:
		tied = e.position
	default:
		tied = -1
	}
	return e.evict(i, holder, heldAt, tied, e.grown)
}

// evict writes the state of key number i to its partition: the row it holds, from position at. tied is the position of
// the first row that ties with it, -1 where there is none. Of what the row holds, the last grown bytes are not booked.
func (e *hashed[T]) evict(i int, row *T, at, tied, grown int64) error {
	e.fill()
	state := spilled{at: max(at, 0), first: e.firstOf(i), tied: tied}
	if _, was := e.tied[i]; was {
		delete(e.tied, i)
		e.unbook(tieBytes)
	}
	h := uint64(nullHash)
	if i != nullGroup {
		h = e.keys.hashOf(i, e.keyRow(i))
	}
	e.over.evict(i, e.index.n)
	err := e.over.put(h, state, row)
	if i == nullGroup || e.p.holdKeys { // otherwise it has the key, and holds nothing
		e.unbook(e.sizeOfRow(row) - grown)
		holder, _ := e.holder(i)
		var zero T
		*holder = zero
	}
	return err
}

// nullHash is the hash of the group of null keys: any.
const nullHash = 0

// spillRow writes the row being settled to the partition of its key.
func (e *hashed[T]) spillRow(v *T, h uint64) error {
	return e.over.put(h, spilled{at: e.position, first: -1, tied: -1}, v)
}
