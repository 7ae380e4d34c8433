package stream

import (
	"math/bits"

	"github.com/millrace-go/millrace/internal/spill"
)

// joinCut is both sides cut by the same bits of the hash.
type joinCut[L, R any] struct {
	right *spill.Store[joinRow[R]]
	left  *spill.Store[joinRow[L]]
	shift uint // of the hash, to the bits that say the part
	parts []joinPart
}

// joinPart is what is known of the hashes of one part's rows.
type joinPart struct {
	some bool   // there are right rows
	hash uint64 // of the first
	diff uint64 // bits in which others differ from it

	rightKeys, leftKeys keyTrace
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
	p := &c.parts[i]
	if p.some {
		p.diff |= p.hash ^ hash
	} else {
		*p = joinPart{some: true, hash: hash}
	}
	p.rightKeys.add(hash)
	return spillError("Join", c.right.Append(i, r))
}

func (c *joinCut[L, R]) addLeft(part int, l *joinRow[L], hash uint64) error {
	c.parts[part].leftKeys.add(hash)
	return spillError("Join", c.left.Append(part, l))
}

// beginCut cuts all right rows there are: those in memory, and those on disk. There is no rest after it.
func (s *joinSplit[L, R, K]) beginCut() (err error) {
	j := s.j
	s.buffers()
	if s.top, err = s.newCut(uint(64 - s.fanBits)); err != nil {
		return err
	}
	s.top.right.AddPart() // null keys
	if !j.opts.Unordered {
		r := j.opts.Resources
		r.Memory, r.Workers = max(j.limit/4, joinFloor), 0
		order := sortOrder[joinedAt[L, R]]{number: func(v *joinedAt[L, R]) uint64 { return v.at }}
		s.out = &joinOrder[L, R]{runs: newSortRuns("Join", order, joinedCodec[L, R]{s.leftCodec.rows, s.rightCodec.rows}, SortOptions{Resources: r})}
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
	if err := s.rest.finish(); err != nil {
		return err
	}
	var key K
	var trace keyTrace
	err = s.rest.each(func(r *joinRow[R]) (bool, error) {
		key = j.rightKey(r.row)
		trace.add(j.keys.hasher.Hash(&key, 0))
		return true, s.cutRight(r, &key, j.null != nil && j.null(&key))
	})
	if err == nil {
		err = sameKeys("Join", s.rest.keys, trace, rightKeys)
	}
	if err != nil {
		return err
	}
	err = s.rest.close()
	s.rest = nil
	return err
}

func (s *joinSplit[L, R, K]) cutRight(r *joinRow[R], key *K, null bool) error {
	if null {
		return spillError("Join", s.top.right.Append(len(s.top.parts), r))
	}
	return s.top.addRight(r, s.j.keys.hasher.Hash(key, 0))
}

// cutLeft takes a row of the left side.
func (s *joinSplit[L, R, K]) cutLeft(row *joinRow[L], key *K, null bool) error {
	if !null {
		hash := s.j.keys.hasher.Hash(key, 0)
		if part := s.top.part(hash); s.top.parts[part].some {
			return s.top.addLeft(part, row, hash)
		}
	}
	if s.j.kind.loneLeft() { // nothing can match
		return s.put(uint64(row.at), &Joined[L, R]{Left: row.row, HasLeft: true})
	}
	return nil
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
	var trace keyTrace
	var r joinRow[R]
	for in := from.right.Read(part); ; {
		if ok, err := in.Next(&r); err != nil {
			return spillError("Join", err)
		} else if !ok {
			break
		}
		key = s.j.rightKey(r.row)
		hash := s.j.keys.hasher.Hash(&key, 0)
		trace.add(hash)
		if err := c.addRight(&r, hash); err != nil {
			return err
		}
	}
	if err := sameKeys("Join", from.parts[part].rightKeys, trace, rightKeys); err != nil {
		return err
	}
	if err := c.right.FinishAll(); err != nil {
		return spillError("Join", err)
	}
	if err := s.out.endRun(); err != nil {
		return err
	}
	var l joinRow[L]
	trace = 0
	for in := from.left.Read(part); ; {
		if ok, err := in.Next(&l); err != nil {
			return spillError("Join", err)
		} else if !ok {
			break
		}
		key = s.j.leftKey(l.row)
		hash := s.j.keys.hasher.Hash(&key, 0)
		trace.add(hash)
		to := c.part(hash)
		if c.parts[to].some {
			err = c.addLeft(to, &l, hash)
		} else if s.j.kind.loneLeft() {
			err = s.put(uint64(l.at), &Joined[L, R]{Left: l.row, HasLeft: true})
		}
		if err != nil || s.j.stopped {
			return err
		}
	}
	if err := sameKeys("Join", from.parts[part].leftKeys, trace, leftKeys); err != nil {
		return err
	}
	if err := c.left.FinishAll(); err != nil {
		return spillError("Join", err)
	}
	return s.joinParts(c, depth+1)
}
