// Package sortkey maps ordered keys to 64-bit numbers in the same order, so that sorting and merging compare
// numbers, without a call, and radix sort where they like.
//
//	keys := sortkey.Of[string]()
//	keys.Prefix("banana") < keys.Prefix("cherry") // true
//
// # Guarantees
//
//  1. If a comes before b (cmp.Compare), then Prefix(a) <= Prefix(b); if they are equal, the numbers are.
//  2. Where Text is nil, equal numbers mean equal keys. It is for all types but strings, whose number is their
//     first eight bytes.
//  3. NaN comes before every other float and is equal to itself; -0 equals 0: as cmp.Compare has it.
//
// # Cost
//
// A few instructions. Under the build tag purego keys are read by reflection, at some ten nanoseconds.
package sortkey
