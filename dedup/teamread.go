package dedup

// How rows are read: where most stay, straight to their places; where most are let go of, into a buffer that stays in the
// cache, from which their owners copy those that they hold. The places are the same.

// recently is what became of the rows that were read last.
type recently struct {
	rows  int   // read since it was decided
	gone  int64 // places that were gone when it was decided, negative where rows moved since
	apart bool  // the decision
}

// decideEvery so many rows it is decided anew: by then most of those before have been settled.
const decideEvery = 16 * chunkRows

// readsApart decides for a chunk.
func (t *teamCore) readsApart(c *chunk) bool {
	if t.turns {
		return c.first>>t.marks.shift&1 == 1
	}
	r := &t.recent
	if r.rows += c.room; r.rows >= decideEvery {
		n := t.gone.Load()
		r.apart = n-r.gone > int64(r.rows/2)
		r.rows, r.gone = 0, n
	}
	return r.apart
}
