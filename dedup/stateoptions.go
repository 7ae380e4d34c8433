package dedup

import (
	"fmt"
	"math"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// Refresh says which rows start the time to live of a key anew.
type Refresh uint8

const (
	// RefreshCreate: none. A key lives from its first row on, however often it is seen. The default.
	RefreshCreate Refresh = iota
	// RefreshWrite: each row that takes the place of the one held; under KeepMerge, of the best one.
	RefreshWrite
	// RefreshAny: each row of the key, duplicates too, as long as it is not late: a key that is sent again and again
	// lives on.
	RefreshAny
)

// String names the rule.
func (r Refresh) String() string {
	switch r {
	case RefreshCreate:
		return "create"
	case RefreshWrite:
		return "write"
	case RefreshAny:
		return "any"
	}
	return fmt.Sprintf("Refresh(%d)", uint8(r))
}

// StateOptions spells out a deduplication that forgets, deletes, or tells its changes: that of New, Windowed and
// Changelog. The zero value keeps the first row of each key for ever.
type StateOptions[T any] struct {
	// Options say who wins, what a null key is, where losers go, and bound the live state. Nothing of a State is spilled:
	// where Resources would be passed there is a *stream.LimitError; Workers and TempDir have no effect.
	Options[T]

	// TTL is how long a key lives, in event time; Refresh says from when. The expiry is half-open: a key of 12:00 with a
	// TTL of an hour is known to a row of 12:59:59, and not to one of 13:00, which begins the key anew. 0: for ever. At
	// most 73 years.
	TTL time.Duration
	// At gives the event time of a row. A TTL needs it; without a TTL it must be nil, as must all that follows down to
	// Expired be at its default.
	At func(T) time.Time
	// Refresh is RefreshCreate by default.
	Refresh Refresh
	// Disorder is how far behind the latest event time seen, of any key, a row may come and still be in time: that time
	// less Disorder is the watermark, and memory is kept that much longer. 0: rows come in order of time.
	// math.MaxInt64: rows do not move the watermark, only State.Advance does.
	Disorder time.Duration
	// Late takes the rows whose time is before the watermark, in input order. They are dropped, and refresh nothing.
	// Where it is nil, the first one ends the run with a *stream.LateError.
	Late stream.Sink[stream.Late[T]]
	// BadTimes takes the rows whose time is out of range: the years 1677 to 2262, less the TTL at the end. Where it is
	// nil, the first one ends the run with a *stream.TimeError.
	BadTimes stream.Sink[Reject[T]]
	// Expired takes the rows of a State that have survived because their key expired, in order of expiry, ties by
	// Options.Order. A State with a TTL whose rows do not survive at once (see Hold) must have it, unless it has Changes.
	// Windowed yields them instead.
	Expired stream.Sink[T]

	// Hold keeps the row of a key also where the first one is bound to survive: no comparators, and KeepFirst, or KeepBest without TieLast.
	// Without it such a row survives at once: State.Push says VerdictNew, Windowed yields it, and only its key is held.
	// With it, it is held until its key expires or State.Flush. All other rows are held in any case.
	Hold bool

	// Tombstone says that a row is none but a deletion: it deletes the row held for its key, whatever the comparators
	// say, and a row that comes after it begins the key anew. Its key must be there, the rest of it is not looked at.
	// Rows are then held as under Hold. Nil: no row is.
	Tombstone func(T) bool

	// Changes takes each change of the set of survivors, as it happens. Changelog yields them instead. Under KeepMerge the
	// rows are merged ones, and each further row of a key makes an Updated, for it may have changed any field.
	Changes stream.Sink[Change[T]]
	// Retract has each Updated preceded by a Retracted with the row that was replaced.
	Retract bool
}

// maxTTL keeps the sum of a time and a TTL far from overflow.
const maxTTL = 1 << 61 // nanoseconds: 73 years

// statePlan is StateOptions checked and compiled.
type statePlan[T any] struct {
	*plan[T]
	o      StateOptions[T] // without what is in plan
	eager  bool            // the first row of a key survives at once
	rows   bool            // rows are held
	ttl    int64           // nanoseconds; 0: for ever
	size   func(*T) int64  // bytes a row reaches; nil: none, or nothing is bounded
	booked bool            // live state is booked
}

// newStatePlan checks the options of fn; as is the name that later errors show.
func newStatePlan[T any](fn, as string, o StateOptions[T]) (*statePlan[T], error) {
	if err := o.check(fn); err != nil {
		return nil, err
	}
	bound := o.Resources
	o.Resources = stream.Resources{} // the plan's are those of an engine that may spill
	p, err := newPlan(fn, o.Options)
	if err != nil {
		return nil, err
	}
	p.fn = as
	o.Resources = bound
	s := &statePlan[T]{plan: p, o: o, ttl: int64(o.TTL), booked: o.Resources.Memory > 0 || o.Resources.Budget != nil}
	s.eager = p.eager && !o.Hold && o.Tombstone == nil && o.Expired == nil
	s.rows = p.holdRows || !s.eager
	if s.booked {
		s.size = rowSizer[T]()
	}
	return s, nil
}

// claims says that the position of the row held is another than that of the first of its key, or may tie.
func (p *statePlan[T]) claims() bool { return !p.eager && p.keep != KeepNone }

// orderFree says that the survivors do not depend on the positions of rows.
func (p *statePlan[T]) orderFree() bool {
	return p.keep == KeepNone || p.tie == TieFail || len(p.by) > 0 && p.by[len(p.by)-1].total
}

// check returns an *OptionError for the first rule of StateOptions that is broken; newPlan looks at Options.
func (o *StateOptions[T]) check(fn string) error {
	wrong := func(option string, got any, want string) error {
		return &stream.OptionError{Package: "dedup", Func: fn, Option: option, Got: got, Want: want}
	}
	switch {
	case o.TTL < 0 || o.TTL > maxTTL:
		return wrong("TTL", o.TTL, "0, or positive and at most 73 years")
	case o.TTL > 0 && o.At == nil:
		return wrong("At", "nil", "set where there is a TTL")
	case o.Refresh > RefreshAny:
		return wrong("Refresh", o.Refresh, "RefreshCreate, RefreshWrite or RefreshAny")
	case o.Disorder < 0:
		return wrong("Disorder", o.Disorder, "0 or positive")
	case o.Retract && o.Changes == nil:
		return wrong("Retract", true, "false where nothing takes changes")
	}
	if o.TTL > 0 {
		return o.Resources.Check("dedup", fn)
	}
	const without = "at its default where there is no TTL"
	switch {
	case o.At != nil:
		return wrong("At", "a function", without)
	case o.Refresh != RefreshCreate:
		return wrong("Refresh", o.Refresh, without)
	case o.Disorder != 0:
		return wrong("Disorder", o.Disorder, without)
	case o.Late != nil:
		return wrong("Late", "a sink", without)
	case o.BadTimes != nil:
		return wrong("BadTimes", "a sink", without)
	case o.Expired != nil:
		return wrong("Expired", "a sink", without)
	}
	return o.Resources.Check("dedup", fn)
}

// latest is the last time in range, in nanoseconds.
func (p *statePlan[T]) latest() int64 { return math.MaxInt64 - p.ttl }
