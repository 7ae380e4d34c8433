package stream

import (
	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/internal/table"
)

// joinPart joins one part: at once if its right side fits, cut again if that helps, otherwise in blocks.
func (s *joinSplit[L, R, K]) joinPart(c *joinCut[L, R], part, depth int) error {
	p := &c.parts[part]
	r := s.read(c.right.Read(part), p)
	b, err := r.fill()
	if err != nil {
		return err
	}
	if !r.done && p.diff != 0 {
		b.drop()
		return s.cutAgain(c, part, depth)
	}
	s.j.stats.Partitions++
	if r.done {
		err := s.pass(b, c.left.Read(part), p, nil, true)
		b.drop()
		return err
	}
	// All rows have one hash, so nearly always one key: earlier holds next to nothing.
	earlier := table.New(s.j.keys.hasher)
	for {
		s.j.stats.Blocks++
		if err := s.pass(b, c.left.Read(part), p, earlier, r.done); err != nil || s.j.stopped || r.done {
			b.drop()
			return err
		}
		for i := range b.rows {
			earlier.Upsert(b.row(int32(i)).key)
		}
		b.drop()
		if b, err = r.fill(); err != nil {
			return err
		}
	}
}

// pass streams the left rows of a part past a block of its right ones. earlier has the keys of the blocks before, nil
// for none; last says that there is no other block.
func (s *joinSplit[L, R, K]) pass(b *build[R, K], left *spill.Reader[joinRow[L]], p *joinPart, earlier *table.Table[K], last bool) error {
	if err := s.out.endRun(); err != nil {
		return err
	}
	b.seal()
	if s.stage == nil {
		s.stage = newJoinStage[L, R, K](joinChunk, joinChunk, s.j.stageRoom())
	}
	stage := s.stage
	var l joinRow[L]
	var trace keyTrace
	for more := true; more; {
		ok, err := left.Next(&l)
		if err != nil {
			return spillError("Join", err)
		}
		if more = ok; ok {
			i := stage.n
			stage.rows[i].Left, stage.at[i], stage.keys[i] = l.row, l.at, s.j.leftKey(l.row)
			held, err := s.j.heldByLeft(&l.row)
			if err != nil {
				return err
			}
			stage.held += held
			stage.n++
		}
		if stage.full() || !ok {
			if err := s.passStage(b, &trace, earlier, last); err != nil || s.j.stopped {
				return err
			}
		}
	}
	if err := sameKeys("Join", p.leftKeys, trace, leftKeys); err != nil {
		return err
	}
	stage.forget(0) // the block is dropped next
	for i := range b.seen {
		if b.seen[i] || s.failed {
			continue
		}
		lone := Joined[L, R]{Right: b.row(int32(i)).row, HasRight: true}
		if err := s.put(loneRight|uint64(b.at[i]), &lone); err != nil || s.j.stopped {
			return err
		}
	}
	return nil
}

// passStage puts out what comes of the staged rows.
func (s *joinSplit[L, R, K]) passStage(b *build[R, K], trace *keyTrace, earlier *table.Table[K], last bool) error {
	kind, stage := s.j.kind, s.stage
	n, _ := stage.lookUp(b)
	for _, h := range stage.hashes[:n] {
		trace.add(h)
	}
	for i := range n {
		out, first, at, before := &stage.rows[i], stage.first[i], uint64(stage.at[i]), false
		if earlier != nil {
			_, before = earlier.Find(&stage.keys[i])
		}
		lone := first < 0 && !before && last && kind.loneLeft() || first >= 0 && !before && kind == Semi
		if lone {
			if err := s.put(at, &Joined[L, R]{Left: out.Left, HasLeft: true}); err != nil || s.j.stopped {
				return err
			}
		}
		if !kind.pairs() {
			continue
		}
		out.HasLeft, out.HasRight = true, true
		for row := first; row >= 0; row = b.row(row).next {
			if b.seen != nil {
				b.seen[row] = true
			}
			out.Right = b.row(row).row
			if err := s.put(at, out); err != nil || s.j.stopped {
				return err
			}
		}
	}
	return nil
}

// rightReader fills blocks with the right rows of a part.
type rightReader[L, R any, K comparable] struct {
	s       *joinSplit[L, R, K]
	in      *spill.Reader[joinRow[R]]
	part    *joinPart
	keys    keyTrace   // of what was read
	row     joinRow[R] // read and not yet in a block
	key     K          // its key
	pending bool
	done    bool
}

func (s *joinSplit[L, R, K]) read(in *spill.Reader[joinRow[R]], part *joinPart) *rightReader[L, R, K] {
	return &rightReader[L, R, K]{s: s, in: in, part: part}
}

// fill makes a block of what fits, at least a row.
func (r *rightReader[L, R, K]) fill() (*build[R, K], error) {
	j := r.s.j
	lone := loneNever
	if j.kind.loneRight() {
		lone = loneByPlace
	}
	b := newBuild[R](j.keys, lone, j.limit/2, j.bounded, j.account)
	if j.opts.Resources.Budget != nil {
		b.floor = joinFloor
	}
	for {
		if !r.pending {
			ok, err := r.in.Next(&r.row)
			if err != nil {
				return b, spillError("Join", err)
			}
			if !ok {
				r.done = true
				return b, sameKeys("Join", r.part.rightKeys, r.keys, rightKeys)
			}
		}
		if !r.pending {
			r.key = j.rightKey(r.row.row)
			r.keys.add(j.keys.hasher.Hash(&r.key, 0))
		}
		held, err := j.heldByRight(&r.row.row)
		if err != nil {
			return b, err
		}
		r.pending = !b.add(&r.row.row, r.row.at, &r.key, false, held)
		if r.pending {
			if b.rows == 0 {
				return b, &LimitError{Where: "stream: Join", What: "bytes for one right row", Limit: j.limit - j.limit/4}
			}
			return b, nil
		}
	}
}
