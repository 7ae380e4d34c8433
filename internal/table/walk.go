package table

import (
	"cmp"
	"slices"
)

// Walk goes over the slots of a table in order of hash. It needs no sort of the whole and no memory to speak of: a
// key lies at or after its home with no empty slot between, so the runs between empty slots are in order of hash
// among each other, and only within a run (4 slots on average) the slots are out of order. It takes some runs at a
// time, up to an empty slot, and sorts them by insertion.
//
// The one exception is a run that reaches past the last slot and goes on at slot 0: what it left there belongs at
// the end. So the walk goes round once and a bit, up to the first empty slot again, and takes the slots before that
// one in two parts: first those that belong there, at the end those that wrapped.
//
// Keys with the same hash have the same home, and stand in order of insertion from there on: the sort is stable, so
// they come out in that order.
//
// All that is so as long as homes are in order of hash. A table whose homes are not is sorted before it is walked.
//
// The table must not change meanwhile. The zero Walk is over.
type Walk[T walked] struct {
	t      T
	n      int      // slots
	sorted bool     // all of them are used, and in order of hash
	first  int      // the first empty one
	at     int      // the next slot, counted on past the last one
	some   []usedIn // in order of hash
	taken  int      // of some
}

// usedIn is a slot with the hash that stands in it.
type usedIn struct {
	hash uint64
	slot int
}

// walked is a table as a Walk sees it.
type walked interface {
	size() int                                // slots
	hashIn(slot int) (hash uint64, used bool) // what stands in a slot
	home(hash uint64) int                     // where the probe for a hash begins
	// gather writes the slots that are used of [from, to) to into, and returns how many these are. into has room for
	// all.
	gather(from, to int, into []usedIn) int
}

// stride is how many slots are gathered together.
const stride = 64

func newWalk[T walked](t T) Walk[T] {
	w := Walk[T]{t: t, n: t.size()}
	for w.first < w.n {
		if _, used := t.hashIn(w.first); !used {
			break
		}
		w.first++
	}
	return w
}

// sortedWalk walks the first n slots, which are used and in order of hash.
func sortedWalk[T walked](t T, n int) Walk[T] { return Walk[T]{t: t, n: n, sorted: true} }

// Next returns the next slot; ok is false at the end.
func (w *Walk[T]) Next() (slot int, ok bool) {
	for w.taken == len(w.some) {
		if !w.fill() {
			return 0, false
		}
	}
	slot = w.some[w.taken].slot
	w.taken++
	return slot, true
}

// fill collects the slots of the next runs, if there are any left. There may be none in what it has passed over.
func (w *Walk[T]) fill() bool {
	n := w.n
	if w.at >= n+w.first {
		return false
	}
	w.some, w.taken = w.some[:0], 0
	if w.sorted {
		for to := min(w.at+stride, n); w.at < to; w.at++ {
			w.some = append(w.some, usedIn{slot: w.at})
		}
		return true
	}
	for w.at < w.first { // an empty slot follows
		if h, _ := w.t.hashIn(w.at); w.t.home(h) <= w.at {
			w.some = append(w.some, usedIn{h, w.at})
		}
		w.at++
	}
	from, to := w.at, min(w.at+stride, n)
	if from < to {
		w.some = slices.Grow(w.some, to-from)
		k := len(w.some)
		w.some = w.some[:k+w.t.gather(from, to, w.some[k:k+to-from])]
		w.at = to
	}
	for ; w.at < n; w.at++ {
		h, used := w.t.hashIn(w.at)
		if !used {
			break
		}
		w.some = append(w.some, usedIn{h, w.at})
	}
	for ; w.at >= n && w.at < n+w.first; w.at++ {
		if h, _ := w.t.hashIn(w.at - n); w.t.home(h) > w.at-n {
			w.some = append(w.some, usedIn{h, w.at - n})
		}
	}
	w.sort()
	return true
}

// sort is stable, and by insertion as long as the runs are as short as they should be.
func (w *Walk[T]) sort() {
	some := w.some
	moves := 16 * len(some)
	for i := 1; i < len(some); i++ {
		one := some[i]
		j := i
		for ; j > 0 && some[j-1].hash > one.hash; j-- {
			some[j] = some[j-1]
		}
		some[j] = one
		if moves -= i - j; moves < 0 {
			slices.SortStableFunc(some, func(a, b usedIn) int { return cmp.Compare(a.hash, b.hash) })
			return
		}
	}
}
