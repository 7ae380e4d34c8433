// Package session answers: which events of one user belong to one visit, when nothing in the data says so?
// A session is a longest run of events of one key in which no neighbours are more than a gap apart.
//
//	events := ...                                     // a stream.Seq[Event], in any order
//	sessions := session.ByGap(events, 30*time.Minute, Event.User, Event.At)
//	for s, err := range sessions {
//		if err != nil {
//			return err
//		}
//		fmt.Println(s.Key, s.Start, s.Length(), s.Events)
//	}
//
// ByGap is what most programs need. Intervals is the same with Options: null keys and times, the other
// boundary, ordered input, a memory bound, counts. Run gives the events of each session to a stream.Fold, in
// order of time: revenue, pages seen, first and last page.
//
// # Words
//
// The event time says when something happened, as opposed to when it was written down or read here; only
// event time counts in this package, and the clock is never read. Two events of one key are neighbours if no
// event of that key lies between them. The gap is the distance two neighbours may have. Start and End are the
// times of the first and the last event, both inclusive: the gap is not added to the end, as engines with
// half-open windows do (their window end is End plus the gap). Event times are exact to the nanosecond, from the
// year 1677 to 2262, and come out in UTC; a time outside that range is rejected.
//
// # The boundary
//
// What if two neighbours are exactly the gap apart? Engines disagree, and with times cut to minutes it
// happens in every file: on 578,805 real reviews the two answers are 527,931 and 527,946 sessions.
//
//	distance == gap stays together    Flink, Spark, Kafka Streams, and this package by default
//	distance == gap splits            Beam (Java), Feldera, and this package with Options.AtLeast
//
// # What is guaranteed
//
//  1. Order of the input changes nothing: any permutation of the events gives the same sessions, with the same
//     IDs, in the same sequence. (Run gives a fold events of equal time in the order of the input; that much
//     of the order a fold can see. Keys that are equal and yet can be told apart, such as -0 and 0, or one
//     instant in two zones, come out as first seen; with Ordered, as first seen in their session.)
//  2. Order of the output: by End, then Start, then the stable 128-bit hash of the key.
//  3. Separation: two sessions of one key are farther apart than the gap; with AtLeast, at least as far.
//  4. Conservation: every event is in exactly one session or rejected with a reason. The engines count, and
//     panic rather than end a stream that lost some.
//  5. Keys are independent: adding events of one key changes no session of another, but for Reason, which
//     looks at the time of the whole input.
//  6. The ID of a session is a function of its key, its first event's time and Options.Salt: the same on a
//     re-run, on another machine, in a later release.
//  7. The engines agree: with Options.Ordered or without, from Run or from Intervals, the sessions are the
//     same and come in the same sequence.
//  8. A memory bound changes no result: the stream is the same, or it ends with *stream.LimitError.
//
// Keys follow the rules of the module: comparable, without pointers or channels (which is refused before the
// first event); NaN is one key; time.Time is a key by its instant. A key has no null of its own, so
// Options.NullKey says which events have none. Such events, and those without a time, or with one out of range, belong
// to no session: they are counted, and go to Options.Rejects.
//
// # Provisional sessions
//
// The input ends somewhere, and the visits at its end may go on in the next. Reason tells: ReasonGap where the
// latest event of the input is farther from End than the gap, ReasonEnd where it is not.
//
// # Cost
//
//	engine                 time                holds                                 100 M rows of 32 bytes,
//	                                                                                 13 M sessions, 3 M keys
//	ByGap, Intervals       O(rows * log rows)  95 to 130 bytes per session, keys     1.5 GB
//	                                           of 8 bytes included
//	Run                    O(rows * log rows)  32 bytes per row and the row itself   7.5 GB
//	either, with Ordered   O(rows)             open sessions only                    the users of half an hour
//
// These are the least Resources.Memory that sufficed for a million events, scaled up. All keep the events of one key
// with all others, so a bot that owns 90 % of the rows makes nothing quadratic and needs no salt: it costs
// ByGap what its sessions cost, however many events they have. Nothing is spilled to disk.
//
// Without Ordered nothing is yielded until the source has ended, and the source is read to its end even if
// one session is wanted. Everything runs on the consumer's goroutine, which starts no other. A sequence can
// run again if its source can, and two runs may overlap unless they share a Stats, a Sink or a fold with a
// memory.
//
// # When not to use it
//
// A stream without end needs Ordered, for otherwise no session is ever final. Sessions that the tracker has
// numbered already are a grouping by that number: use stream.Aggregate. Windows of fixed length are no
// sessions.
package session
