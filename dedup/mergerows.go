package dedup

import "github.com/millrace-go/millrace/stream"

// mergeEngine is the hash engine under KeepMerge. It comes with the reducers: what has none is not to compile the engine twice.
type mergeEngine[T any] func(s stream.Seq[T], p *plan[T], keys keysOf[T]) stream.Seq[T]

func newMergeEngine[T any]() mergeEngine[T] {
	return func(s stream.Seq[T], p *plan[T], keys keysOf[T]) stream.Seq[T] {
		return mergedRows(p, hashedRows(elements(s), lift(p), keysOf[gathered[T]](bestKeys[T]{keys})))
	}
}

// elements makes of each row what an engine works with under KeepMerge: elements of gathered, with a plan for these. So
// an engine knows nothing of merging but that a meeting may change what is held.
func elements[T any](s stream.Seq[T]) stream.Seq[gathered[T]] {
	return func(yield func(gathered[T], error) bool) {
		for row, err := range s {
			if !yield(gathered[T]{Best: row}, err) {
				return
			}
		}
	}
}

// mergedRows makes rows of the elements that survived.
func mergedRows[T any](p *plan[T], elements stream.Seq[gathered[T]]) stream.Seq[T] {
	return func(yield func(T, error) bool) {
		held := new(gathered[T]) // its address costs no allocation per row
		for g, err := range elements {
			if err == nil {
				*held = g
				p.merge.finish(held)
				g.Best = held.Best
			}
			if !yield(g.Best, err) {
				return
			}
		}
	}
}

// lift makes the plan for elements of a plan for rows: whatever of the caller's looks at a row sees Best.
func lift[T any](p *plan[T]) *plan[gathered[T]] {
	up := &plan[gathered[T]]{
		fn: p.fn, names: p.names, tie: p.tie, keep: p.keep, order: p.order, nullKeys: p.nullKeys, stats: p.stats, res: p.res,
		eager: p.eager, holdRows: p.holdRows, holdKeys: p.holdKeys, positions: p.positions, join: p.merge.join,
		tuned: p.tuned,
	}
	for _, c := range p.by {
		up.by = append(up.by, Comparator[gathered[T]]{
			name: c.name, compare: func(a, b *gathered[T]) int { return c.compare(&a.Best, &b.Best) },
		})
	}
	if p.codec != nil {
		codec := gatheredCodec[T]{rows: p.codec}
		up.codec, up.sizeOf, up.holdKeys, up.firsts = codec, codec.Held, true, p.firsts
		if p.checkHeld != nil {
			up.checkHeld = func(g *gathered[T], position int64) error { return p.checkHeld(&g.Best, position) }
		}
	}
	if p.nullKey != nil {
		up.nullKey = func(g gathered[T]) bool { return p.nullKey(g.Best) }
	}
	if p.same != nil {
		up.same = func(a, b gathered[T]) bool { return p.same(a.Best, b.Best) }
	}
	if p.rejected != nil {
		up.rejected = func(r Reject[gathered[T]]) error {
			return p.rejected(Reject[T]{Row: r.Row.Best, Position: r.Position})
		}
	}
	if p.losers != nil {
		up.losers = func(l Loser[gathered[T]]) error {
			return p.losers(Loser[T]{
				Row: l.Row.Best, Winner: l.Winner.Best, Position: l.Position, WinnerPosition: l.WinnerPosition,
				DecidedBy: l.DecidedBy, Identical: l.Identical,
			})
		}
	}
	up.planBatch()
	up.planWorkers()
	return up
}
