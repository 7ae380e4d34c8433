package stream

import (
	"fmt"
	"time"
)

// AsOfDirection says on which side of a left row its right row is looked for.
type AsOfDirection uint8

// The directions. A right row of the same instant counts in each of them.
const (
	Backward AsOfDirection = iota // the latest one at or before it; of one instant the last
	Forward                       // the earliest one at or after it; of one instant the first
	Nearest                       // the closer one of these; if they are equally far, the one before
)

// String is the name of the constant.
func (d AsOfDirection) String() string {
	if int(d) < len(asOfDirections) {
		return asOfDirections[d]
	}
	return fmt.Sprintf("AsOfDirection(%d)", d)
}

var asOfDirections = [...]string{"Backward", "Forward", "Nearest"}

// AsOfOptions set where a right row is looked for, and bound what is held. The zero value: the latest one before, however
// old, and left rows without one are yielded too.
type AsOfOptions struct {
	Direction AsOfDirection // where the right row is looked for; Backward

	// Tolerance is how far a right row may be from the left one, in either direction, itself included; 0: any
	// distance. Rows that are too old for every later left row are dropped, with their keys.
	Tolerance time.Duration

	// MatchedOnly leaves out left rows that have no right row.
	MatchedOnly bool

	// ReadAhead is how many right rows are read per switch to them; 0: 1. See MergeJoinOptions.
	ReadAhead int

	// Resources.Memory and Budget bound the live bytes of held right rows and the table of their keys. The strings,
	// slices and maps of a row count unless its type has unexported fields, interfaces, funcs or channels in it; then
	// only its static size does. Where the bound would be passed the join ends with a *LimitError. TempDir and Workers
	// are accepted and have no effect.
	Resources Resources
}

func (o AsOfOptions) check() error {
	wrong := func(option string, got any, want string) error {
		return &OptionError{Package: "stream", Func: "AsOfJoin", Option: option, Got: got, Want: want}
	}
	switch {
	case int(o.Direction) >= len(asOfDirections):
		return wrong("Direction", o.Direction, "one of Backward, Forward, Nearest")
	case o.Tolerance < 0:
		return wrong("Tolerance", o.Tolerance, "0 or positive")
	case o.ReadAhead < 0:
		return wrong("ReadAhead", o.ReadAhead, "0 or positive")
	}
	return o.Resources.Check("stream", "AsOfJoin")
}

// AsOfJoin yields each left row with the right row of its key that is closest to it in time: the price at an order's
// time, the last reading before an alarm. Both sides come in order of time. For keys of several columns take a struct;
// without a key take one of struct{}. Keys compare by the key rules, null ones (see Join) match nothing, times by
// instant.
//
// Order: that of the left side; a left row comes once, HasRight false where nothing is near enough.
// Memory: Backward holds the last right row of each key, and Nearest too. Forward and Nearest also hold all right rows
// from the time of the left row to the next one of its key, of whatever key: where a key is rare, and no Tolerance
// ends the search, that can be all of the right side. With a Tolerance, keys whose rows are too old are forgotten.
// Laziness: for a left row the right side is read up to the first row that is later (Backward), or that ends the search.
// Termination: when the left side ends; what the right side has left is not read, and its errors there do not come out.
// Errors: a row that is earlier than the one before it, on either side, ends it with an *OrderError: Input 0 is left, 1
// is right. Errors of the inputs are forwarded when they are met. More memory than allowed is a *LimitError.
// Concurrency: the right side runs on a coroutine of the consumer's goroutine.
func AsOfJoin[L, R any, K comparable](left Seq[L], right Seq[R], leftKey func(L) K, rightKey func(R) K, leftTime func(L) time.Time, rightTime func(R) time.Time, opts AsOfOptions) Seq[Joined[L, R]] {
	needSeq(left, "AsOfJoin")
	needSeq(right, "AsOfJoin")
	needFunc(leftKey == nil, "AsOfJoin", "leftKey")
	needFunc(rightKey == nil, "AsOfJoin", "rightKey")
	needFunc(leftTime == nil, "AsOfJoin", "leftTime")
	needFunc(rightTime == nil, "AsOfJoin", "rightTime")
	return func(yield func(Joined[L, R], error) bool) {
		err := opts.check()
		var keys keys[K]
		if err == nil {
			keys, err = newKeys[K]("AsOfJoin")
		}
		if err != nil {
			yield(Joined[L, R]{}, err)
			return
		}
		a := newAsOf(right, rightKey, rightTime, keys, opts)
		defer a.close()
		var last time.Time
		var index int64
		var key K // outside of the loop: it is passed by address, and would be allocated for each row
		for v, err := range left {
			out := Joined[L, R]{Left: v, HasLeft: true}
			if err == nil {
				at := leftTime(v).Round(0)
				key = leftKey(v)
				if index > 0 && at.Before(last) {
					err = &OrderError{Func: "AsOfJoin", Input: 0, Index: index, Got: at, After: last}
				} else if err = keys.check(&key, index); err == nil {
					out.Right, out.HasRight, err = a.match(&key, at)
				}
				last = at
				index++
			}
			if err != nil {
				yield(Joined[L, R]{}, err)
				return
			}
			if (out.HasRight || !opts.MatchedOnly) && !yield(out, nil) {
				return
			}
		}
	}
}

// asOf holds the right rows that a left row may still want.
//
//	            before          the left row          ahead
//	... [a 1][b 2][a 3]             at 4              [c 5][a 6][c 7] ...   then the row that was read last
//	         keys: b -> 2, a -> 3                     keys: c -> 5 -> 7, a -> 6
//
// Invariants:
//
//  1. ahead is in order of time and has, after advance(at), no row before at (Forward), or at or before at (Nearest);
//     Backward has none ahead.
//  2. A key's state has the latest row before (not for Forward), and the position of its first row ahead.
type asOf[R any, K comparable] struct {
	key    func(R) K
	time   func(R) time.Time
	null   func(*K) bool
	opts   AsOfOptions
	keys   keys[K]
	in     *Cursor[R]
	row    asOfRow[R] // read and not yet taken
	rowKey K          // of row
	some   bool       // there is one
	begun  bool
	index  int64 // of the next right row
	states asOfKeys[R, K]

	ahead  ring[aheadRow[R]]
	passed int64 // rows that have left ahead: the position of its first
	// olds are the rows before, by time, that are to be forgotten when they are too old; only with a Tolerance.
	olds ring[oldRow]

	account *Account
	booked  int64
	size    func(*R) int64 // of what a row holds outside itself; nil: not counted
	held    int64          // bytes, of the rows ahead and before
}

// asOfRow is a row and its time.
type asOfRow[R any] struct {
	row R
	at  time.Time
}

type aheadRow[R any] struct {
	asOfRow[R]
	key  int   // index of its state
	next int64 // position of the next row of the key, -1
}

type oldRow struct {
	at  time.Time
	key int
}

func newAsOf[R any, K comparable](right Seq[R], key func(R) K, at func(R) time.Time, keys keys[K], opts AsOfOptions) *asOf[R, K] {
	a := &asOf[R, K]{
		key: key, time: at, null: nullKey[K](), opts: opts, keys: keys, in: Pull(right, PullOptions{Chunk: opts.ReadAhead}),
		states: newAsOfKeys[R](keys), account: opts.Resources.Account("stream: AsOfJoin"),
	}
	if opts.Resources.bounded() {
		a.size = heldBy[R]()
	}
	return a
}

func (a *asOf[R, K]) close() {
	defer a.account.Close()
	a.in.Close()
}

// aheadAt is the row ahead at a position, counted from the first that ever was.
func (a *asOf[R, K]) aheadAt(position int64) *aheadRow[R] {
	return a.ahead.at(int(position - a.passed))
}

// match returns the right row for a left one.
func (a *asOf[R, K]) match(key *K, at time.Time) (row R, ok bool, err error) {
	if a.null != nil && a.null(key) {
		return row, false, nil
	}
	if !a.begun {
		a.begun = true
		if err := a.read(); err != nil {
			return row, false, err
		}
	}
	a.advance(at)
	for a.some {
		soon := !a.row.at.After(at)
		if !soon {
			if a.opts.Direction == Backward || a.tooFar(a.row.at.Sub(at)) {
				break
			}
			s := a.states.find(key)
			if s != nil && (s.first >= 0 || s.has && !nearer(s.before.at, at, a.row.at)) {
				break // one is ahead already, or none can be nearer than the one before
			}
		}
		if err := a.take(at); err != nil {
			return row, false, err
		}
		if err := a.read(); err != nil {
			return row, false, err
		}
	}
	s := a.states.find(key)
	if s == nil {
		return row, false, nil
	}
	var best *asOfRow[R]
	if s.has {
		best = &s.before
	}
	if s.first >= 0 {
		if next := &a.aheadAt(s.first).asOfRow; best == nil || nearer(best.at, at, next.at) {
			best = next
		}
	}
	if best == nil || a.tooFar(best.at.Sub(at).Abs()) {
		return row, false, nil
	}
	return best.row, true, nil
}

// nearer reports whether next is nearer to at than before is, at being between them. Time.Sub, which ends at 292
// years, would not know.
func nearer(before, at, next time.Time) bool {
	// What next is further away than before: seconds and nanoseconds, each of either sign.
	seconds := next.Unix() - at.Unix() - (at.Unix() - before.Unix())
	nanos := next.Nanosecond() - at.Nanosecond() - (at.Nanosecond() - before.Nanosecond())
	if seconds < -4 || seconds > 4 { // nanos is less than 4 seconds
		return seconds < 0
	}
	return seconds*1e9+int64(nanos) < 0
}

func (a *asOf[R, K]) tooFar(d time.Duration) bool {
	return a.opts.Tolerance > 0 && d > a.opts.Tolerance
}

// read reads the next right row that has a key.
func (a *asOf[R, K]) read() error {
	last, had := a.row.at, a.some
	for {
		var v R
		v, a.some = a.in.Next()
		if !a.some {
			a.row = asOfRow[R]{}
			return a.in.Err()
		}
		at := a.time(v).Round(0)
		if had && at.Before(last) {
			return &OrderError{Func: "AsOfJoin", Input: 1, Index: a.index, Got: at, After: last}
		}
		a.index++
		last, had = at, true
		a.row = asOfRow[R]{v, at}
		a.rowKey = a.key(v)
		if err := a.keys.check(&a.rowKey, a.index-1); err != nil {
			return err
		}
		if a.null == nil || !a.null(&a.rowKey) {
			return nil
		}
	}
}

// take puts the row that was read where it belongs for a left row at that time.
func (a *asOf[R, K]) take(at time.Time) error {
	i := a.states.upsert(&a.rowKey)
	switch {
	case a.opts.Direction == Backward, a.opts.Direction == Nearest && !a.row.at.After(at):
		a.put(i, a.row)
	case a.opts.Direction == Forward && a.row.at.Before(at): // of no use to anybody
	default:
		s := &a.states.list[i]
		position := a.passed + int64(a.ahead.n)
		a.ahead.push(aheadRow[R]{a.row, i, -1})
		a.hold(&a.row.row, 1)
		if s.first < 0 {
			s.first = position
		} else {
			a.aheadAt(s.last).next = position
		}
		s.last = position
	}
	return a.book()
}

// put makes r the row before of a key.
func (a *asOf[R, K]) put(i int, r asOfRow[R]) {
	s := &a.states.list[i]
	a.forget(s)
	s.before, s.has = r, true
	a.hold(&s.before.row, 1)
	if a.opts.Tolerance > 0 {
		a.olds.push(oldRow{r.at, i})
	}
}

// forget drops the row before of a key, if it has one.
func (a *asOf[R, K]) forget(s *asOfKey[R]) {
	if s.has {
		a.hold(&s.before.row, -1)
		s.before, s.has = asOfRow[R]{}, false
	}
}

// hold counts what a row holds outside itself: times is 1 where it is taken in, -1 where it is let go.
func (a *asOf[R, K]) hold(row *R, times int64) {
	if a.size != nil {
		a.held += times * a.size(row)
	}
}

// advance moves on to a left row's time.
func (a *asOf[R, K]) advance(at time.Time) {
	for a.ahead.n > 0 {
		r := a.ahead.at(0)
		if c := r.at.Compare(at); c > 0 || c == 0 && a.opts.Direction == Forward {
			break
		}
		s := &a.states.list[r.key]
		s.first = r.next
		if a.opts.Direction == Nearest {
			a.put(r.key, r.asOfRow)
		}
		a.hold(&r.row, -1)
		a.ahead.pop()
		a.passed++
	}
	for a.olds.n > 0 && a.tooFar(at.Sub(a.olds.at(0).at)) {
		o := a.olds.pop()
		if s := &a.states.list[o.key]; s.has && s.before.at.Equal(o.at) {
			a.forget(s)
		}
	}
	if a.states.table.Len() >= a.states.checkAt {
		a.states.compact(func(moved []int) {
			for i := range a.ahead.n {
				r := a.ahead.at(i)
				r.key = moved[r.key]
			}
			for i := range a.olds.n {
				o := a.olds.at(i)
				o.key = moved[o.key]
			}
		})
	}
}

// book brings the account up to what is held.
func (a *asOf[R, K]) book() error {
	if !a.opts.Resources.bounded() {
		return nil
	}
	live := a.held + a.states.bytes() + int64(len(a.ahead.buf))*sizeOf[aheadRow[R]]() + int64(len(a.olds.buf))*sizeOf[oldRow]()
	if live <= a.booked {
		return nil
	}
	if err := a.account.Grow(live - a.booked); err != nil {
		return err
	}
	a.booked = live
	return nil
}
