package stream

import (
	"fmt"
	"io"

	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/internal/snapshot"
)

// What the snapshots of Windows, Trails and Scans have in common: values are records (uvarint of the bytes, then the bytes
// of a codec), and keyed states stand in order of the keys' hash, so that equal states are equal bytes, whatever order the
// keys came in.

// stateCodec writes the values of one type; it is compiled when it is first asked for.
type stateCodec[V any] struct {
	codec Codec[V]
	shape string // what of it enters the digest
}

// use takes the caller's codec, unless it is nil.
func (c *stateCodec[V]) use(codec Codec[V]) {
	if codec != nil {
		c.codec, c.shape = codec, fmt.Sprintf("%T", codec)
	}
}

// compile returns an *OptionError of what, for a type that cannot be written.
func (c *stateCodec[V]) compile(op, what string) error {
	if c.codec != nil {
		return nil
	}
	codec, err := rowcodec.New[V]()
	if err != nil {
		return &OptionError{Package: "stream", Func: op, Option: what, Got: err, Want: "one that has bytes, or have a Codec by UseCodecs"}
	}
	c.codec, c.shape = codec, fmt.Sprintf("%016x", codec.Digest())
	return nil
}

// recordWriter writes a snapshot.
type recordWriter struct {
	*snapshot.Writer
	op  string // the call, for errors
	buf []byte // of the record written last
}

// close ends the snapshot; it returns the first error of the writer below.
func (w *recordWriter) close() error {
	if err := w.Close(); err != nil {
		return fmt.Errorf("stream: %s: %w", w.op, err)
	}
	return nil
}

func (w *recordWriter) stats(stats WindowStats) {
	for _, n := range stats.fields() {
		w.Uvarint(uint64(*n))
	}
}

// write writes one value with its length.
func (c *stateCodec[V]) write(w *recordWriter, v *V) error {
	b, err := c.codec.Append(w.buf[:0], v)
	if err == nil {
		w.buf = b
		w.Uvarint(uint64(len(b)))
		_, err = w.Write(b)
	}
	if err != nil {
		return fmt.Errorf("stream: %s: %w", w.op, err)
	}
	return nil
}

// recordReader reads a snapshot.
type recordReader struct {
	*snapshot.Reader
	op string // the call, for errors
}

// refuse says of what was read at a place that it is not what it must be.
func (r *recordReader) refuse(at int64, what string, got, want any) error {
	return &snapshot.Error{Offset: at, What: what, Got: got, Want: want}
}

func (r *recordReader) stats() (stats WindowStats, err error) {
	at := r.Offset()
	for _, n := range stats.fields() {
		if *n, err = r.count("a count"); err != nil {
			return stats, err
		}
	}
	if !stats.conserved() {
		return stats, r.refuse(at, "counts", fmt.Sprintf("%+v", stats), "the same on both sides")
	}
	return stats, nil
}

// maxCount is what no run counts to, one element a nanosecond for 146 years: from below it, no further element makes a count
// negative.
const maxCount = 1 << 62

// count reads a number that a run can count to.
func (r *recordReader) count(what string) (int64, error) {
	at := r.Offset()
	v, err := r.Uvarint()
	if err == nil && v >= maxCount {
		err = r.refuse(at, what, v, "less than 4611686018427387904")
	}
	return int64(v), err
}

// read reads one value with its length.
func (c *stateCodec[V]) read(r *recordReader, what string, v *V) error {
	at := r.Offset()
	n, err := r.Uvarint()
	if err != nil {
		return err
	}
	b, err := r.Next(n)
	if err != nil {
		return err
	}
	var zero V
	*v = zero // as a codec may rely on
	rest, err := c.codec.Decode(b, v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d of its %d bytes are left", len(rest), n)
	}
	if err != nil {
		return &SnapshotError{Op: r.op, Offset: at, What: what, Class: ErrCorrupt, Err: err}
	}
	return nil
}

// readSlot reads a key, adds it to those read before it, and gives its index. It must come behind them in order of hash;
// before is the hash of the last.
func readSlot[K comparable, S any](r *recordReader, codec *stateCodec[K], keys keys[K], to *slots[K, S], account *Account, before *uint64) (index int, err error) {
	at := r.Offset()
	var k K
	if err := codec.read(r, "key", &k); err != nil {
		return 0, err
	}
	if err := keys.check(&k, 0); err != nil {
		return 0, r.refuse(at, "key", err, "one that can be compared")
	}
	index, added, err := to.upsert(keys, &k, account)
	if err != nil {
		return 0, err
	}
	hash := to.table.HashAt(index)
	if !added || hash < *before {
		return 0, r.refuse(at, "key", k, "another, in order of hash")
	}
	*before = hash
	return index, nil
}

// restorable is a state object S by its pointer.
type restorable[S any] interface {
	*S
	header() snapshot.Header
	blank()                     // makes a copy of a state an empty one with an account of its own
	read(r *recordReader) error // reads the payload into a blank state
	giveBack()                  // gives back the memory that is booked
}

// restoreState replaces a state by the snapshot in in. Everything goes into a state of its own, which takes the place when
// all is read.
func restoreState[S any, P restorable[S]](state P, op string, in io.Reader) error {
	s, err := snapshot.NewReader(in, state.header())
	if err != nil {
		return restoreError(op, err)
	}
	fresh := *state
	P(&fresh).blank()
	give := P(&fresh) // whose memory is not needed: after a panic of a codec, too
	defer func() { give.giveBack() }()
	if err := give.read(&recordReader{s, op}); err != nil {
		return restoreError(op, err)
	}
	old := *state
	*state, give = fresh, &old
	return nil
}
