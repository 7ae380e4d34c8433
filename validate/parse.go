package validate

import "strconv"

// parser judges single rows.
type parser[T any] struct {
	p   *pass
	row *jsonRow
	out T
}

// Parse reads one row of JSON, without its line end. A bad row is a *RejectError with all that is wrong with it;
// its Reject has the source "row" and line 1. It is safe for concurrent use.
func (s *Schema[T]) Parse(line []byte) (T, error) {
	var zero T
	ps, _ := s.parsers.Get().(*parser[T])
	if ps == nil {
		opts, err := Options{}.check("Parse")
		if err != nil {
			return zero, err
		}
		ps = &parser[T]{}
		ps.p = s.start(opts, func(v T, _ error) bool { ps.out = v; return false })
		ps.p.name = "row"
		ps.row = newJSONRow(s.root, s.nodes, len(s.fields), ps.p.st, &ps.p.opts, ps.p.set)
	}
	p := ps.p
	p.rows, p.bad, p.err, ps.out = 0, 0, nil, zero
	p.begin()
	if len(line) > 1<<30 {
		p.st.fatal(FieldError{Code: CodeTooLong, Offset: 1 << 30, Got: strconv.Itoa(len(line)) + " bytes", Want: "at most 1073741824"})
	} else {
		ps.row.read(line)
	}
	p.finish(rowAt{line: 1, length: int64(len(line)), head: line})
	out, err := ps.out, p.err
	ps.out = zero
	p.begin()
	ps.row.line, ps.row.keys.line = nil, nil
	s.parsers.Put(ps)
	return out, err
}
