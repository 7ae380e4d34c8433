package stream

// joinChunk is how many left rows are looked up together, at most: so many fit in the nearest cache with their keys and
// hashes, and the misses of 256 lookups overlap as well as those of any more.
const joinChunk = 256

// joinStage is left rows that are looked up together. Each is where it is going to be yielded from: a pair is a right
// row put beside it.
//
//	rows    [click a, .][view b, .][click c, .]     Left is set
//	keys    [a         ][b        ][c         ]
//	hashes  [5c..      ][61..     ][c8..      ]     once looked up
//	first   [3         ][-1       ][0         ]     its first right row, once looked up
type joinStage[L, R any, K comparable] struct {
	rows   []Joined[L, R]
	at     []int64 // positions of the left rows
	keys   []K
	hashes []uint64
	first  []int32
	next   []int32  // the one after that
	hits   []uint16 // which have one

	n    int // staged
	size int // that are looked up together now: it grows to most
	most int
	held int64 // bytes that staged rows hold outside themselves
	room int64 // from which on they are looked up
}

// newJoinStage makes a stage for most rows at a time, but not for more than fit in room, in bytes; 0: unbounded. It
// begins with size rows.
func newJoinStage[L, R any, K comparable](size, most int, room int64) *joinStage[L, R, K] {
	s := &joinStage[L, R, K]{most: most, room: room}
	if room > 0 {
		row := sizeOf[Joined[L, R]]() + sizeOf[K]() + 8 + 8 + 4 + 4 + 2
		s.most = int(min(int64(most), max(room/row, 1)))
	}
	s.resize(size)
	return s
}

// stageRoom is what a stage may take: little beside the bound, as there are two at a time at most.
func (j *join[L, R, K]) stageRoom() int64 { return j.limit / 32 }

func (s *joinStage[L, R, K]) resize(n int) {
	s.size = min(n, s.most)
	if s.size <= len(s.rows) {
		return
	}
	s.rows, s.at, s.keys = make([]Joined[L, R], s.size), make([]int64, s.size), make([]K, s.size)
	s.hashes, s.first, s.next, s.hits = make([]uint64, s.size), make([]int32, s.size), make([]int32, s.size), make([]uint16, s.size)
}

// full says that the staged rows are to be looked up.
func (s *joinStage[L, R, K]) full() bool { return s.n == s.size || s.held > s.room }

// lookUp finds the first right row of each staged left one, and empties the stage. It returns how many were staged, and
// which of them have one. Their places stay as they are until others are staged there, or forget.
func (s *joinStage[L, R, K]) lookUp(b *build[R, K]) (n int, hits []uint16) {
	n = s.n
	s.n, s.held = 0, 0
	s.forget(n)
	b.keys.hasher.HashEach(s.keys[:n], s.hashes[:n])
	return n, b.findEach(s.keys[:n], s.hashes[:n], s.first[:n], s.next[:n], s.hits[:n])
}

// forget lets go of what the places from the first one on hold of rows that are done with.
func (s *joinStage[L, R, K]) forget(first int) {
	clear(s.rows[first:])
	clear(s.keys[first:])
}

// broadcast streams the left side past the right one.
func (j *join[L, R, K]) broadcast(left Seq[L]) error {
	most := j.opts.Chunk
	if most == 0 {
		most = joinChunk
	}
	j.built.seal()
	s := newJoinStage[L, R, K](1, most, j.stageRoom())
	dynamic := j.keys.hasher.Dynamic()
	var index int64
	for v, err := range left {
		if err == nil {
			i := s.n
			s.rows[i].Left = v
			s.keys[i] = j.leftKey(v)
			if dynamic {
				err = j.keys.check(&s.keys[i], index)
			}
			if err == nil && j.bounded {
				var held int64
				held, err = j.heldByLeft(&s.rows[i].Left)
				s.held += held
			}
		}
		if err != nil {
			if !j.flush(s) {
				return nil
			}
			return err
		}
		if j.null != nil && j.null(&s.keys[s.n]) { // no right row is found by it
			j.stats.NullLeft++
		}
		index++
		if s.n++; s.full() {
			if !j.flush(s) {
				return nil
			}
			s.resize(2 * s.size)
		}
	}
	if !j.flush(s) {
		return nil
	}
	j.loneRights()
	return nil
}

// loneRights yields the right rows in memory that have not matched, and reports whether to go on.
func (j *join[L, R, K]) loneRights() bool {
	b := j.built
	for i := range b.seen {
		if !b.seen[i] && !j.emit(&Joined[L, R]{Right: b.row(int32(i)).row, HasRight: true}) {
			return false
		}
	}
	return true
}

// flush yields what comes of the staged rows, and reports whether to go on.
func (j *join[L, R, K]) flush(s *joinStage[L, R, K]) bool {
	b := j.built
	n, hits := s.lookUp(b)
	if j.kind == Inner || j.kind == Right {
		for _, i := range hits {
			if !j.pairs(b, &s.rows[i], s.first[i], s.next[i]) {
				return false
			}
		}
		return true
	}
	for i := range n {
		switch found := s.first[i] >= 0; {
		case found && j.kind.pairs():
			if !j.pairs(b, &s.rows[i], s.first[i], s.next[i]) {
				return false
			}
		case !found && j.kind.loneLeft(), found && j.kind == Semi:
			if !j.emit(&Joined[L, R]{Left: s.rows[i].Left, HasLeft: true}) {
				return false
			}
		}
	}
	return true
}

// pairs yields a left row with each of its right ones, the first two of which are known.
func (j *join[L, R, K]) pairs(b *build[R, K], out *Joined[L, R], row, next int32) bool {
	out.HasLeft, out.HasRight = true, true
	for {
		out.Right = b.row(row).row
		if b.seen != nil {
			b.seen[row] = true
		}
		if !j.emit(out) {
			return false
		}
		if next < 0 {
			return true
		}
		row, next = next, b.row(next).next
	}
}

// emit yields a row, and reports whether to go on.
func (j *join[L, R, K]) emit(out *Joined[L, R]) bool {
	j.stats.Rows++
	j.stopped = !j.yield(*out, nil)
	return !j.stopped
}
