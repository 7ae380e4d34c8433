package stream

import (
	"errors"
	"math/bits"

	"github.com/millrace-go/millrace/internal/spill"
)

// joinSplit is a join whose right side does not fit: both sides cut by hash into partitions on disk, joined one by one.
//
//	right  --hash-->  [part 0][part 1] ... [part 15][null keys, if they are yielded]
//	left   --hash-->  [part 0][part 1] ... [part 15]
//	                      |       |
//	                      |       right rows do not fit, hashes differ: cut again --> [0] ... [15]
//	                      |                              all hashes equal: block after block of right rows
//	                      right rows fit in memory, left ones stream past
//	                      |
//	                      v
//	                 rows with their positions --> external sort --> output
type joinSplit[L, R any, K comparable] struct {
	j          *join[L, R, K]
	leftCodec  joinRowCodec[L]
	rightCodec joinRowCodec[R]

	fanBits   int
	blockSize int // bytes
	dir       *spill.Dir
	booked    int64 // for buffers
	rest      *joinRest[L, R, K]
	top       *joinCut[L, R]            // nil: only the rest is on disk
	out       *sortRuns[joinedAt[L, R]] // nil: unordered
	stage     *joinStage[L, R, K]
	failed    bool // the left side did: lone right rows would be a guess
}

// joinCut is both sides cut by the same bits of the hash.
type joinCut[L, R any] struct {
	right *spill.Store[joinRow[R]]
	left  *spill.Store[joinRow[L]]
	shift uint // of the hash, to the bits that say the part
	parts []joinPart
}

// joinPart is what is known of the hashes of one part's right rows.
type joinPart struct {
	some bool   // there are right rows
	hash uint64 // of the first
	diff uint64 // bits in which others differ from it
}

// The least that buffers and sorting take, however small the bound.
const joinFloor = 8 << 10

// manyParts is the bound from which 64 parts pay: their buffers, of 64 KiB each, are then an eighth of it.
const manyParts = 32 << 20

func newJoinSplit[L, R any, K comparable](j *join[L, R, K]) (*joinSplit[L, R, K], error) {
	s := &joinSplit[L, R, K]{j: j, fanBits: 4}
	left, err := codecOf[L]("Join", j.opts.LeftCodec)
	if err != nil {
		return nil, renamed(err, "LeftCodec")
	}
	right, err := codecOf[R]("Join", j.opts.RightCodec)
	if err != nil {
		return nil, renamed(err, "RightCodec")
	}
	s.leftCodec = joinRowCodec[L]{left, &j.stats.SpilledLeft, &j.stats.SpilledLeftBytes}
	s.rightCodec = joinRowCodec[R]{right, &j.stats.SpilledRight, &j.stats.SpilledRightBytes}
	return s, nil
}

// fit chooses sizes whose buffers take so many bytes, or joinFloor where that is more.
func (s *joinSplit[L, R, K]) fit(room int64) {
	if room >= manyParts/4 {
		s.fanBits = 6
	}
	s.blockSize = int(min(max(room/int64(20<<(s.fanBits-4)), minBlock), spill.DefaultBlock))
}

// renamed puts the name of the option that it was under an error of codecOf.
func renamed(err error, option string) error {
	var o *OptionError
	if errors.As(err, &o) {
		o.Option = option
	}
	return err
}

// begin goes to disk, with the right rows after those in memory. The room for buffers is booked from here on.
func (s *joinSplit[L, R, K]) begin() error {
	j := s.j
	s.book(j.limit / 4)
	s.fit(s.booked)
	s.dir = j.opts.Resources.spillDir()
	var err error
	s.rest, err = s.newRest(int64(j.built.rows))
	return err
}

// book books room for buffers: so much, or what there is.
func (s *joinSplit[L, R, K]) book(room int64) {
	s.j.account.Shrink(s.booked)
	for room > 0 && s.j.account.Grow(room) != nil { // others have taken of the budget
		room /= 2
	}
	s.booked = room
}

// beginCut cuts all right rows there are: those in memory, and those on disk.
func (s *joinSplit[L, R, K]) beginCut() (err error) {
	j := s.j
	if s.top, err = s.newCut(uint(64 - s.fanBits)); err != nil {
		return err
	}
	s.top.right.AddPart() // null keys
	if !j.opts.Unordered {
		r := j.opts.Resources
		r.Memory, r.Workers = max(j.limit/4, joinFloor), 0
		order := sortOrder[joinedAt[L, R]]{number: func(v *joinedAt[L, R]) uint64 { return v.at }}
		s.out = newSortRuns("Join", order, joinedCodec[L, R]{s.leftCodec.rows, s.rightCodec.rows}, SortOptions{Resources: r})
	}
	var r joinRow[R]
	for i := range j.built.rows {
		e := j.built.row(int32(i))
		r.row, r.at = e.row, int64(i)
		if err := s.cutRight(&r, &e.key, e.next == noKey); err != nil {
			return err
		}
	}
	j.built.drop()
	s.book(j.limit / 4)
	if err := s.rest.finish(); err != nil {
		return err
	}
	var key K
	err = s.rest.each(func(r *joinRow[R]) (bool, error) {
		key = j.rightKey(r.row)
		return true, s.cutRight(r, &key, j.null != nil && j.null(&key))
	})
	if err != nil {
		return err
	}
	return s.rest.close()
}

func (s *joinSplit[L, R, K]) newCut(shift uint) (*joinCut[L, R], error) {
	right, err := spill.NewStore(s.dir, spill.Rows[joinRow[R]](s.rightCodec), s.blockSize)
	if err != nil {
		return nil, spillError("Join", err)
	}
	left, err := spill.NewStore(s.dir, spill.Rows[joinRow[L]](s.leftCodec), s.blockSize)
	if err != nil {
		return nil, spillError("Join", err)
	}
	c := &joinCut[L, R]{right: right, left: left, shift: shift, parts: make([]joinPart, 1<<s.fanBits)}
	for range c.parts {
		right.AddPart()
		left.AddPart()
	}
	return c, nil
}

func (c *joinCut[L, R]) part(hash uint64) int { return int(hash >> c.shift & uint64(len(c.parts)-1)) }

func (c *joinCut[L, R]) addRight(r *joinRow[R], hash uint64) error {
	i := c.part(hash)
	if p := &c.parts[i]; p.some {
		p.diff |= p.hash ^ hash
	} else {
		*p = joinPart{some: true, hash: hash}
	}
	return spillError("Join", c.right.Append(i, r))
}

// addRight takes a row of the right side.
func (s *joinSplit[L, R, K]) addRight(r *joinRow[R], key *K, null bool) error {
	if s.top != nil {
		return s.cutRight(r, key, null)
	}
	full, err := s.rest.add(r)
	if err != nil || !full {
		return err
	}
	return s.beginCut()
}

func (s *joinSplit[L, R, K]) cutRight(r *joinRow[R], key *K, null bool) error {
	if null {
		return spillError("Join", s.top.right.Append(len(s.top.parts), r))
	}
	return s.top.addRight(r, s.j.keys.hasher.Hash(key, 0))
}

// run reads the left side, joins the parts and yields what comes of it. Where little of the right side is on disk, the
// left side is not cut, and joined as it comes.
func (s *joinSplit[L, R, K]) run(left Seq[L]) error {
	if s.top == nil {
		if err := s.rest.begin(); err != nil {
			return err
		}
	} else if err := spillError("Join", s.top.right.FinishAll()); err != nil {
		return err
	}
	leftErr, err := s.readLeft(left)
	if err != nil || s.j.stopped {
		return err
	}
	if s.top == nil {
		if err := s.rest.end(leftErr == nil); err != nil || s.j.stopped {
			return err
		}
		return leftErr
	}
	if err := spillError("Join", s.top.left.FinishAll()); err != nil {
		return err
	}
	s.failed = leftErr != nil
	if err := s.joinParts(s.top, 1); err != nil || s.j.stopped {
		return err
	}
	if err := s.loneNulls(); err != nil || s.j.stopped {
		return err
	}
	if s.out != nil {
		if err := s.emitSorted(); err != nil || s.j.stopped {
			return err
		}
	}
	return leftErr
}

// readLeft returns the error of the left side itself apart: it comes after the rows before it.
func (s *joinSplit[L, R, K]) readLeft(left Seq[L]) (leftErr, err error) {
	j := s.j
	dynamic := j.keys.hasher.Dynamic()
	var row joinRow[L]
	var key K // outside of the loop: it is passed by address, and would be allocated for each row
	for v, err := range left {
		if err != nil {
			return err, nil
		}
		row.row = v
		key = j.leftKey(v)
		if dynamic {
			if err := j.keys.check(&key, row.at); err != nil {
				return err, nil
			}
		}
		null := j.null != nil && j.null(&key)
		if null {
			j.stats.NullLeft++
		}
		if s.top == nil {
			err = s.holdLeft(&row.row, &key, null)
		}
		if s.top != nil && err == nil {
			err = s.cutLeft(&row, &key, null)
		}
		if err != nil || j.stopped {
			return nil, err
		}
		row.at++
	}
	return nil, nil
}

// holdLeft gives a row to the rest. Where that is not worth it the left side is cut, beginning with the rows held.
func (s *joinSplit[L, R, K]) holdLeft(row *L, key *K, null bool) error {
	worth, err := s.rest.hold(row, key, null)
	if worth || err != nil {
		return err
	}
	if err := s.beginCut(); err != nil {
		return err
	}
	if err := spillError("Join", s.top.right.FinishAll()); err != nil {
		return err
	}
	block := s.rest.block
	var held joinRow[L]
	for i := range block.rows {
		e := block.row(int32(i))
		held.row, held.at = e.row, int64(i)
		if err := s.cutLeft(&held, &e.key, e.next == noKey); err != nil || s.j.stopped {
			return err
		}
	}
	block.drop()
	return nil
}

// cutLeft takes a row of the left side.
func (s *joinSplit[L, R, K]) cutLeft(row *joinRow[L], key *K, null bool) error {
	if !null {
		if part := s.top.part(s.j.keys.hasher.Hash(key, 0)); s.top.parts[part].some {
			return spillError("Join", s.top.left.Append(part, row))
		}
	}
	if s.j.kind.loneLeft() { // nothing can match
		return s.put(uint64(row.at), &Joined[L, R]{Left: row.row, HasLeft: true})
	}
	return nil
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

// joinParts joins the parts of a cut and removes it.
func (s *joinSplit[L, R, K]) joinParts(c *joinCut[L, R], depth int) error {
	s.j.stats.Depth = max(s.j.stats.Depth, depth)
	for i := range c.parts {
		if !c.parts[i].some || c.left.Rows(i) == 0 && (!s.j.kind.loneRight() || s.failed) {
			continue
		}
		if err := s.joinPart(c, i, depth); err != nil || s.j.stopped {
			return err
		}
	}
	if c == s.top { // it has the null keys
		return nil
	}
	if err := c.left.Close(); err != nil {
		return spillError("Join", err)
	}
	return spillError("Join", c.right.Close())
}

// cutAgain cuts a part by the highest bits in which its hashes differ.
func (s *joinSplit[L, R, K]) cutAgain(from *joinCut[L, R], part, depth int) error {
	top := bits.Len64(from.parts[part].diff)
	c, err := s.newCut(uint(max(top-s.fanBits, 0)))
	if err != nil {
		return err
	}
	var key K
	var r joinRow[R]
	for in := from.right.Read(part); ; {
		if ok, err := in.Next(&r); err != nil {
			return spillError("Join", err)
		} else if !ok {
			break
		}
		key = s.j.rightKey(r.row)
		if err := c.addRight(&r, s.j.keys.hasher.Hash(&key, 0)); err != nil {
			return err
		}
	}
	if err := c.right.FinishAll(); err != nil {
		return spillError("Join", err)
	}
	var l joinRow[L]
	for in := from.left.Read(part); ; {
		if ok, err := in.Next(&l); err != nil {
			return spillError("Join", err)
		} else if !ok {
			break
		}
		key = s.j.leftKey(l.row)
		to := c.part(s.j.keys.hasher.Hash(&key, 0))
		if c.parts[to].some {
			err = spillError("Join", c.left.Append(to, &l))
		} else if s.j.kind.loneLeft() {
			err = s.put(uint64(l.at), &Joined[L, R]{Left: l.row, HasLeft: true})
		}
		if err != nil || s.j.stopped {
			return err
		}
	}
	if err := c.left.FinishAll(); err != nil {
		return spillError("Join", err)
	}
	return s.joinParts(c, depth+1)
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

// close removes what is on disk. It can be called again.
func (s *joinSplit[L, R, K]) close() error {
	var err error
	if s.out != nil {
		err = s.out.close()
	}
	if s.dir != nil {
		if dirErr := spillError("Join", s.dir.Close()); err == nil {
			err = dirErr
		}
	}
	return err
}
