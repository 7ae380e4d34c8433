// Package merge merges sorted inputs into one: 1 to many thousands, of anything that can be compared.
//
// It answers: how are sorted runs, or sorted streams, read as one, at a cost per element that is a few comparisons and
// not a switch of goroutines?
//
//	t := merge.New(merge.Order[Row]{Compare: byTime}, cursors)
//	for {
//		row, err := t.Next()
//		if err != nil || row == nil {
//			return err
//		}
//		... use *row before the next Next ...
//	}
//
// # The words
//
// An input is what a [Cursor] reads, one chunk after the other. The head of an input is its first element that has
// not been handed out. The winner is the input whose head is least, of equal ones the first.
//
// # Guarantees
//
//  1. Elements come out in order; equal ones in order of their inputs, and of one input in its order.
//
//  2. Nothing is read before the first Next. That reads the first chunk of each input, in their order; from then on a
//     chunk is read when the element before it has been handed out and the next one is asked for.
//
//  3. An error of an input comes out exactly there: after the last element before it, before anything else. It stays.
//
//  4. Where Order.Watch is set, an input that descends ends there with the error that Order.Descent makes, as if the
//     input had failed. Where it is not, such an input gives the elements of a merge in an order that means nothing.
//
// Compare, Prefix and Watch are asked for a block of elements at a time, before the first of them is handed out.
//
// # Cost
//
// One comparison per level of the tree: log2 of the number of inputs, rounded up; or, where Order.Guess finds what
// elements can be sorted by, some instructions per level and one comparison that can be foretold. 90 bytes of memory per
// input (on 64-bit machines) and what its cursor holds; 3 KiB for each tree, and for each group of 64 inputs another
// tree and 256 elements. A tree is not safe for concurrent use.
//
// The invariants (see Tree) are checked on the way under the build tag invariants.
package merge
