package sketch

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/millrace-go/millrace/stream"
)

// HeavyHittersOptions configures HeavyHitters. The zero value: 1024 candidates beside a default CountMin.
type HeavyHittersOptions struct {
	// Capacity is the number of candidates, 1 to 16,777,216; 0: 1024. No key above Total/Capacity is missed:
	// for the keys above a thousandth of the stream take 1000, for counts of them that are close take a few
	// times more.
	Capacity int
	// CountMin configures the counts of the keys that are not candidates, and holds the seed.
	CountMin CountMinOptions
}

const (
	defaultCapacity = 1024
	maxCapacity     = 1 << 24
)

// HeavyHitters finds the most frequent keys in fixed memory: a CountMin for all keys, and a bounded list of
// candidates with two bounds each. A key that is not a candidate enters the list when the most it can count
// (what the CountMin says, or Floor plus what is added now, whichever is less) exceeds the least candidate's,
// and takes its place.
//
// What is certain, not merely likely, after any adds and merges:
//
//  1. Of a key in the list the true count is in [Count-Error, Count].
//  2. Of a key not in the list the true count is at most Floor.
//  3. Floor is at most Total/Capacity. So every key above Total/Capacity is in the list.
//
// A stream of no more distinct keys than Capacity is counted exactly. The CountMin makes the list better than
// these bounds where the stream is skewed, because rare keys no longer push out candidates; it is not needed
// for them. (They hold until Total stops at math.MaxUint64.)
//
// Make one with NewHeavyHitters; do not copy one. It keeps candidates' keys as they were given, so that a key
// which is a piece of a long string keeps the string. It is not safe for concurrent use, but the methods that
// only look may run beside each other. It has no Snapshot yet: unlike the other sketches it would have to
// write keys.
type HeavyHitters[K comparable] struct {
	counts     *CountMin[K]
	candidates candidates[K]
	capacity   int
	floor      uint64
}

// HeavyHitter is a key and what is known of its true count: it lies in [Count-Error, Count].
type HeavyHitter[K comparable] struct {
	Key   K      // as it was first given since it is in the list
	Count uint64 // no more than so many
	Error uint64 // by how much Count may be too high; 0: it is exact
}

// NewHeavyHitters makes an empty sketch. It returns a *stream.OptionError for an option out of range, and an
// error that names the place for a key type with a pointer or channel inside.
func NewHeavyHitters[K comparable](o HeavyHittersOptions) (*HeavyHitters[K], error) {
	return newHeavyHitters[K]("NewHeavyHitters", o)
}

func newHeavyHitters[K comparable](fn string, o HeavyHittersOptions) (*HeavyHitters[K], error) {
	if o.Capacity < 0 || o.Capacity > maxCapacity {
		return nil, &stream.OptionError{Package: "sketch", Func: fn, Option: "Capacity", Got: o.Capacity, Want: fmt.Sprintf("1 to %d, or 0 for %d", maxCapacity, defaultCapacity)}
	}
	if o.Capacity == 0 {
		o.Capacity = defaultCapacity
	}
	counts, err := newCountMin[K](fn, "CountMin.", o.CountMin)
	if err != nil {
		return nil, err
	}
	return &HeavyHitters[K]{counts: counts, candidates: candidates[K]{hasher: counts.hasher}, capacity: o.Capacity}, nil
}

// Add counts k another n times. Where K holds an interface, a key that holds in it what cannot be a key
// panics, as a Go map does.
func (h *HeavyHitters[K]) Add(k K, n uint64) {
	if n == 0 {
		return
	}
	hash := h.counts.hasher.Hash(&k, h.counts.counters.config.seed)
	h.counts.counters.add(hash, n)
	if e := h.candidates.find(&k, hash); e >= 0 {
		h.candidates.raise(e, n)
		return
	}
	// k is not a candidate, so its count was at most floor; the floor must stay at least the count of
	// whoever is out of the list when this is over.
	upper := min(h.counts.counters.count(hash), addSaturating(h.floor, n))
	switch {
	case len(h.candidates.entries) < h.capacity:
		h.candidates.insert(candidate[K]{key: k, hash: hash, upper: upper, seen: n})
	case upper > h.candidates.least().upper:
		h.floor = max(h.floor, h.candidates.least().upper)
		h.candidates.replaceLeast(candidate[K]{key: k, hash: hash, upper: upper, seen: n})
	default:
		h.floor = max(h.floor, upper)
	}
}

// Top returns the n most frequent candidates, or as many as there are: highest Count first, equal counts by
// the hash of the key, which is the same in every run. It panics if n is negative. Pass Capacity for all.
//
// The order is that of the upper bounds. Two neighbours are known to be in the right order if the first's
// Count-Error is at least the second's Count.
func (h *HeavyHitters[K]) Top(n int) []HeavyHitter[K] {
	if n < 0 {
		panic(fmt.Sprintf("sketch: HeavyHitters.Top: n must be 0 or positive, got %d", n))
	}
	type ranked struct {
		hitter HeavyHitter[K]
		hash   uint64
	}
	all := make([]ranked, len(h.candidates.entries))
	for i := range h.candidates.entries {
		e := &h.candidates.entries[i]
		count := h.countOf(e)
		all[i] = ranked{HeavyHitter[K]{Key: e.key, Count: count, Error: count - e.seen}, e.hash}
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.hitter.Count, a.hitter.Count), cmp.Compare(a.hash, b.hash))
	})
	top := make([]HeavyHitter[K], min(n, len(all)))
	for i := range top {
		top[i] = all[i].hitter
	}
	return top
}

// countOf returns the least upper bound known for a candidate. The CountMin can know a lower one than the
// list after a merge only.
func (h *HeavyHitters[K]) countOf(e *candidate[K]) uint64 {
	return min(e.upper, h.counts.counters.count(e.hash))
}

// Count returns the least upper bound known for how often k was added, candidate or not. It is never less
// than the truth.
func (h *HeavyHitters[K]) Count(k K) uint64 {
	hash := h.counts.hasher.Hash(&k, h.counts.counters.config.seed)
	if e := h.candidates.find(&k, hash); e >= 0 {
		return h.countOf(&h.candidates.entries[e])
	}
	return min(h.floor, h.counts.counters.count(hash))
}

// Total returns N, the sum of all that was added.
func (h *HeavyHitters[K]) Total() uint64 { return h.counts.Total() }

// Floor returns the most that a key which is not in the list can count. Where it is below the last Count that
// Top returned, none is missing there.
func (h *HeavyHitters[K]) Floor() uint64 { return h.floor }

// Capacity returns the number of candidates.
func (h *HeavyHitters[K]) Capacity() int { return h.capacity }

// Merge adds what other has counted. The guarantees hold for both streams together, whatever the order of
// merges; the list itself may differ from that of one sketch that saw both. It returns an *Error matching
// stream.ErrConflict, and changes nothing, if the options differ. other is not changed.
func (h *HeavyHitters[K]) Merge(other *HeavyHitters[K]) error {
	const op = "HeavyHitters.Merge"
	if h.capacity != other.capacity {
		return &Error{Op: op, What: "capacity", Offset: -1, Got: other.capacity, Want: h.capacity, Class: stream.ErrConflict}
	}
	if err := h.counts.counters.config.conflict(op, &other.counts.counters.config); err != nil {
		return err
	}
	union := h.union(other)
	slices.SortStableFunc(union, func(a, b candidate[K]) int {
		return cmp.Or(cmp.Compare(b.upper, a.upper), cmp.Compare(a.hash, b.hash))
	})
	h.floor = addSaturating(h.floor, other.floor)
	if len(union) > h.capacity {
		h.floor = max(h.floor, union[h.capacity].upper)
		union = union[:h.capacity]
	}
	if err := h.counts.counters.merge(op, &other.counts.counters); err != nil {
		return err // not reached: the configurations are equal
	}
	h.candidates.reset()
	for _, e := range union {
		h.candidates.insert(e)
	}
	return nil
}

// union returns the candidates of both lists with their bounds for both streams. A key that is missing in one
// counts there at most that one's floor. The CountMin might know better, but must not be asked: that a list's
// floor is at most its least upper bound is what keeps it at most Total/Capacity. The sum over c entries of
// the union is then at most the sum over both lists, which is at most Total.
func (h *HeavyHitters[K]) union(other *HeavyHitters[K]) []candidate[K] {
	union := make([]candidate[K], 0, len(h.candidates.entries)+len(other.candidates.entries))
	for _, e := range h.candidates.entries {
		if o := other.candidates.find(&e.key, e.hash); o >= 0 {
			e.upper = addSaturating(e.upper, other.candidates.entries[o].upper)
			e.seen = addSaturating(e.seen, other.candidates.entries[o].seen)
		} else {
			e.upper = addSaturating(e.upper, other.floor)
		}
		union = append(union, e)
	}
	for _, e := range other.candidates.entries {
		if h.candidates.find(&e.key, e.hash) < 0 {
			e.upper = addSaturating(e.upper, h.floor)
			union = append(union, e)
		}
	}
	return union
}

// ErrorBound returns by how much the CountMin may exceed the truth and the probability that a given key keeps
// to it; see CountMin.ErrorBound. The Error of a candidate is certain, and mostly less.
func (h *HeavyHitters[K]) ErrorBound() (bound uint64, confidence float64) {
	return h.counts.ErrorBound()
}

// Clone returns a copy that shares nothing with h but the memory of keys.
func (h *HeavyHitters[K]) Clone() *HeavyHitters[K] {
	return &HeavyHitters[K]{counts: h.counts.Clone(), candidates: h.candidates.clone(), capacity: h.capacity, floor: h.floor}
}

// Reset forgets all and keeps the memory.
func (h *HeavyHitters[K]) Reset() {
	h.counts.Reset()
	h.candidates.reset()
	h.floor = 0
}

// Size returns the bytes h keeps alive, without what keys point to (the bytes of strings) and what the
// allocator rounds up.
func (h *HeavyHitters[K]) Size() int {
	const fixed = 160 // the structs
	c := &h.candidates
	size := fixed + uint64(h.counts.Size()) + 4*uint64(cap(c.slots)+cap(c.heap)) +
		uint64(cap(c.entries))*uint64(reflect.TypeFor[candidate[K]]().Size())
	return int(min(size, math.MaxInt))
}
