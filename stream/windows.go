package stream

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Windows is the state behind Window, for whoever feeds events by hand: chunk by chunk, with a watermark from
// elsewhere, or with a snapshot between two runs of a process. Pushing a stream in any chunks, with Snapshot and
// Restore at every cut, gives the windows of one run, byte for byte.
//
// Make one with NewWindows. Results go to the sink of each call, in the order that Window yields them. After an error,
// of a sink too, or a panic the state is finished: its memory is given back to the budget, and every further call
// returns an error, the same one, until Restore. It is not safe for concurrent use, nor for calls from its own sinks.
type Windows[T any, K comparable, A any] struct {
	clock eventClock[T]
	keys  keys[K]
	key   func(T) K
	fold  Fold[T, A]

	size   int64 // nanoseconds
	every  int64 // nanoseconds between two starts, at most size
	offset int64 // of the starts from a multiple of every, [0, every)

	open    map[int64]*pane[K, A] // by start
	starts  minHeap[int64]        // the keys of open
	recent  *pane[K, A]           // of open, the one used last; nil: none
	spare   *pane[K, A]           // an empty one to use again; nil: none
	account *Account              // nil: nothing is bounded

	stateCalls
	keyCodec   stateCodec[K]
	valueCodec stateCodec[A]
}

// Bounds of options. Sizes are kept far from the range of int64 nanoseconds (292 years), so that no sum of a time in
// range and a size overflows.
const (
	maxWindow  = 1 << 61 // nanoseconds: 73 years
	maxOverlap = 1 << 16 // windows that an event is in
)

// NewWindows makes an empty state. It returns an *OptionError for a wrong option and for a key type with pointers or
// channels inside. A nil function panics.
func NewWindows[T any, K comparable, A any](size time.Duration, key func(T) K, at func(T) time.Time, fold Fold[T, A], o WindowOptions[T]) (*Windows[T, K, A], error) {
	needWindows("NewWindows", key, at, fold)
	return newWindows("NewWindows", "Windows", size, key, at, fold, o)
}

func needWindows[T any, K comparable, A any](fn string, key func(T) K, at func(T) time.Time, fold Fold[T, A]) {
	needFunc(key == nil, fn, "key")
	needFunc(at == nil, fn, "at")
	needFunc(fold.Add == nil, fn, "fold.Add")
}

// newWindows is NewWindows, for fn: as is the name that later errors show.
func newWindows[T any, K comparable, A any](fn, as string, size time.Duration, key func(T) K, at func(T) time.Time, fold Fold[T, A], o WindowOptions[T]) (*Windows[T, K, A], error) {
	every := o.Every
	if every == 0 {
		every = size
	}
	refuse := func(option string, got time.Duration, want string) error {
		return &OptionError{Package: "stream", Func: fn, Option: option, Got: got, Want: want}
	}
	switch {
	case size <= 0 || size > maxWindow:
		return nil, refuse("size", size, "positive and at most 73 years")
	case every < 0 || every > size:
		return nil, refuse("Every", every, "positive and at most the size, "+size.String())
	case (size-1)/every >= maxOverlap:
		return nil, refuse("Every", every, "at least 1/65536 of the size, "+size.String())
	case o.Disorder < 0:
		return nil, refuse("Disorder", o.Disorder, "0 or positive")
	}
	keys, err := keysOf[K](fn, as, o.Resources)
	if err != nil {
		return nil, err
	}
	return &Windows[T, K, A]{
		clock: eventClock[T]{
			fn: as, at: at, nullTime: o.NullTime, rejects: o.Rejects, late: o.Late, disorder: int64(o.Disorder),
			low: math.MinInt64 + 2*int64(size), high: math.MaxInt64 - 2*int64(size), watermark: math.MinInt64,
		},
		keys: keys, key: key, fold: fold,
		size: int64(size), every: int64(every), offset: floorMod(int64(o.Offset), int64(every)),
		open: make(map[int64]*pane[K, A]), starts: minHeap[int64]{before: func(a, b *int64) bool { return *a < *b }},
		account: o.Resources.accountOf(as), stateCalls: stateCalls{inCall: errInCall("Windows")},
	}, nil
}

// floorMod is n modulo m, in [0, m).
func floorMod(n, m int64) int64 {
	if r := n % m; r < 0 {
		return r + m
	} else {
		return r
	}
}

// Push takes one event in. Windows that its time closes go to out first.
func (w *Windows[T, K, A]) Push(v T, out Sink[Windowed[K, A]]) error {
	needFunc(out == nil, "Windows.Push", "out")
	return w.run(w.letGo, func() error { return w.push(v, out) })
}

// Advance says that no event before watermark is expected any more, and gives the windows that this closes to out.
// A watermark behind the one reached is ignored.
func (w *Windows[T, K, A]) Advance(watermark time.Time, out Sink[Windowed[K, A]]) error {
	needFunc(out == nil, "Windows.Advance", "out")
	return w.run(w.letGo, func() error {
		if !w.clock.advance(nanosWithin(watermark)) {
			return nil
		}
		return w.close(out)
	})
}

// Flush gives all open windows to out, as at the end of the input, and advances the watermark to the end of the last:
// none is ever given again. All memory is given back to the budget.
func (w *Windows[T, K, A]) Flush(out Sink[Windowed[K, A]]) error {
	needFunc(out == nil, "Windows.Flush", "out")
	return w.run(w.letGo, func() error { return w.flush(out) })
}

// Stats returns the counts since the beginning; what was restored counts.
func (w *Windows[T, K, A]) Stats() WindowStats { return w.clock.stats }

// Watermark returns the time before which no event is expected; ok is false before the first event.
func (w *Windows[T, K, A]) Watermark() (watermark time.Time, ok bool) {
	return instant(w.clock.watermark), w.clock.watermark != math.MinInt64
}

// letGo gives back all that a state holds which has failed.
func (w *Windows[T, K, A]) letGo() {
	w.giveBack()
	w.empty()
}

// empty forgets the open windows; what the account holds for them is the caller's to give back.
func (w *Windows[T, K, A]) empty() {
	w.open = make(map[int64]*pane[K, A])
	w.starts.items = nil
	w.recent, w.spare = nil, nil
}

func (w *Windows[T, K, A]) push(v T, out Sink[Windowed[K, A]]) error {
	t, ok, err := w.clock.admit(v)
	if err != nil || !ok {
		return err
	}
	k := w.key(v)
	if err := w.keys.check(&k, w.clock.stats.In-1); err != nil {
		return err
	}
	if w.clock.see(t) {
		if err := w.close(out); err != nil {
			return err
		}
	}
	counted := 0
	start := t - floorMod(t-w.offset, w.every) // of the last window that t is in
	for ; start > t-w.size; start -= w.every {
		if start+w.size <= w.clock.watermark { // closed, and so are all before it
			return w.clock.tooLate(v, t, counted)
		}
		p, err := w.pane(start)
		if err == nil {
			err = w.add(p, &k, v)
		}
		if err != nil {
			return err
		}
		counted++
	}
	w.clock.stats.Counted++
	return nil
}

// inOrder gives the starts of the open windows, least first.
func (w *Windows[T, K, A]) inOrder() []int64 {
	return slices.Sorted(maps.Keys(w.open))
}

// close gives the windows that end at the watermark or before to out.
func (w *Windows[T, K, A]) close(out Sink[Windowed[K, A]]) error {
	for w.starts.len() > 0 && *w.starts.first()+w.size <= w.clock.watermark {
		start := *w.starts.first()
		p := w.open[start]
		r := Windowed[K, A]{Start: instant(start), End: instant(start + w.size)}
		for i := range p.table.ByHash() {
			r.Key, r.Value = *p.table.Key(i), p.vals[i]
			if err := out(r); err != nil {
				return err
			}
			w.clock.stats.Windows++
		}
		w.starts.pop()
		delete(w.open, start)
		w.drop(p)
	}
	return nil
}

func (w *Windows[T, K, A]) flush(out Sink[Windowed[K, A]]) error {
	for w.starts.len() > 0 {
		w.clock.advance(*w.starts.first() + w.size)
		if err := w.close(out); err != nil {
			return err
		}
	}
	return nil
}

func (w *Windows[T, K, A]) giveBack() {
	if w.account != nil {
		w.account.Close()
	}
}

// end gives the memory back and publishes the counts, when an operator's run ends.
func (w *Windows[T, K, A]) end(stats *WindowStats) {
	w.giveBack()
	if stats != nil {
		*stats = w.clock.stats
	}
}
