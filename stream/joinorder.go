package stream

import "github.com/millrace-go/millrace/internal/spill"

// loneRight is put before the position of a right row that is yielded alone: behind all left rows.
const loneRight = 1 << 63

// joinOrder brings the rows of the output, each with its place, into order. What one pass over a partition puts out is in
// order already: it is a sorted run on disk, and the runs are merged at the end. The place is that of the left row, if
// there is one: all pairs of a left row come from one partition, in order of the right rows; where they come from
// several runs, these are of blocks of right rows, in order, and a merge keeps it.
type joinOrder[L, R any] struct {
	runs *sortRuns[joinedAt[L, R]]
	run  *spill.RunWriter[joinedAt[L, R]] // the one that is being written; nil: none is
	row  joinedAt[L, R]
}

func (o *joinOrder[L, R]) put(at uint64, row *Joined[L, R]) error {
	if o.run == nil {
		if err := o.begin(); err != nil {
			return err
		}
	}
	o.row.at, o.row.row = at, *row
	return spillError("Join", o.run.Append(&o.row))
}

func (o *joinOrder[L, R]) begin() error {
	r := o.runs
	store, err := r.store(0)
	if err != nil {
		return err
	}
	_ = r.book(r.live(0) + r.fixed) // or others have the budget
	o.run = r.newWriter(store)
	return nil
}

// endRun says that what comes next is not in order with what came.
func (o *joinOrder[L, R]) endRun() error {
	if o == nil || o.run == nil {
		return nil
	}
	run, err := o.run.Finish()
	err = spillError("Join", err)
	o.run, o.runs.written = nil, append(o.runs.written, sortedRun[joinedAt[L, R]]{Run: run})
	if err == nil {
		err = o.runs.compact()
	}
	_ = o.runs.book(o.runs.live(0) + o.runs.fixed) // there is one more; or others have the budget
	return err
}

// put takes a row of the output: it is yielded now, or brought to its place first.
func (s *joinSplit[L, R, K]) put(at uint64, row *Joined[L, R]) error {
	if s.out == nil {
		s.j.emit(row)
		return nil
	}
	return s.out.put(at, row)
}

// loneNulls yields the right rows with null keys, which were kept only if they are yielded.
func (s *joinSplit[L, R, K]) loneNulls() error {
	if s.failed {
		return nil
	}
	if err := s.out.endRun(); err != nil {
		return err
	}
	var r joinRow[R]
	for in := s.top.right.Read(len(s.top.parts)); ; {
		if ok, err := in.Next(&r); err != nil || !ok {
			return spillError("Join", err)
		}
		if err := s.put(loneRight|uint64(r.at), &Joined[L, R]{Right: r.row, HasRight: true}); err != nil || s.j.stopped {
			return err
		}
	}
}

// emitSorted yields what was put.
func (s *joinSplit[L, R, K]) emitSorted() error {
	if err := s.out.endRun(); err != nil {
		return err
	}
	next, err := s.out.runs.merged()
	if err != nil {
		return err
	}
	for {
		if v, err := next(); err != nil || v == nil || !s.j.emit(&v.row) {
			return err
		}
	}
}
