package stream

// Fold accumulates values of T into A: the one accumulator behind aggregation, windows, sessions, spilling
// and sharding (Beam calls it a CombineFn). Package fold has the ready ones.
//
// Engines add a key's values in input order under one owner, so that even float sums do not depend on
// workers or memory. They use Merge to split one key's work only where Exact holds, or where the caller
// accepts a stated bound.
//
// Blind is a promise about Add: whoever gives a ready fold another Add gives it another Blind with it. The laws of
// package streamtest check it.
type Fold[T, A any] struct {
	New   func() A          // the empty accumulator; nil: the zero value of A
	Add   func(acc *A, v T) // adds one value; required
	Merge func(dst, src *A) // appends src's values after dst's; nil: only whole, in-order accumulation
	Exact bool              // Merge(fold(a), fold(b)) equals fold(a followed by b), bit for bit
	Blind bool              // Add does not look at v, as a count does not: engines may drop v and pass the zero value
	Size  func(acc *A) int  // live bytes beyond the static size of A; nil: none
}

// Init returns the empty accumulator: New(), or the zero value where New is nil.
func (f Fold[T, A]) Init() A {
	if f.New != nil {
		return f.New()
	}
	var zero A
	return zero
}
