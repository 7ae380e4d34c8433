package dedup

// bestKeys is keysOf the elements that engines work with under KeepMerge: the keys of their best rows.
type bestKeys[T any] struct {
	rows keysOf[T]
}

func (k bestKeys[T]) batched(n int, held bool) batchKeys[gathered[T]] {
	return bestBatch[T]{k.rows.batched(n, held)}
}

func (k bestKeys[T]) shared(shift uint, chunks int, held bool) teamKeys[gathered[T]] {
	return bestChunks[T]{k.rows.shared(shift, chunks, held)}
}

// bestBatch is batchKeys of elements.
type bestBatch[T any] struct {
	batchKeys[T]
}

func (b bestBatch[T]) stage(i int, g *gathered[T]) error { return b.batchKeys.stage(i, &g.Best) }

func (b bestBatch[T]) same(i, number int, g *gathered[T]) bool {
	return b.batchKeys.same(i, number, best(g))
}

func (b bestBatch[T]) hashOf(number int, g *gathered[T]) uint64 {
	return b.batchKeys.hashOf(number, best(g))
}

func (b bestBatch[T]) keyAt(number int, g *gathered[T]) any {
	return b.batchKeys.keyAt(number, best(g))
}

// bestChunks is teamKeys of elements.
type bestChunks[T any] struct {
	teamKeys[T]
}

func (b bestChunks[T]) stage(c *chunk, i int, g *gathered[T]) error {
	return b.teamKeys.stage(c, i, &g.Best)
}

func (b bestChunks[T]) same(c *chunk, i, place int, held *gathered[T]) bool {
	return b.teamKeys.same(c, i, place, best(held))
}

func (b bestChunks[T]) keyAt(c *chunk, place int, held *gathered[T]) any {
	return b.teamKeys.keyAt(c, place, best(held))
}

// best is the best row of an element; nil where there is none.
func best[T any](g *gathered[T]) *T {
	if g == nil {
		return nil
	}
	return &g.Best
}
