// Package fold has the ready folds: what an aggregation, a window or a session does with the values of one key.
//
// It answers: which number do I want per group, and can I have several in one reading of the data? A fold is a
// value, so it is named once and used wherever values are gathered:
//
//	perUser := fold.Pair(fold.Count[Order](), fold.Sum(Order.Cents))
//	totals := stream.Aggregate(orders, Order.User, perUser, stream.AggregateOptions{})
//	for t, err := range totals {
//		if err != nil {
//			return err
//		}
//		fmt.Println(t.Key, t.Value.First, t.Value.Second)
//	}
//
// # The folds
//
//   - Count: how many.
//   - Sum, Mean: of a number that each value has.
//   - Min, Max: of anything ordered that each value has.
//   - First, Last: in input order.
//   - Collect: all of them. Top: the n greatest.
//   - Pair: two folds in one pass, nested for more.
//   - On: a fold of one field. Where: a fold of some of the values.
//
// There is no fold for what needs many values per key at once and is better asked of a sketch: distinct
// values, quantiles, heavy hitters. A fold of your own is a [stream.Fold] literal with an Add.
//
// # Guarantees
//
//  1. A fold holds no state: all of it is in the accumulator. One fold serves any number of groups, also at
//     once.
//  2. Merge(fold(a), fold(b)) equals fold(a followed by b), bit for bit, where Exact is true: for all folds here
//     but Mean and the Sum of floats, whose last bits depend on where the values were split.
//  3. Blind is true for Count, and for a Pair of such: an engine then need not keep a value whose key it knows.
//  4. Merge leaves src as it was, and dst shares nothing with it that a later Add to either would change.
//  5. The empty accumulator can be told from any other where that matters: Min, Max, First and Last of nothing
//     are Missing, the value of a Mean of nothing is NaN, Collect and Top of nothing are nil.
//  6. Size is set where an accumulator holds more than its static size, so that memory bounds see it. It
//     counts arrays and the strings that Min and Max keep, not what the values of First, Last, Collect and Top
//     point to.
//
// Constructors panic, naming themselves, for a nil function or a Top of nothing.
//
// # Cost
//
// Count, Sum, Mean, Min, Max, First and Last take a fixed few bytes per group and allocate nothing; Top takes n
// values, Collect all of them. A fold does what Add does, once per value, in input order, on the engine's
// goroutine.
//
// # When not to use it
//
// For one total over a stream, stream.Reduce takes the same folds; for a running total per element,
// stream.Scan.
package fold
