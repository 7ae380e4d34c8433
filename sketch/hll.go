package sketch

import (
	"fmt"
	"math"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

// HLLOptions configures an HLL. The zero value: precision 14, seed 0.
type HLLOptions struct {
	// Precision is the binary logarithm of the number of registers, 4 to 18; 0: 14. One more halves the
	// error's square and doubles the memory.
	Precision int
	// Seed enters every hash. Sketches merge only if their seeds are equal. Where whoever makes the keys
	// could profit from a wrong count, choose it at random and keep it secret.
	Seed uint64
}

const (
	minPrecision     = 4
	maxPrecision     = 18
	defaultPrecision = 14
)

// HLL counts distinct keys in at most 2^Precision bytes, give or take its working space. It is a HyperLogLog:
// each key is hashed, the first bits of the hash choose a register, the register keeps the longest run of
// zeros seen behind them. A sketch of few keys is sparse (it lists shortened hashes) and turns dense where
// the list would be longer than the registers.
//
// What it holds is a function of the set of keys added, and of nothing else: not of their order, their
// repetitions, nor of how they were split over sketches that were merged. Its bytes show that.
//
// Make one with NewHLL; do not copy one. It is not safe for concurrent use, but the methods that only look
// (Estimate, Bounds, Clone, Snapshot, Digest, Size) change nothing, not even inside, and may run beside each
// other.
type HLL[K comparable] struct {
	hasher *hash.Hasher[K]
	regs   registers
}

var _ stream.State = (*HLL[string])(nil)

// NewHLL makes an empty sketch. It returns a *stream.OptionError for a precision out of range, and an error
// that names the place for a key type with a pointer or channel inside.
func NewHLL[K comparable](o HLLOptions) (*HLL[K], error) {
	return newHLL[K]("NewHLL", o)
}

func newHLL[K comparable](fn string, o HLLOptions) (*HLL[K], error) {
	if o.Precision == 0 {
		o.Precision = defaultPrecision
	}
	if o.Precision < minPrecision || o.Precision > maxPrecision {
		return nil, &stream.OptionError{Package: "sketch", Func: fn, Option: "Precision", Got: o.Precision, Want: "4 to 18, or 0 for 14"}
	}
	hasher, err := hash.New[K]()
	if err != nil {
		return nil, fmt.Errorf("sketch: %s: %w", fn, err)
	}
	c := newConfig(config{kind: kindHLL, seed: o.Seed, small: uint32(o.Precision)}, keyShape[K]())
	return &HLL[K]{hasher: hasher, regs: newRegisters(c)}, nil
}

// Add adds k. Adding a key again changes nothing. Where K holds an interface, a key that holds in it what
// cannot be a key panics, as a Go map does.
func (h *HLL[K]) Add(k K) { h.regs.add(h.hasher.Hash(&k, h.regs.config.seed)) }

// AddHash adds a key by its hash, for callers who have it at hand. The 64 bits must be as good as random;
// the same key must always come with the same hash, and not by way of Add as well.
func (h *HLL[K]) AddHash(hash uint64) { h.regs.add(hash) }

// Estimate returns about how many distinct keys were added; Bounds says how far off it may be. It costs a
// pass over the registers, about half a millisecond at precision 14: ask for it when a result is due, not per
// element. Hashes crafted to fill the registers can drive it past 2^62; it is then math.MaxUint64.
func (h *HLL[K]) Estimate() uint64 { return h.regs.estimate() }

// StandardError returns the relative standard error of a dense sketch, 1.04/sqrt(2^Precision). While sparse, a
// sketch does better.
func (h *HLL[K]) StandardError() float64 { return h.regs.standardError() }

// Bounds returns the range of true counts that lie within z standard errors of the estimate, both ends
// included: about 68 % of sketches hold theirs at z = 1, 95 % at 2, 99.7 % at 3 (98 % at precision 4, whose few
// registers err upwards more often). Where z standard errors are 100 % or more nothing bounds the count from
// above, and hi is math.MaxUint64. It panics if z is negative or NaN.
func (h *HLL[K]) Bounds(z float64) (lo, hi uint64) {
	if !(z >= 0) {
		panic(fmt.Sprintf("sketch: HLL.Bounds: z must be 0 or positive, got %v", z))
	}
	// The estimate is n(1 + e) with |e| at most d, so n is between estimate/(1+d) and estimate/(1-d).
	n, d := h.regs.estimate(), z*h.regs.standardError()
	if n == 0 || d == 0 {
		return n, n
	}
	lo, hi = min(n, ceilUint64(float64(n)/(1+d))), math.MaxUint64
	if d < 1 {
		hi = max(n, floorUint64(float64(n)/(1-d)))
	}
	return lo, hi
}

// Merge adds what other has seen. The result equals, byte for byte, the sketch of both streams. It returns an
// *Error matching stream.ErrConflict, and changes nothing, if precision or seed differ. other is not changed.
func (h *HLL[K]) Merge(other *HLL[K]) error {
	return h.regs.merge("HLL.Merge", &other.regs)
}

// Clone returns a copy that shares nothing with h.
func (h *HLL[K]) Clone() *HLL[K] {
	return &HLL[K]{hasher: h.hasher, regs: h.regs.clone()}
}

// Reset empties h and lets go of its registers.
func (h *HLL[K]) Reset() { h.regs = newRegisters(h.regs.config) }

// Precision returns the binary logarithm of the number of registers.
func (h *HLL[K]) Precision() int { return int(h.regs.config.small) }

// Size returns an upper bound of the bytes h keeps alive: exact to some hundred bytes when dense, up to six
// times too high while sparse.
func (h *HLL[K]) Size() int { return h.regs.size() }

// ceilUint64 and floorUint64 convert a number that is not negative, at the limit instead of past it.
func ceilUint64(f float64) uint64 { return floorUint64(math.Ceil(f)) }

func floorUint64(f float64) uint64 {
	if f >= 1<<64 {
		return math.MaxUint64
	}
	return uint64(f)
}
