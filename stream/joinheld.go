package stream

import (
	"github.com/millrace-go/millrace/internal/spill"
)

// joinRest is a join whose right side nearly fits: its first rows are in memory, and the few others on disk. Left rows
// are held a block at a time, and for each block the rest is read once.
//
//	right   [ in memory, indexed          ][ rest, on disk ]
//	                                              |
//	                                              v read past the index of the block
//	left    ... [ block, indexed ] ...  --> (left row 7, right row 812) (left row 9, ...), sorted by left row
//	              |
//	              v looked up in what is in memory, as in a broadcast
//	        left row 7 with its right rows in memory, then with those of the rest
//
// So the rows come out in order by themselves, no left row goes to disk, and the left side need not end. What it costs
// beside a broadcast is to read the rest for every block, so that it is for a rest not much larger than a block: see
// restLimit.
type joinRest[L, R any, K comparable] struct {
	s     *joinSplit[L, R, K]
	rows  *spill.Store[joinRow[R]] // one part
	count int64                    // of its rows
	bytes int64                    // of them, encoded
	keys  keyTrace                 // of its rows
	first int64                    // position of the first row
	seen  bitset                   // rows that matched; only where lone right rows are yielded

	block  *build[L, K]
	blocks int                 // that were put out, or are being so
	past   *joinStage[R, L, K] // the rest, on its way past the block
	stage  *joinStage[L, R, K] // the block, on its way past what is in memory
}

// restLimit is how many bytes the rest may take, encoded, for a bound. A block takes a quarter of it: up to three times
// as many bytes are read of the rest as left rows are taken in, and that is cheaper than to write the left rows to
// partitions, to read them, and to do the same with the pairs.
func restLimit(bound int64) int64 { return bound / 4 * 3 }

// newRest begins with the rows after those in memory.
func (s *joinSplit[L, R, K]) newRest(first int64) (*joinRest[L, R, K], error) {
	r := &joinRest[L, R, K]{s: s, first: first}
	codec := joinRowCodec[R]{s.rightCodec.rows, &r.count, &r.bytes}
	var err error
	if r.rows, err = spill.NewStore(s.dir, spill.Rows[joinRow[R]](codec), s.blockSize); err != nil {
		return nil, spillError("Join", err)
	}
	r.rows.AddPart()
	return r, nil
}

// add takes a row; full says that the rest has become too large.
func (r *joinRest[L, R, K]) add(row *joinRow[R], key *K) (full bool, err error) {
	j := r.s.j
	r.keys.add(j.keys.hasher.Hash(key, 0))
	err = spillError("Join", r.rows.Append(0, row))
	j.stats.SpilledRight, j.stats.SpilledRightBytes = r.count, r.bytes
	return r.bytes > restLimit(j.limit), err
}

// each calls f with the rows of the rest in order, until it says no.
func (r *joinRest[L, R, K]) each(f func(row *joinRow[R]) (bool, error)) error {
	var row joinRow[R]
	for in := r.rows.Read(0); ; {
		if ok, err := in.Next(&row); err != nil || !ok {
			return spillError("Join", err)
		}
		if more, err := f(&row); err != nil || !more {
			return err
		}
	}
}

// finish ends the rest.
func (r *joinRest[L, R, K]) finish() error { return spillError("Join", r.rows.FinishAll()) }

// close removes the file.
func (r *joinRest[L, R, K]) close() error { return spillError("Join", r.rows.Close()) }

// restRows is how many rows of the rest may be read for each left row: what reading so many and looking them up costs is
// what a left row costs in partitions. Rows of the rest can be far smaller than left ones, so their bytes do not say it.
const restRows = 4

// begin ends the right side, and makes room for a block.
func (r *joinRest[L, R, K]) begin() error {
	j := r.s.j
	if err := r.finish(); err != nil {
		return err
	}
	lone := loneNever
	if j.kind.loneRight() {
		r.seen = newBitset(r.count)
	}
	if !j.kind.pairs() {
		lone = loneInOrder
	}
	r.s.book(r.s.booked / 2) // one file is left, and a reader of it
	r.block = newBuild[L](j.keys, lone, max(j.limit/4, 1), true, j.account)
	r.block.floor = joinFloor
	r.past = newJoinStage[R, L, K](joinChunk, joinChunk, j.stageRoom())
	r.stage = newJoinStage[L, R, K](joinChunk, joinChunk, j.stageRoom())
	return nil
}

// hold takes a left row. Where there is no room, it yields what comes of those before; but if the first block turns out
// to be so small that the rest is not worth reading for it, it does nothing, and says so.
func (r *joinRest[L, R, K]) hold(row *L, key *K, null bool) (worth bool, err error) {
	held, err := r.s.j.heldByLeft(row)
	if err != nil {
		return false, err
	}
	if r.block.add(row, 0, key, null, held) {
		return true, nil
	}
	if r.blocks == 0 && r.count > restRows*int64(r.block.rows) {
		return false, nil
	}
	if err := r.emitBlock(); err != nil || r.s.j.stopped {
		return true, err
	}
	r.block.take(row, 0, key, null, held) // it is in memory anyhow
	return true, nil
}

// end yields what comes of the last left rows, and if the left side has ended well, the lone right ones.
func (r *joinRest[L, R, K]) end(well bool) error {
	if err := r.emitBlock(); err != nil || r.s.j.stopped || !well {
		return err
	}
	return r.loneRights()
}

// emitBlock yields what comes of the left rows in memory, and lets go of them.
func (r *joinRest[L, R, K]) emitBlock() error {
	if r.block.rows == 0 {
		return nil
	}
	j := r.s.j
	if r.blocks == 0 {
		j.built.seal()
	}
	r.blocks++
	j.stats.LeftBlocks = r.blocks
	r.block.seal()
	resources := j.opts.Resources
	resources.Memory, resources.Workers = max(j.limit/8, joinFloor), 0
	var written, bytes int64 // not rows of the right side
	order := sortOrder[joinRow[R]]{number: func(v *joinRow[R]) uint64 { return uint64(v.at) }}
	found := newSortRuns("Join", order, joinRowCodec[R]{r.s.rightCodec.rows, &written, &bytes}, SortOptions{Resources: resources})
	defer found.close()
	if err := r.findRest(found); err != nil {
		return err
	}
	next, err := found.merged()
	if err != nil {
		return err
	}
	if err := r.emitRows(next); err != nil || j.stopped {
		return err
	}
	r.stage.forget(0)
	r.block.reset()
	return found.close()
}

// findRest reads the rest past the block: each pair of rows goes to found as the right row at the left one's position in
// the block. Where no pairs are yielded, the left rows are marked instead.
func (r *joinRest[L, R, K]) findRest(found *sortRuns[joinRow[R]]) error {
	j, past := r.s.j, r.past
	var trace keyTrace
	match := func() error {
		n, hits := past.lookUp(r.block)
		for _, h := range past.hashes[:n] {
			trace.add(h)
		}
		for _, i := range hits {
			if r.seen != nil {
				r.seen.set(past.at[i] - r.first)
			}
			left := past.first[i]
			if !j.kind.pairs() {
				for ; left >= 0 && !r.block.seen[left]; left = r.block.row(left).next {
					r.block.seen[left] = true
				}
				continue
			}
			for ; left >= 0; left = r.block.row(left).next {
				if err := found.add(joinRow[R]{int64(left), past.rows[i].Left}); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err := r.each(func(row *joinRow[R]) (bool, error) {
		i := past.n
		past.rows[i].Left, past.at[i], past.keys[i] = row.row, row.at, j.rightKey(row.row)
		held, err := j.heldByRight(&row.row)
		if err != nil {
			return false, err
		}
		past.held += held
		if past.n++; past.full() {
			return true, match()
		}
		return true, nil
	})
	if err == nil {
		err = match()
	}
	if err == nil {
		err = sameKeys("Join", r.keys, trace, rightKeys)
	}
	past.forget(0)
	return err
}

// emitRows yields the rows of the block with their partners: those in memory, and then those of the rest.
func (r *joinRest[L, R, K]) emitRows(next func() (*joinRow[R], error)) error {
	j, stage, resident := r.s.j, r.stage, r.s.j.built
	rest, err := next()
	if err != nil {
		return err
	}
	for from := 0; from < r.block.rows; {
		for ; stage.n < stage.size && from+stage.n < r.block.rows; stage.n++ {
			e := r.block.row(int32(from + stage.n))
			stage.rows[stage.n].Left, stage.keys[stage.n] = e.row, e.key
		}
		n, _ := stage.lookUp(resident)
		for i := range n {
			at := from + i
			first, out := stage.first[i], &stage.rows[i]
			found := first >= 0
			if !j.kind.pairs() {
				found = found || r.block.seen[at]
			} else if found && !j.pairs(resident, out, first, stage.next[i]) {
				return nil
			}
			for rest != nil && rest.at == int64(at) {
				found = true // and not put beside the staged row, where it would stay for a while
				if !j.emit(&Joined[L, R]{Left: out.Left, Right: rest.row, HasLeft: true, HasRight: true}) {
					return nil
				}
				if rest, err = next(); err != nil {
					return err
				}
			}
			if found && j.kind == Semi || !found && j.kind.loneLeft() {
				if !j.emit(&Joined[L, R]{Left: out.Left, HasLeft: true}) {
					return nil
				}
			}
		}
		from += n
	}
	return nil
}

// loneRights yields the right rows that have not matched, in their order: those with null keys among them.
func (r *joinRest[L, R, K]) loneRights() error {
	j := r.s.j
	if r.blocks == 0 {
		j.built.seal() // there is no left row
	}
	if !j.kind.loneRight() || !j.loneRights() {
		return nil
	}
	return r.each(func(row *joinRow[R]) (bool, error) {
		return r.seen.has(row.at-r.first) || j.emit(&Joined[L, R]{Right: row.row, HasRight: true}), nil
	})
}

// bitset is a set of numbers from 0 to its size.
type bitset []uint64

func newBitset(n int64) bitset    { return make(bitset, n/64+1) }
func (b bitset) set(i int64)      { b[i/64] |= 1 << (i % 64) }
func (b bitset) has(i int64) bool { return b[i/64]&(1<<(i%64)) != 0 }
