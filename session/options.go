package session

import (
	"time"

	"github.com/millrace-go/millrace/stream"
)

// Options configures Intervals, Run, Tag and New. Its zero value is what ByGap uses: more than the gap splits, nothing
// else does, and events come in any order.
type Options[T any] struct {
	// AtLeast makes a distance of exactly the gap split, as Beam and Feldera have it. By default only more
	// than the gap splits, as in Flink, Spark and Kafka Streams.
	AtLeast bool

	// GapOf, where given, is the gap of each event: how long it waits for the next one. It is at most the gap of the
	// call; an event with a longer one, or one that is not positive, is rejected (RejectGap). A session goes on until
	// none of its events waits any more.
	GapOf func(T) time.Duration

	// MaxLength, where positive, is what Session.Length may be at most: an event later than that after the first one
	// begins a new session.
	MaxLength time.Duration
	// MaxEvents, where positive, is how many events a session may have at most.
	MaxEvents int
	// SplitBy, where given, begins a new session where the attribute changes, a campaign say: By(Event.Campaign).
	SplitBy Attribute[T]
	// SplitWhen, where given, begins a new session at each event of a key for which it is true; prev is the event before
	// it in the same session.
	SplitWhen func(prev, cur T) bool
	// Midnight, where given, begins a new session at the first event of each calendar day of that zone.
	Midnight *time.Location

	// Tie, where given, is the order of events of one key and time, for the fold and for what splits; those it calls
	// equal, and all where it is nil, keep the order of the input.
	Tie func(a, b T) int

	// Ordered says that the input never goes back in event time. Sessions then come out as they close, and
	// only open ones are in memory. An event before its predecessor ends the stream with *OrderError.
	Ordered bool

	// Disorder, where positive, is how far behind the latest event time seen, of any key, an event may come and still be
	// on time: that time less Disorder is the watermark. Sessions then come out as soon as no event that is on time can
	// join them. By default there is no such bound: events move no watermark, and Run and Intervals wait for the end of
	// the input, New for State.Advance.
	Disorder time.Duration

	// Late takes the events from behind the watermark that can join no session that is open, nor be one, in input order.
	// Where it is nil, the first one ends the stream with a *stream.LateError.
	Late stream.Sink[stream.Late[T]]

	// Lateness, where positive, is how long after a session has closed, in event time, late events may still change it:
	// it is then taken back (Session.Retracted) and, once closed, given out anew with a higher Revision. Its events are
	// held that long.
	Lateness time.Duration

	// EveryChange gives out a session with its first event, and whenever an event joins it or joins it to another: what
	// was given out is taken back before. Reason is then that of the moment. Each event costs the events of its key that
	// are not final.
	EveryChange bool

	// Sources is how many inputs a State waits for: see State.PushFrom. 0: one. Run, Intervals and Tag have one.
	Sources int

	// NullKey, where given, says which events have no key. Such an event belongs to no session: it is counted
	// in Stats and given to Rejects, and neither key nor time is asked of it. By default every key is a key,
	// the empty string too.
	NullKey func(T) bool

	// NullTime, where given, says which events have no time; they are treated alike. By default every time is
	// a time, the zero time.Time too, which is out of range.
	NullTime func(T) bool

	// Rejects takes the events that belong to no session, in input order. Where it is nil, null keys and
	// null times are only counted, for the caller named them; a key that cannot be compared, a time outside
	// the years 1677 to 2262, and a gap that cannot be one, end the stream with their error (*KeyError,
	// *stream.TimeError, *GapError).
	Rejects stream.Sink[Reject[T]]

	// Size, where given, is the live bytes of an event beyond its static size (the bytes of its strings, say),
	// for the bound of what holds events. By default none.
	Size func(T) int

	// Stats, where given, is overwritten when the stream ends, for whatever reason. A State has a method instead.
	Stats *Stats

	// Salt goes into every session ID, so that the same key and time give other IDs in another data set.
	Salt string

	// Resources bounds the memory of keys, sessions and, in Run, events. Nothing is spilled yet: the stream
	// ends with *stream.LimitError where more would be needed. TempDir is not used. Workers above 1 share
	// the keys of ordered input, where no memory is bounded and no option but Ordered and AtLeast says what a session is:
	// the consumer's goroutine reads, up to 8,192 events ahead, and the fold is called from several, for one key from one.
	Resources stream.Resources
}

// Stats counts what became of the events. When a stream has run to its end,
//
//	In == Events + Late + NullKeys + NullTimes + BadKeys + BadTimes + BadGaps
//
// which the engines check themselves. After an error or a break the right side is smaller, and in a State as long as
// events are held.
type Stats struct {
	In        int64 // events read
	Events    int64 // events of the sessions given out, less those of sessions taken back
	Sessions  int64 // sessions given out
	Retracted int64 // of them taken back: Options.Lateness, Options.EveryChange
	Late      int64 // events that came too late: see Options.Late
	NullKeys  int64 // rejected: Options.NullKey
	NullTimes int64 // rejected: Options.NullTime, and the key was not null
	BadKeys   int64 // rejected: the key cannot be compared
	BadTimes  int64 // rejected: the time is outside the years 1677 to 2262
	BadGaps   int64 // rejected: Options.GapOf is not positive, or too long
}

// Rejected is the number of events that belong to no session, late ones left out.
func (s Stats) Rejected() int64 {
	return s.NullKeys + s.NullTimes + s.BadKeys + s.BadTimes + s.BadGaps
}

// check finds what is wrong with the options (contract E11).
func (o *Options[T]) check(fn string, gap time.Duration) error {
	wrong := func(option string, got any, want string) error {
		return &stream.OptionError{Package: "session", Func: fn, Option: option, Got: got, Want: want}
	}
	switch {
	case gap <= 0:
		return wrong("gap", gap, "positive")
	case o.MaxLength < 0:
		return wrong("MaxLength", o.MaxLength, "0 or positive")
	case o.MaxEvents < 0:
		return wrong("MaxEvents", o.MaxEvents, "0 or positive")
	case o.Disorder < 0:
		return wrong("Disorder", o.Disorder, "0 or positive")
	case o.Lateness < 0:
		return wrong("Lateness", o.Lateness, "0 or positive")
	case o.Ordered && o.Disorder > 0:
		return wrong("Disorder", o.Disorder, "0 where the input is Ordered")
	case o.Lateness > 0 && fn == "Tag":
		return wrong("Lateness", o.Lateness, "0: an event that was tagged stays so")
	case o.EveryChange && fn == "Tag":
		return wrong("EveryChange", true, "false: an event that was tagged stays so")
	case o.Sources < 0:
		return wrong("Sources", o.Sources, "0 or positive")
	case o.Sources > 1 && fn != "New":
		return wrong("Sources", o.Sources, "0 or 1: a stream is one source")
	case o.Sources > 1 && o.Ordered:
		return wrong("Sources", o.Sources, "0 or 1 where the input is Ordered")
	}
	return o.Resources.Check("session", fn)
}
