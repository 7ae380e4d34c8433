package stream

import (
	"errors"

	"github.com/millrace-go/millrace/internal/spill"
)

// joinSplit is a join whose right side does not fit. At first only the right rows behind those in memory are on disk: see
// joinRest. Where they become too many, or left rows are so large that few can be held, both sides are cut by hash into
// partitions on disk, joined one by one:
//
//	right  --hash-->  [part 0][part 1] ... [part 15][null keys, if they are yielded]
//	left   --hash-->  [part 0][part 1] ... [part 15]
//	                      |       |
//	                      |       right rows do not fit, hashes differ: cut again --> [0] ... [15]
//	                      |                              all hashes equal: block after block of right rows
//	                      right rows fit in memory, left ones stream past
//	                      |
//	                      v
//	                 rows with their positions, a sorted run of each part --> merge --> output
type joinSplit[L, R any, K comparable] struct {
	j          *join[L, R, K]
	leftCodec  joinRowCodec[L]
	rightCodec joinRowCodec[R]

	fanBits   int
	blockSize int // bytes
	dir       *spill.Dir
	booked    int64 // for buffers
	rest      *joinRest[L, R, K]
	top       *joinCut[L, R]   // nil: only the rest is on disk
	out       *joinOrder[L, R] // nil: unordered
	stage     *joinStage[L, R, K]
	failed    bool // the left side did: lone right rows would be a guess
}

// The least that buffers and sorting take, however small the bound.
const joinFloor = 8 << 10

// manyParts is the bound from which 64 parts pay: their buffers, of 64 KiB each, are then an eighth of it.
const manyParts = 32 << 20

func newJoinSplit[L, R any, K comparable](j *join[L, R, K]) (*joinSplit[L, R, K], error) {
	s := &joinSplit[L, R, K]{j: j}
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

// buffers books room for the buffers of files, and chooses sizes that take no more than that, or joinFloor where that is
// more.
func (s *joinSplit[L, R, K]) buffers() {
	s.book(s.j.limit / 4)
	s.fanBits = 4
	if s.booked >= manyParts/4 {
		s.fanBits = 6
	}
	s.blockSize = int(min(max(s.booked/int64(20<<(s.fanBits-4)), minBlock), spill.DefaultBlock))
}

// renamed puts the name of the option that it was under an error of codecOf.
func renamed(err error, option string) error {
	if err == nil {
		return nil // before o, which is on the heap
	}
	var o *OptionError
	if errors.As(err, &o) {
		o.Option = option
	}
	return err
}

// begin goes to disk, with the right rows after those in memory. The room for buffers is booked from here on.
func (s *joinSplit[L, R, K]) begin() error {
	j := s.j
	s.buffers()
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

// addRight takes a row of the right side.
func (s *joinSplit[L, R, K]) addRight(r *joinRow[R], key *K, null bool) error {
	if s.top != nil {
		return s.cutRight(r, key, null)
	}
	full, err := s.rest.add(r, key)
	if err != nil || !full {
		return err
	}
	return s.beginCut()
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
	block := s.rest.block
	if err := s.beginCut(); err != nil {
		return err
	}
	if err := spillError("Join", s.top.right.FinishAll()); err != nil {
		return err
	}
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

// close removes what is on disk. It can be called again.
func (s *joinSplit[L, R, K]) close() error {
	var err error
	if s.out != nil {
		err = s.out.runs.close()
	}
	if s.dir != nil {
		if dirErr := spillError("Join", s.dir.Close()); err == nil {
			err = dirErr
		}
	}
	return err
}
