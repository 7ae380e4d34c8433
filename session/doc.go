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
// boundary, a gap of each event, what else splits, ordered or nearly ordered input, late events, a memory bound, counts.
// Run gives the events of each session to a stream.Fold, in order of time: revenue, pages seen, first and last page.
// State is Run for whoever feeds events by hand: file by file, from several sources, with a snapshot between two runs.
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
// # What else splits
//
// A session is a run of the events of a key in order of time. The next event begins another one for the first of these
// reasons that applies; it is Session.Reason of the one before:
//
//	ReasonGap        it is later than the latest of the run's events' times, each plus its gap (Options.GapOf)
//	ReasonMidnight   it is of another calendar day (Options.Midnight, a zone with all its changes of the clock)
//	ReasonAttribute  its attribute is another than that of the event before it (Options.SplitBy)
//	ReasonSplit      the predicate on the two says so (Options.SplitWhen)
//	ReasonLength     with it the session would be longer than Options.MaxLength
//	ReasonEvents     the session has Options.MaxEvents
//
// Events of one time are in the order of Options.Tie, then of the input. With a split, two sessions of a key may begin
// at one time; Session.Ordinal tells them apart, and enters the ID.
//
// # Watermarks and late events
//
// The watermark is the time before which no event is expected: Options.Disorder behind the latest event, where
// State.Advance puts it, or that of the slowest of several sources. A session is closed, and given out, when the watermark
// says that no event that is on time can still join it, or that the event that splits it from the next is in its place.
//
// An event from behind the watermark is late. It is taken where it joins a session that is open, or alone is one that is
// not closed yet; then it is in no way different from the others. Otherwise nothing that is final may change: it goes to
// Options.Late, or ends the stream with a *stream.LateError. With Options.Lateness a closed session stays open to change
// that much longer: it is taken back (Session.Retracted) and, once closed, given out anew with a higher Revision. With
// Options.EveryChange every session is given out at its first event, and anew with each that joins it. Applied in order,
// what such a stream gives out and takes back leaves the sessions.
//
// # What is guaranteed
//
//  1. Order of the input changes nothing: any permutation of the events gives the same sessions, with the same
//     IDs, in the same sequence. (Run gives a fold events of equal time in the order of the input; that much
//     of the order a fold can see. Keys that are equal and yet can be told apart, such as -0 and 0, or one
//     instant in two zones, come out as first seen; with Ordered, as first seen in their session.)
//  2. Order of the output: by End, then Start, then the stable 128-bit hash of the key. Where more than one gap
//     ends sessions, they come by the watermark that closes them first: the gap after End, or the time of the
//     event that splits. When watermarks come, and how many, does not show. What late events change comes at once.
//  3. Separation: two sessions of one key are farther apart than the gap (with AtLeast, at least as far) unless
//     the Reason of the first is a split, whatever comes late.
//  4. Conservation: every event is in exactly one session, late, or rejected with a reason. The engines count, and
//     panic rather than end a stream that lost some.
//  5. Keys are independent: adding events of one key changes no session of another, but for Reason, which
//     looks at the time of the whole input, and for what the watermark makes late.
//  6. The ID of a session is a function of its key, its first event's time, its Ordinal and Options.Salt: the same
//     on a re-run, on another machine, in a later release.
//  7. The engines agree: with Options.Ordered, with a Disorder that the input keeps, or without, from Run, Intervals
//     or a State, the sessions are the same and come in the same sequence. A State that is saved and restored
//     between any two events gives out what one run does, byte for byte.
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
//	State, Disorder, and   O(rows * log rows)  rows of sessions that are open or     as Run, of the rows that
//	any option that splits                     may change, and 32 bytes each         are not final
//
// The first three are the least Resources.Memory that sufficed for a million events, scaled up. Where the fold is Blind
// and nothing splits, the last holds the rows ahead of the watermark only. All keep the events of one key
// with all others, so a bot that owns 90 % of the rows makes nothing quadratic and needs no salt: it costs
// ByGap what its sessions cost, however many events they have. Nothing is spilled to disk.
//
// Without Ordered and Disorder nothing is yielded until the source has ended, and the source is read to its end even if
// one session is wanted. With Ordered no event is read before what is final has come out, unless there are workers.
// Everything runs on the consumer's goroutine, which starts no other but where Resources.Workers asks for them. A
// sequence can run again if its source can, and two runs may overlap unless they share a Stats, a Sink or a fold
// with a memory.
//
// # When not to use it
//
// A stream without end needs Ordered, Disorder or a State, for otherwise no session is ever final. Sessions that the tracker has
// numbered already are a grouping by that number: use stream.Aggregate. Windows of fixed length are no
// sessions.
package session
