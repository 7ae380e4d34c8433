// Package stream is one stream type, and the operators that stand on it.
//
// It answers: how does a Go service turn an iterator over events, which can fail, be endless, or be larger
// than memory, into counts, groups and files, with nothing lost and the same result on every run? A pipeline
// is a chain of plain function calls that does nothing until somebody ranges over it:
//
//	lines := stream.Lines(file, stream.LinesOptions{Name: "events.log"})
//	clicks := stream.TryMap(lines, parseClick)
//	recent := stream.Filter(stream.WithContext(ctx, clicks), Click.IsHuman)
//	counts := stream.CountBy(recent, Click.Page)
//	for c, err := range counts {
//		if err != nil {
//			return err
//		}
//		fmt.Println(c.Key, c.Value)
//	}
//
// # The words
//
// A source makes elements (Of, From, Lines, Chan), an operator takes a Seq and returns one (Map, Filter,
// Aggregate), a sink takes a Seq and returns a result (Collect, Reduce, ForEach). A [Fold] is what an
// aggregation does with the values of one key. A [Sink] is where an operator puts what it sets aside. A batch
// is a slice the caller sees; a chunk is a run of adjacent elements with the same key.
//
// To spill is to put rows on disk, because the live state would pass Resources.Memory; what was spilled comes back
// within the same run, and the files are gone when it ends. A run of a sort is a sorted piece of the input. A radix
// partition is the rows whose hashes begin with the same bits. Of a join, the build side is the one that is kept, the
// probe side the one that streams past it.
//
// A window is a half-open span of event time, [start, end); the watermark is the time before which no event is
// expected any more; an event is late for a window that has closed.
//
// A checkpoint is the position of a job in its source, the snapshots of its states and the lengths of its outputs,
// all of one moment, in one file: a killed job continues from it, and its output is the same, byte for byte.
//
// # What there is
//
//   - Sources: Of, From, Chan, Lines, Fail, Concat, WithContext; Pages (a paged API), Retry (a source that can be opened again).
//   - Per element: Map, TryMap, FlatMap, Tap, Filter, Take, Skip, TakeWhile, SkipWhile, Scan, Enumerate, Zip.
//   - Adjacent elements: Batch, BatchWithin, ChunkBy; Lag, Lead, RowNumber, Running over input that comes grouped.
//   - By key: CountBy, Aggregate, GroupBy; ScanBy (a state machine per key); SplitByKey (a stream per key's share).
//   - In order: Sort, SortFunc, Merge, MergeFunc, TopK.
//   - Two streams: Join, MergeJoin, MergeJoinFunc, AsOfJoin.
//   - Event time: Window, Trailing and ScanBy, and the states behind them, Windows, Trails and Scans, which are fed by
//     hand and go on from a snapshot in another process.
//   - Goroutines: ParallelMap, Prefetch, Broadcast, SplitByKey, Interleave. They all have ended when the for, or the
//     call, ends.
//   - Wall time: BatchWithin, RateLimit, Retry, Pages: the same elements in the same order; when, and where batches
//     are cut, depends on the clock. Interleave: the same elements; their order depends on it.
//   - Looking on: Meter counts rows, errors and time at a boundary between stages; NewMeters(...).Stats() names the
//     bottleneck.
//   - Resuming: OpenCheckpoint, Resume, StateOf; SkipExactly. What an operator holds inside a Seq is in no checkpoint.
//   - Sinks: Collect, ForEach, Reduce, Count, First, Drain, Try; Pull turns a stream round.
//
// # Errors are part of the stream
//
// A [Seq] yields pairs. While err is nil the value is an element; the first pair with an error is the last
// pair, and its value is zero. There are two kinds of trouble, and they travel differently: a bad record is
// data and goes to a Sink, the stream goes on; a failed source, a full disk or a wrong option is an error and
// ends the stream. The class sentinels (ErrMissing, ErrTransient, ErrCorrupt and so on) say with errors.Is
// what to do about it.
//
// # The contract
//
// Every operator of this module keeps these, and package streamtest checks them on yours:
//
//   - E1 After an error nothing is yielded. An error that comes in goes out: errors.Is still holds.
//   - E2 The value beside an error is the zero value.
//   - E3 A bad record goes to a Sink. Only where the caller gave none is the first bad record the error.
//   - E4 When the consumer breaks, the clean-up of all sources has run and every goroutine and temp file of the
//     pipeline is gone before the for ends.
//   - E5 A failed close becomes the error if nothing failed before. What publishes bytes is a sink that
//     returns an error, never a Seq.
//   - E6 A Seq can be run again if its source can; operators keep nothing between runs. A single-use source
//     (Lines, Chan) yields ErrConsumed the second time, never silently nothing.
//     Operators that read twice take open func() Seq and end with ErrSourceChanged where the second reading differs.
//   - E7 A panic in your function comes out on the consumer's goroutine.
//   - E8 A context appears only where something other than the source is waited for. Cancel a pipeline with
//     WithContext at its source; it ends with context.Cause.
//   - E9 Same input, same options: same output, byte for byte, whatever the workers, memory or map order.
//   - E10 Nothing is read before the first element is asked for, and nothing ahead unless the operator says so.
//   - E11 A wrong option is an *OptionError, yielded first, before the source is touched. A nil function
//     panics and names itself.
//
// # Order, memory, concurrency
//
// Unless its comment says otherwise, an operator keeps the order of its input, holds one element, allocates
// nothing per element, runs on the consumer's goroutine, starts none, and ends when its input ends. A Seq may
// be run from several goroutines at once only if its source may; a Cursor, an Account and a Fold's
// accumulator belong to one goroutine. The stateful operators say what they hold: Batch one batch, ChunkBy one
// chunk, Aggregate one accumulator per distinct key, Sort all elements, Join one side, Window an accumulator per open
// window and key, Trailing the events of the last span, ScanBy a state per key, Lag and Lead n elements.
//
// Where their options have [Resources], that bounds them: what it counts of rows, states and accumulators is said there.
// Aggregate, GroupBy, Sort and Join then go to disk, and the bytes that come out are the same as without a bound; the
// others end with a *LimitError.
//
// Counts and positions are int: on a 32-bit platform a stream of more than 2,147,483,647 elements passes them.
//
// # When not to use it
//
// Where all the data is in a slice and nothing can fail, a for loop is shorter. Where rows are large (above
// some hundred bytes), copying them through by-value stages costs more than the work: stream pointers or
// batches. Where the job is a join of many tables with an optimiser's help, use a database.
package stream
