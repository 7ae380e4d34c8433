package stream

import "iter"

// Seq is a stream that can fail: the pair (v, nil) any number of times, then at most one pair
// (zero, err), which is always the last.
//
// It is an alias, so any func(yield func(T, error) bool) is a Seq and ranges with for v, err := range s.
// What every Seq of this module promises beyond the type (laziness, clean-up on break, what a second
// run does) is the contract E1 to E11 in the package documentation; package streamtest checks it on any
// operator, yours included.
type Seq[T any] = iter.Seq2[T, error]
