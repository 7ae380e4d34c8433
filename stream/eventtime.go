package stream

import (
	"fmt"
	"math"
	"time"

	"github.com/millrace-go/millrace/internal/eventtime"
)

// Event times are nanoseconds since 1970, as package eventtime counts them.
const (
	firstSecond = eventtime.FirstSecond
	lastSecond  = eventtime.LastSecond
)

func nanos(t time.Time) (ns int64, ok bool) { return eventtime.Nanos(t) }
func nanosWithin(t time.Time) int64         { return eventtime.Within(t) }
func instant(ns int64) time.Time            { return eventtime.Instant(ns) }

// Late is an event that came after a window it belongs to had closed, or farther behind than Disorder.
type Late[T any] struct {
	Event     T         // as it came
	Index     int64     // position in the input, from 0
	Watermark time.Time // when it came, in UTC
	Counted   int       // windows it was still in time for: 0 unless windows overlap
}

// LateError reports the first late event where there is no sink for them. It matches ErrConflict: the events are
// farther out of order than Disorder says.
type LateError struct {
	Package   string    // "dedup"; empty: "stream"
	Func      string    // "Window", "Windows", "Trailing", "Trails", "ScanBy" or "Scans"; the function of the other package
	Index     int64     // position of the event, from 0
	Time      time.Time // of the event, in UTC
	Watermark time.Time // when it came, in UTC
}

// Error says which event is late, its time, and the watermark.
func (e *LateError) Error() string {
	return fmt.Sprintf("%s: %s: event %d is late: its time is %s, the watermark is %s, and there is no sink for late events: %v", packageOf(e.Package), e.Func,
		e.Index, e.Time.Format(time.RFC3339Nano), e.Watermark.Format(time.RFC3339Nano), ErrConflict)
}

// packageOf is the name of a package in an error that several of them have.
func packageOf(name string) string {
	if name == "" {
		return "stream"
	}
	return name
}

// Unwrap gives ErrConflict.
func (e *LateError) Unwrap() error { return ErrConflict }

// TimeError reports an event whose time is out of range, where there is no sink for such. It matches ErrSchema.
type TimeError struct {
	Package string    // "dedup"; empty: "stream"
	Func    string    // "Window", "Windows", "Trailing", "Trails", "ScanBy" or "Scans"; the function of the other package
	Index   int64     // position of the event, from 0
	Time    time.Time // of the event, as it came
	From    time.Time // the first time in range, in UTC: in 1677, or later where windows are large
	To      time.Time // the last one, in UTC: in 2262, or earlier where windows are large
}

// Error says which event it is, its time, and the range.
func (e *TimeError) Error() string {
	return fmt.Sprintf("%s: %s: time of event %d is %s, want %s to %s: %v", packageOf(e.Package), e.Func, e.Index, e.Time.Format(time.RFC3339Nano),
		e.From.Format(time.RFC3339), e.To.Format(time.RFC3339), ErrSchema)
}

// Unwrap gives ErrSchema.
func (e *TimeError) Unwrap() error { return ErrSchema }

// WindowStats counts what became of the events. After each event, and so when a stream has run to its end,
//
//	In == Counted + Late + NullTimes + OutOfRange
//
// After an error the one event that caused it may be missing on the right side.
type WindowStats struct {
	In         int64 // events read
	Counted    int64 // events that are in at least one window
	Late       int64 // events that came too late for all of theirs; of Trailing and ScanBy, farther behind than Disorder
	PartlyLate int64 // of Counted, the ones that came too late for some of their windows
	NullTimes  int64 // events without a time, by NullTime
	OutOfRange int64 // events whose time is out of range: see TimeError
	Windows    int64 // results yielded: one per window and key; of Trailing, one per event; of Scans, none
}

// fields are the counts in the order of a snapshot, which is that of their declaration.
func (s *WindowStats) fields() [7]*int64 {
	return [...]*int64{&s.In, &s.Counted, &s.Late, &s.PartlyLate, &s.NullTimes, &s.OutOfRange, &s.Windows}
}

// conserved reports whether every event was counted, and no count is more than there were events. It does not overflow,
// whatever the counts.
func (s *WindowStats) conserved() bool {
	left := s.In
	for _, n := range []int64{s.Counted, s.Late, s.NullTimes, s.OutOfRange} {
		if left -= n; left < 0 {
			return false
		}
	}
	return left == 0 && s.PartlyLate <= s.Counted
}

// eventClock reads the times of events, sets aside those without, and keeps the watermark: the time before which no
// event is expected any more.
type eventClock[T any] struct {
	fn       string // for errors
	at       func(T) time.Time
	nullTime func(T) bool // nil: every time is one
	rejects  Sink[T]      // nil: a null time is only counted, one out of range an error
	late     Sink[Late[T]]
	disorder int64 // nanoseconds; math.MaxInt64: the watermark is never moved by events
	low      int64 // times below low and above high are out of range:
	high     int64 // the arithmetic on windows around them must not overflow

	watermark int64 // math.MinInt64: none yet
	stats     WindowStats
}

// admit counts v and gives its time; ok is false where it has none to go by.
func (c *eventClock[T]) admit(v T) (t int64, ok bool, err error) {
	index := c.stats.In
	c.stats.In++
	if c.nullTime != nil && c.nullTime(v) {
		c.stats.NullTimes++
		if c.rejects == nil {
			return 0, false, nil
		}
		return 0, false, c.rejects(v)
	}
	at := c.at(v)
	t, ok = nanos(at)
	if ok && t >= c.low && t <= c.high {
		return t, true, nil
	}
	c.stats.OutOfRange++
	if c.rejects == nil {
		from, to := c.earliest(), min(c.high, lastSecond*int64(time.Second))
		return 0, false, &TimeError{Func: c.fn, Index: index, Time: at, From: instant(from), To: instant(to)}
	}
	return 0, false, c.rejects(v)
}

// see moves the watermark to disorder before t, never back, and reports whether it moved.
func (c *eventClock[T]) see(t int64) bool {
	if c.disorder == math.MaxInt64 || t < math.MinInt64+c.disorder {
		return false
	}
	return c.advance(t - c.disorder)
}

func (c *eventClock[T]) advance(to int64) bool {
	if to <= c.watermark {
		return false
	}
	c.watermark = to
	return true
}

// earliest is the first time in range.
func (c *eventClock[T]) earliest() int64 { return max(c.low, firstSecond*int64(time.Second)) }

// seen reports whether an event of time t can have come, the watermark being where it is: every event moves it to disorder
// before its time.
func (c *eventClock[T]) seen(t int64) bool {
	if t < c.earliest() || t > min(c.high, lastSecond*int64(time.Second)+int64(time.Second-1)) {
		return false
	}
	return c.disorder == math.MaxInt64 || t < math.MinInt64+c.disorder || t-c.disorder <= c.watermark
}

// tooLate counts the event admitted last, of time t, as late; counted is the number of windows it is in nevertheless.
func (c *eventClock[T]) tooLate(v T, t int64, counted int) error {
	if counted == 0 {
		c.stats.Late++
	} else {
		c.stats.Counted++
		c.stats.PartlyLate++
	}
	index := c.stats.In - 1
	if c.late == nil {
		return &LateError{Func: c.fn, Index: index, Time: instant(t), Watermark: instant(c.watermark)}
	}
	return c.late(Late[T]{Event: v, Index: index, Watermark: instant(c.watermark), Counted: counted})
}

// conserved panics unless every event read has been counted: no result is better than one that lost events in
// silence.
func (c *eventClock[T]) conserved() {
	if !c.stats.conserved() {
		panic(fmt.Sprintf("stream: %s: events are not conserved: %+v", c.fn, c.stats))
	}
}
