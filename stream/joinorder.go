package stream

// loneRight is put before the position of a right row that is yielded alone: behind all left rows.
const loneRight = 1 << 63

// put takes a row of the output: it is yielded now, or sorted by its place first. The place is that of the left row, if
// there is one: all pairs of a left row come from one part, in order of the right rows, and the sort is stable.
func (s *joinSplit[L, R, K]) put(at uint64, row *Joined[L, R]) error {
	if s.out == nil {
		s.j.emit(row)
		return nil
	}
	return s.out.add(joinedAt[L, R]{at, *row})
}

// loneNulls yields the right rows with null keys, which were kept only if they are yielded.
func (s *joinSplit[L, R, K]) loneNulls() error {
	if s.failed {
		return nil
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
	next, err := s.out.merged()
	if err != nil {
		return err
	}
	for {
		if v, err := next(); err != nil || v == nil || !s.j.emit(&v.row) {
			return err
		}
	}
}
