package sketch

import (
	"encoding/binary"
	"io"
	"math"

	"github.com/millrace-go/millrace/stream"
)

// counters is the part of a Count-Min sketch that does not know the type of its keys: depth rows of width
// counters, row after row. A key has one counter in each row; its count is the least of them.
//
//	hash of the key    low half        high half
//	                     row 0           row 1
//	remixed once         row 2           row 3
//	and again            row 4           ...
//
// Each row takes 32 fresh bits and scales them to the width by multiplication, so any width will do. Rows cut
// as h1 + i*h2, as many sketches do, are not independent where the width is a power of two: keys that agree
// in the low bits of both meet in every row, and the minimum over rows no longer helps. Two keys can meet in
// all rows here only if they agree in 64 bits.
//
// Invariants:
//
//  1. A counter of a key is at least the sum of what was added for it, short of math.MaxUint64.
//  2. If total is below math.MaxUint64, no counter has stopped, and the counters of a row sum up to total
//     (conservative: to at most total).
type counters struct {
	config       config
	width, depth int
	conservative bool
	cells        []uint64
	total        uint64
}

func newCounters(c config) counters {
	width, depth := int(c.large), int(c.small)
	return counters{config: c, width: width, depth: depth, conservative: c.flags&flagConservative != 0,
		cells: make([]uint64, width*depth)}
}

// remix is the finisher of splitmix64: a bijection, so that hashes that differ stay different.
func remix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// scale maps 32 bits evenly to [0, width).
func (c *counters) scale(bits uint64) int { return int(bits & math.MaxUint32 * uint64(c.width) >> 32) }

func (c *counters) add(h, n uint64) {
	if n == 0 {
		return
	}
	c.total = addSaturating(c.total, n)
	if c.conservative {
		c.raise(h, n)
		return
	}
	for base := 0; base < len(c.cells); {
		cell := &c.cells[base+c.scale(h)]
		*cell = addSaturating(*cell, n)
		if base += c.width; base == len(c.cells) {
			break
		}
		cell = &c.cells[base+c.scale(h>>32)]
		*cell = addSaturating(*cell, n)
		base += c.width
		h = remix(h)
	}
}

// raise is the conservative update (Estan and Varghese 2002): the key's new count is known to be at most
// count + n, so no counter of it needs to be higher.
func (c *counters) raise(h, n uint64) {
	to := addSaturating(c.count(h), n)
	for base := 0; base < len(c.cells); {
		cell := &c.cells[base+c.scale(h)]
		*cell = max(*cell, to)
		if base += c.width; base == len(c.cells) {
			break
		}
		cell = &c.cells[base+c.scale(h>>32)]
		*cell = max(*cell, to)
		base += c.width
		h = remix(h)
	}
}

func (c *counters) count(h uint64) uint64 {
	least := uint64(math.MaxUint64)
	for base := 0; base < len(c.cells); {
		least = min(least, c.cells[base+c.scale(h)])
		if base += c.width; base == len(c.cells) {
			break
		}
		least = min(least, c.cells[base+c.scale(h>>32)])
		base += c.width
		h = remix(h)
	}
	return least
}

// errorBound: a row's counter exceeds the key's count by the counts of those that share it, on average
// total/width; by Markov's inequality by e times that with probability at most 1/e; in all rows with at most
// exp(-depth) (Cormode and Muthukrishnan 2005).
func (c *counters) errorBound() (bound uint64, confidence float64) {
	confidence = 1 - math.Exp(-float64(c.depth))
	if c.total == math.MaxUint64 {
		return math.MaxUint64, confidence
	}
	return min(c.total, ceilUint64(math.E/float64(c.width)*float64(c.total))), confidence
}

func (c *counters) merge(op string, other *counters) error {
	if err := c.config.conflict(op, &other.config); err != nil {
		return err
	}
	for i, n := range other.cells {
		c.cells[i] = addSaturating(c.cells[i], n)
	}
	c.total = addSaturating(c.total, other.total)
	return nil
}

func (c *counters) clone() counters {
	d := *c
	d.cells = append([]uint64(nil), c.cells...)
	return d
}

func (c *counters) reset() {
	clear(c.cells)
	c.total = 0
}

func (c *counters) size() int {
	const fixed = 160 // the structs
	return fixed + 8*len(c.cells)
}

func addSaturating(a, b uint64) uint64 {
	if sum := a + b; sum >= a {
		return sum
	}
	return math.MaxUint64
}

// Snapshot writes the sketch as one frame of 56 bytes and 8 per counter. The same counts give the same bytes;
// without Conservative, so do the same keys in any order. It does not change c.
func (c *CountMin[K]) Snapshot(w io.Writer) error {
	return c.counters.snapshot("CountMin.Snapshot", w)
}

func (c *counters) snapshot(op string, w io.Writer) error {
	f, err := c.config.begin(op, w, 8+8*len(c.cells))
	if err != nil {
		return err
	}
	chunk := make([]byte, 0, 8<<10)
	chunk = binary.LittleEndian.AppendUint64(chunk, c.total)
	for _, n := range c.cells {
		if len(chunk) == cap(chunk) {
			if err := f.payload(chunk); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
		chunk = binary.LittleEndian.AppendUint64(chunk, n)
	}
	if err := f.payload(chunk); err != nil {
		return err
	}
	return f.end()
}

// Restore replaces what c has counted by a snapshot, of which it reads exactly the frame. It returns an
// *Error matching stream.ErrCorrupt for broken bytes and stream.ErrConflict for the snapshot of another
// configuration or key type, or what the reader returned; c is then unchanged. It allocates in proportion to
// what was read.
func (c *CountMin[K]) Restore(r io.Reader) error { return c.counters.restore("CountMin.Restore", r) }

// restore decodes the payload: the total, then the counters row by row, 8 bytes each. Counters that break
// the second invariant are refused: a sum that is too low could only have lost counts.
func (c *counters) restore(op string, r io.Reader) error {
	size := 8 + 8*len(c.cells)
	payload, err := c.config.read(op, r, size, size)
	if err != nil {
		return err
	}
	cells := make([]uint64, len(c.cells))
	for i := range cells {
		cells[i] = binary.LittleEndian.Uint64(payload[8+8*i:])
	}
	total := binary.LittleEndian.Uint64(payload)
	if total < math.MaxUint64 {
		for base := 0; base < len(cells); base += c.width {
			var sum uint64
			for _, n := range cells[base : base+c.width] {
				sum = addSaturating(sum, n)
			}
			if sum > total || sum < total && !c.conservative {
				return &Error{Op: op, What: "sum of a row", Offset: headerSize + 8 + 8*int64(base), Got: sum,
					Want: total, Class: stream.ErrCorrupt}
			}
		}
	}
	c.cells, c.total = cells, total
	return nil
}

// Digest identifies the options and the shape of the key type.
func (c *CountMin[K]) Digest() uint64 { return c.counters.config.digest }
