package session

import (
	"time"

	"github.com/millrace-go/millrace/stream"
)

// Options configures Intervals and Run. Its zero value is what ByGap uses.
type Options[T any] struct {
	// AtLeast makes a distance of exactly the gap split, as Beam and Feldera have it. By default only more
	// than the gap splits, as in Flink, Spark and Kafka Streams.
	AtLeast bool

	// Ordered says that the input never goes back in event time. Sessions then come out as they close, and
	// only open ones are in memory. An event before its predecessor ends the stream with *OrderError.
	Ordered bool

	// NullKey, where given, says which events have no key. Such an event belongs to no session: it is counted
	// in Stats and given to Rejects, and neither key nor time is asked of it. By default every key is a key,
	// the empty string too.
	NullKey func(T) bool

	// NullTime, where given, says which events have no time; they are treated alike. By default every time is
	// a time, the zero time.Time too, which is out of range.
	NullTime func(T) bool

	// Rejects takes the events that belong to no session, in input order. Where it is nil, null keys and
	// null times are only counted, for the caller named them; a key that cannot be compared, and a time outside
	// the years 1677 to 2262, end the stream with their error (*KeyError, *stream.TimeError).
	Rejects stream.Sink[Reject[T]]

	// Size, where given, is the live bytes of an event beyond its static size (the bytes of its strings, say),
	// for the bound of Run without Ordered, which holds events. By default none.
	Size func(T) int

	// Stats, where given, is overwritten when the stream ends, for whatever reason.
	Stats *Stats

	// Salt goes into every session ID, so that the same key and time give other IDs in another data set.
	Salt string

	// Resources bounds the memory of keys, sessions and, in Run, events. Nothing is spilled yet: the stream
	// ends with *stream.LimitError where more would be needed. Workers and TempDir are not used.
	Resources stream.Resources
}

// Stats counts what became of the events. When a stream has run to its end,
//
//	In == Events + NullKeys + NullTimes + BadKeys + BadTimes
//
// which the engines check themselves. After an error or a break the right side is smaller.
type Stats struct {
	In        int64 // events read
	Events    int64 // events of the sessions yielded
	Sessions  int64 // sessions yielded
	NullKeys  int64 // rejected: Options.NullKey
	NullTimes int64 // rejected: Options.NullTime, and the key was not null
	BadKeys   int64 // rejected: the key cannot be compared
	BadTimes  int64 // rejected: the time is outside the years 1677 to 2262
}

// Rejected is the number of events that belong to no session.
func (s Stats) Rejected() int64 { return s.NullKeys + s.NullTimes + s.BadKeys + s.BadTimes }

// check finds what is wrong with the options (contract E11).
func (o *Options[T]) check(fn string, gap time.Duration) error {
	if gap <= 0 {
		return &stream.OptionError{Package: "session", Func: fn, Option: "gap", Got: gap, Want: "positive"}
	}
	return o.Resources.Check("session", fn)
}
