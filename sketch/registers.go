package sketch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/axiomhq/hyperloglog"

	"github.com/millrace-go/millrace/stream"
)

// registers is the part of an HLL that does not know the type of its keys. It stands on axiomhq's sketch and
// takes away three of its surprises:
//
//	Its Estimate compacts. Ours works on a copy, so that looking at a sketch never changes it.
//
//	Its encoding depends on the order of insertion. A sparse sketch collects new keys in an unordered set and
//	flushes it into a sorted list now and then; only a flush looks whether the list has become longer than
//	the registers. But the list's length never shrinks when a key joins it (splitting a difference in two
//	never takes fewer bytes), so "longer than the registers" is monotone in the set of keys: flushed once
//	more, a sketch is dense exactly if its whole set's list is too long, whatever happened before. That
//	flushed form is the canonical one; TestHLL_Law_Canonical watches it.
//
//	Its Reset keeps a dense sketch dense. Ours starts anew, or bytes would remember what was forgotten.
type registers struct {
	config config
	sketch *hyperloglog.Sketch
	keys   uint64 // upper bound of the keys of a sparse sketch: those known, and all adds since then
	look   uint64 // when keys reaches it, find out; never again once dense
	dense  bool   // known to be dense; false: not known
}

// neverLook is a number of keys that is not reached.
const neverLook = math.MaxUint64

func newRegisters(c config) registers {
	// The precision was checked, which is all that NewSketch can object to.
	sk, err := hyperloglog.NewSketch(uint8(c.small), true)
	if err != nil {
		panic(fmt.Sprintf("sketch: precision %d: %v", c.small, err))
	}
	r := registers{config: c, sketch: sk}
	r.known(false, 0)
	return r
}

func (r *registers) add(hash uint64) {
	r.sketch.InsertHash(hash)
	if r.keys++; r.keys >= r.look {
		r.inspect()
	}
}

// inspect finds out whether the sketch is dense and, if not, how many keys it has; it does not change what the
// sketch holds. axiomhq's sketch tells this by its encoding only, so it is asked when the adds since the last
// time would have doubled the keys: a few bytes copied per add.
func (r *registers) inspect() {
	if encoded := r.encode(); isDense(encoded) {
		r.known(true, 0)
	} else {
		r.known(false, sparseKeys(encoded))
	}
}

// encode returns axiomhq's encoding of the sketch as it is.
func (r *registers) encode() []byte {
	b, err := r.sketch.MarshalBinary()
	if err != nil {
		panic(fmt.Sprintf("sketch: precision %d: %v", r.config.small, err)) // the only cause it has
	}
	return b
}

func (r *registers) known(dense bool, keys uint64) {
	const slack = 64 // adds between looks at a sketch of few keys
	r.dense, r.keys, r.look = dense, keys, 2*keys+slack
	if dense {
		r.look = neverLook
	}
}

func (r *registers) estimate() uint64 {
	s := r.sketch
	if !r.dense {
		s = s.Clone() // Estimate would flush it; dense, there is nothing to flush
	}
	n := s.Estimate()
	// Past 2^64 the conversion of axiomhq's float is what the processor makes of it: 0, 2^63 or the maximum.
	if n >= 1<<62 || n == 0 && r.full() {
		return math.MaxUint64
	}
	return n
}

// full reports whether no register is zero. An estimate of 0 is then no estimate.
func (r *registers) full() bool {
	encoded := r.encode()
	return isDense(encoded) && !bytes.Contains(encoded[8:], []byte{0})
}

// standardError is 1.04/sqrt(m) (Flajolet, Fusy, Gandouet and Meunier 2007).
func (r *registers) standardError() float64 {
	return 1.04 / math.Sqrt(float64(r.count()))
}

// count returns the number of registers.
func (r *registers) count() int { return 1 << r.config.small }

func (r *registers) merge(op string, other *registers) error {
	if err := r.config.conflict(op, &other.config); err != nil {
		return err
	}
	if r == other {
		return nil // a set united with itself
	}
	if err := r.sketch.Merge(other.sketch); err != nil {
		return &Error{Op: op, What: "registers", Offset: -1, Class: stream.ErrConflict, Err: err}
	}
	if r.dense {
		return nil
	}
	if r.inspect(); !r.dense {
		r.sketch = r.sketch.Clone() // a merge goes through the unordered set, which keeps the size of the other's list
	}
	return nil
}

func (r *registers) clone() registers {
	c := *r
	c.sketch = r.sketch.Clone()
	return c
}

// size bounds the live bytes. Dense: the registers. Sparse: the unordered set holds at most a hundredth as many
// keys as there are registers and takes less than 24 bytes for each (slots of 8, more than a third of them
// used); the list begins where the set was full, with at most 4 bytes per key but for the last few, and is
// allocated for no more than the registers and one flush.
func (r *registers) size() int {
	const fixed, perSet, perList = 384, 24, 5 // fixed: structs, headers, the smallest set
	if r.dense {
		return fixed + r.count()
	}
	set := uint64(r.count()/100 + 1)
	if r.keys <= set {
		return fixed + perSet*int(r.keys) // a restored sketch has some in the list, at less
	}
	list := min(perList*r.keys, uint64(r.count())+4*set) + 256
	return fixed + int(perSet*set+list)
}

// canonical returns axiomhq's encoding of the flushed sketch.
func (r *registers) canonical() []byte {
	b := r.encode()
	if isDense(b) || binary.BigEndian.Uint32(b[4:]) == 0 {
		return b // nothing in an unordered set
	}
	flushed := r.clone()
	flushed.sketch.Estimate() // for its side effect
	return flushed.encode()
}

// isDense reads the fourth byte of axiomhq's encoding.
func isDense(encoded []byte) bool { return encoded[3] == 0 }

// sparseKeys counts the keys of a sparse encoding, in the unordered set and in the list.
func sparseKeys(encoded []byte) uint64 {
	set := uint64(binary.BigEndian.Uint32(encoded[4:]))
	return set + uint64(binary.BigEndian.Uint32(encoded[8+4*set:]))
}

// Snapshot writes the sketch as one frame of at most 100 bytes more than its registers. The same set of keys
// gives the same bytes, whatever the order and the machine. It does not change h.
func (h *HLL[K]) Snapshot(w io.Writer) error { return h.regs.snapshot("HLL.Snapshot", w) }

func (r *registers) snapshot(op string, w io.Writer) error {
	payload := r.canonical()
	f, err := r.config.begin(op, w, len(payload))
	if err != nil {
		return err
	}
	if err := f.payload(payload); err != nil {
		return err
	}
	return f.end()
}

// Restore replaces what h has seen by a snapshot, of which it reads exactly the frame. It returns an *Error
// matching stream.ErrCorrupt for broken bytes and stream.ErrConflict for the snapshot of another
// configuration or key type, or what the reader returned; h is then unchanged. It allocates in proportion to
// what was read.
func (h *HLL[K]) Restore(r io.Reader) error { return h.regs.restore("HLL.Restore", r) }

// restore decodes the payload, which is axiomhq's binary encoding in version 2, in canonical form: byte 0 is
// 2, byte 1 the precision, byte 2 is 0, byte 3 is 1 for sparse and 0 for dense. Dense goes on with the number
// of registers (4 bytes, big-endian) and the registers; sparse with four zero bytes (the unordered set, which
// is empty), then count, last key and length of the sorted list (4 bytes each, big-endian), then the list as
// differences in base 128. Keys and registers are those of our own hash, not of axiomhq's Insert. Bytes that
// would be written differently are refused.
func (r *registers) restore(op string, rd io.Reader) error {
	const leastPayload, sparseHeader = 20, 20
	payload, err := r.config.read(op, rd, min(leastPayload, 8+r.count()), sparseHeader+r.count())
	if err != nil {
		return err
	}
	corrupt := func(offset int64, what string, got, want any, err error) error {
		return &Error{Op: op, What: what, Offset: headerSize + offset, Got: got, Want: want, Class: stream.ErrCorrupt, Err: err}
	}
	if payload[0] != 2 {
		return corrupt(0, "encoding version of the registers", payload[0], 2, nil)
	}
	if uint32(payload[1]) != r.config.small {
		return corrupt(1, "precision of the registers", payload[1], r.config.small, nil)
	}
	restored := registers{config: r.config, sketch: new(hyperloglog.Sketch)}
	if err := restored.sketch.UnmarshalBinary(payload); err != nil {
		return corrupt(0, "registers", nil, nil, err)
	}
	if !bytes.Equal(restored.canonical(), payload) {
		return corrupt(0, "encoding of the registers", "not canonical", "the bytes Snapshot writes", nil)
	}
	restored.inspect()
	*r = restored
	return nil
}

// Digest identifies precision, seed and the shape of the key type.
func (h *HLL[K]) Digest() uint64 { return h.regs.config.digest }
