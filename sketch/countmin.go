package sketch

import (
	"fmt"
	"math"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

// CountMinOptions configures a CountMin. The zero value: Epsilon 0.001, Delta 0.01, which is 5 rows of 2719
// counters, 106 KiB.
type CountMinOptions struct {
	// Epsilon is the error, as a share of all that was added: the sketch has ceil(e/Epsilon) counters per
	// row. In (0, 1); 0: 0.001. It and Width say the same thing: set one.
	Epsilon float64
	// Delta is the probability that a count is off by more: the sketch has ceil(ln(1/Delta)) rows. In
	// (0, 1); 0: 0.01. It and Depth say the same thing: set one.
	Delta float64
	// Width is the number of counters per row, from 1 up.
	Width int
	// Depth is the number of rows, 1 to 32.
	Depth int
	// Conservative raises only those counters of a key that are too low for its new count. Counts get closer
	// (by about half of the error on skewed keys); adding costs a second pass, and what the sketch holds
	// depends on the order of keys.
	Conservative bool
	// Seed enters every hash. Sketches merge only if their seeds are equal. Where whoever makes the keys
	// could profit from a wrong count, choose it at random and keep it secret.
	Seed uint64
}

const (
	defaultEpsilon = 0.001
	defaultDelta   = 0.01
	maxDepth       = 32
	maxCounters    = 1 << 27 // 1 GiB of counters
)

// CountMin counts how often each key was added, in fixed memory, never too low: Count returns at least the
// true count and, with the confidence of ErrorBound, at most its bound more. It does not keep keys: one asks
// it about those one knows. HeavyHitters remembers the frequent ones.
//
// Make one with NewCountMin; do not copy one. It is not safe for concurrent use, but the methods that only
// look (Count, Total, ErrorBound, Clone, Snapshot, Digest, Size) may run beside each other.
type CountMin[K comparable] struct {
	hasher   *hash.Hasher[K]
	counters counters
}

var _ stream.State = (*CountMin[string])(nil)

// NewCountMin makes an empty sketch. It returns a *stream.OptionError for an option out of range, for two
// that say the same thing, and for a sketch of more than 1 GiB; and an error that names the place for a key
// type with a pointer or channel inside.
func NewCountMin[K comparable](o CountMinOptions) (*CountMin[K], error) {
	return newCountMin[K]("NewCountMin", "", o)
}

// newCountMin reports errors of the options as those of fn, their names after prefix.
func newCountMin[K comparable](fn, prefix string, o CountMinOptions) (*CountMin[K], error) {
	width, depth, err := o.shape(fn, prefix)
	if err != nil {
		return nil, err
	}
	hasher, err := hash.New[K]()
	if err != nil {
		return nil, fmt.Errorf("sketch: %s: %w", fn, err)
	}
	c := config{kind: kindCountMin, seed: o.Seed, small: uint32(depth), large: uint64(width)}
	if o.Conservative {
		c.flags |= flagConservative
	}
	return &CountMin[K]{hasher: hasher, counters: newCounters(newConfig(c, keyShape[K]()))}, nil
}

// shape returns width and depth, checked.
func (o CountMinOptions) shape(fn, prefix string) (width, depth int, err error) {
	refuse := func(option string, got any, want string) error {
		return &stream.OptionError{Package: "sketch", Func: fn, Option: prefix + option, Got: got, Want: want}
	}
	switch {
	case o.Width != 0 && o.Epsilon != 0:
		return 0, 0, refuse("Width", o.Width, "0 where Epsilon is set")
	case o.Depth != 0 && o.Delta != 0:
		return 0, 0, refuse("Depth", o.Depth, "0 where Delta is set")
	case o.Width < 0 || o.Width > maxCounters:
		return 0, 0, refuse("Width", o.Width, fmt.Sprintf("1 to %d", maxCounters))
	case o.Depth < 0 || o.Depth > maxDepth:
		return 0, 0, refuse("Depth", o.Depth, fmt.Sprintf("1 to %d", maxDepth))
	case o.Epsilon != 0 && !(o.Epsilon >= math.E/maxCounters && o.Epsilon < 1):
		return 0, 0, refuse("Epsilon", o.Epsilon, fmt.Sprintf("at least %.1e and below 1", math.E/maxCounters))
	case o.Delta != 0 && !(o.Delta >= math.Exp(-maxDepth) && o.Delta < 1):
		return 0, 0, refuse("Delta", o.Delta, fmt.Sprintf("at least %.1e and below 1", math.Exp(-maxDepth)))
	}
	if width = o.Width; width == 0 {
		epsilon := o.Epsilon
		if epsilon == 0 {
			epsilon = defaultEpsilon
		}
		width = int(math.Ceil(math.E / epsilon))
	}
	if depth = o.Depth; depth == 0 {
		delta := o.Delta
		if delta == 0 {
			delta = defaultDelta
		}
		depth = min(maxDepth, int(math.Ceil(-math.Log(delta))))
	}
	if width > maxCounters/depth {
		return 0, 0, refuse("Width", width, fmt.Sprintf("at most %d with %d rows (1 GiB)", maxCounters/depth, depth))
	}
	return width, depth, nil
}

// Add counts k another n times. Counters and total stop at math.MaxUint64. Where K holds an interface, a key
// that holds in it what cannot be a key panics, as a Go map does.
func (c *CountMin[K]) Add(k K, n uint64) {
	c.counters.add(c.hasher.Hash(&k, c.counters.config.seed), n)
}

// Count returns how often k was added: never less than the truth, and more than ErrorBound's bound above it
// only with the probability that its confidence leaves. Of a key never added it may be more than 0.
func (c *CountMin[K]) Count(k K) uint64 {
	return c.counters.count(c.hasher.Hash(&k, c.counters.config.seed))
}

// Total returns N, the sum of all that was added.
func (c *CountMin[K]) Total() uint64 { return c.counters.total }

// ErrorBound returns by how much Count may exceed the truth, e/width of Total, and the probability that a
// given key keeps to it, 1 - exp(-depth). After the total has stopped at its maximum nothing is known any
// more, and bound is math.MaxUint64.
func (c *CountMin[K]) ErrorBound() (bound uint64, confidence float64) {
	return c.counters.errorBound()
}

// Merge adds what other has counted. Counts of the result are never too low and keep to ErrorBound,
// conservative ones too: each counter of a key is at least its count in one stream, so their sum is at least
// its count in both, and none is above that of a sketch that is not conservative. Without Conservative the
// result equals, byte for byte, the sketch of both streams. It returns an *Error matching stream.ErrConflict,
// and changes nothing, if the options differ. other is not changed.
func (c *CountMin[K]) Merge(other *CountMin[K]) error {
	return c.counters.merge("CountMin.Merge", &other.counters)
}

// Clone returns a copy that shares nothing with c.
func (c *CountMin[K]) Clone() *CountMin[K] {
	return &CountMin[K]{hasher: c.hasher, counters: c.counters.clone()}
}

// Reset forgets all counts and keeps the memory.
func (c *CountMin[K]) Reset() { c.counters.reset() }

// Width returns the number of counters per row.
func (c *CountMin[K]) Width() int { return c.counters.width }

// Depth returns the number of rows.
func (c *CountMin[K]) Depth() int { return c.counters.depth }

// Size returns the bytes c keeps alive, without what the allocator rounds up.
func (c *CountMin[K]) Size() int { return c.counters.size() }
