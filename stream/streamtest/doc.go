// Package streamtest tests operators, sources and sinks of streams: yours, and the ones of this module.
//
// # The question it answers
//
// A transform over a [stream.Seq] is a dozen lines, and gets the elements right at once. What it gets wrong shows
// later, in a job of three hours: the error at row 40 million that ended the loop and looked like the end of the
// file; the goroutine that is left behind whenever a consumer has seen enough; the second run that yields nothing,
// silently. A test that compares output with expected output sees none of this. Check does:
//
//	func TestSpikes(t *testing.T) {
//		streamtest.Check(t, func(s stream.Seq[Reading]) stream.Seq[Reading] { return Spikes(s, 3) })
//	}
//
// It runs the operator some 250 times, which takes milliseconds: over all inputs; with a break at every
// output; with an error, a panic and a Goexit at every input; with a panic in the loop body; a second time; over a
// source that can run only once; in turns with itself. After each run it looks for what was left behind. Of an
// operator that is said to stream (CheckOptions.Streaming), it also watches how many inputs were read when each
// output came. Every rule
// of the contract (E1 to E11 in package stream) that is broken is reported with the first position where it was
// seen. For this operator,
//
//	func Spikes(s stream.Seq[Reading], limit float64) stream.Seq[Reading] {
//		return func(yield func(Reading, error) bool) {
//			for r, err := range s {
//				if err == nil && r.Value > limit {
//					yield(r, nil)
//				}
//			}
//		}
//	}
//
// the report is
//
//	streamtest: the operator breaks the contract of stream:
//	  - E4 stop: break at output 0 of 2: 1 pair yielded after the loop ended (and in 1 more place)
//	  - E1 error forwarded: error at input 0 of 4: want an error that wraps the injected one, but it ended without an error after 0 values (and in 4 more places)
//	  - E6 second run: second run over a single-use source: want stream.ErrConsumed, but it ended without an error after 0 values
//
// What the elements should be is the other half of a test. Equal says it in a line, and where it fails shows what
// is missing (-), what is unexpected (+), and which fields of a replaced element differ:
//
//	streamtest.Equal(t, Spikes(readings, 3), Reading{"attic", 3.5}, Reading{"cellar", 4})
//
//	streamtest: the stream differs: want 2 elements (-), got 2 elements (+):
//	  0: {Sensor:"attic" Value:3.5}
//	- 1: {Sensor:"cellar" Value:4}
//	+ 1: {Sensor:"cellar" Value:40}
//	     .Value: want 4, got 40
//
// # The words
//
// A run is one call of a sequence by one loop. A script ([Script]) is a source that does as it is told, and counts
// what was done to it. A position is an input or an output, counted from 0. A step is a kind of thing the kit does
// to an operator, at a position. A violation is a rule that a step found broken.
//
// # What is in it
//
//   - [Check], [CheckSource], [CheckSink]: the contract, for any operator, source or sink. The forms with With take
//     [CheckOptions]; [Violations] and its siblings return errors instead of failing a test.
//   - [Model]: an operator against a naive twin, on random inputs of awkward lengths; the failing input is shrunk.
//   - [Laws]: what engines take for granted of a [stream.Fold]: merging in any tree, spilling, resuming.
//   - [CheckFaults]: an operator that spills, over a temp directory in which everything fails once.
//   - [CheckBorrow], [CheckOwned], [Borrowed]: batches that are valid only until the next, and batches that are not.
//   - [Script]: a source for hand-made cases: an error after two elements, a panic, a single use.
//   - [Equal], [Unordered], [Want], [WantError]: what a stream yields. [Diff] and [Format] are their parts.
//   - [Allocs]: how often an operator allocates per element.
//   - [Random]: seeded values of any type.
//   - [Events], [WriteNDJSON]: a seeded event stream with duplicates, late and broken lines, and exact counts of
//     them: what the examples of this module run on.
//
// # Guarantees
//
//  1. A violation is real: an operator that keeps the contract passes, whether it streams, buffers everything,
//     stops by itself or works on goroutines of its own. CheckOptions widens what is allowed, one thing each.
//  2. The same operator gives the same report. Random inputs come from a seed, no clock is read to choose them.
//  3. Other tests may run at the same time: only goroutines that descend from the operator's runs count.
//  4. The kit leaves nothing behind, unless the operator hangs or leaks.
//  5. It imports the standard library and this module only: package stream; internal/spill, whose files CheckFaults
//     lets fail, with the compressor that it uses; internal/rowcodec, through which Laws sends accumulators. It does
//     not import package testing: any framework with Helper and Errorf will do, and programs can use the generator.
//
// # What it cannot see
//
// That an element is lost in every run alike: say what you want with Equal or Model. That an operator hands out
// memory it writes again later: Check meets it by chance, CheckOwned looks for it. That a goroutine is told to end
// but not waited for, if it ends within microseconds. A panic on a goroutine that does not recover it takes the
// process down, as it would in production; the message says that it was injected.
//
// # Cost
//
// A check of 24 inputs is about 250 runs: some milliseconds for a cheap operator. With more inputs, 64 positions of
// each kind are tried, so that time grows with the input's length, not its square. Operators that sleep or write
// files cost their own time in each run; give them few inputs. A model check makes some 400 runs, a third of them
// over more than 200 elements; a check of faults some 150, each in a directory of its own; shrinking stops after
// 3,000 runs.
package streamtest
