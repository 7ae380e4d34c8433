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
	op string // the call, for errors
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
	if err := snapshot.WriteRecord(w.Writer, c.codec, v); err != nil {
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
	return snapshot.Refuse(at, what, got, want)
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

// count reads a number that a run can count to.
func (r *recordReader) count(what string) (int64, error) { return r.Count(what) }

// read reads one value with its length.
func (c *stateCodec[V]) read(r *recordReader, what string, v *V) error {
	return snapshot.ReadRecord(r.Reader, what, c.codec, v)
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
