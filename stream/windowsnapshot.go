package stream

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/internal/snapshot"
)

// The payload of a snapshot of Windows, in the frame of internal/snapshot (uvarint and varint as in encoding/binary):
//
//	varint   watermark in nanoseconds since 1970; the least int64: none yet
//	uvarint  each of WindowStats, in the order of its fields
//	uvarint  open windows, and for each in order of start:
//	    varint   its number: (start - offset) / every
//	    uvarint  keys, at least one, and for each in order of hash, ties as they were first seen:
//	        uvarint  bytes of the key, then the key by its codec
//	        uvarint  bytes of the accumulator, then the accumulator by its codec
//
// Order of hash makes equal states equal bytes, whatever order the keys came in.

var _ State = (*Windows[int, int, int])(nil)

// SnapshotError reports why a state was not restored. It matches ErrCorrupt where bytes are broken, and ErrConflict
// where they are the snapshot of another configuration, or of something else. The state is unchanged.
type SnapshotError struct {
	Op     string // the call, "Windows.Restore"
	Offset int64  // where in the snapshot, in bytes
	What   string // what is wrong, "digest of the configuration"
	Got    any    // what it was; nil where Err says it
	Want   any    // what it must be
	Class  error  // ErrCorrupt or ErrConflict
	Err    error  // the cause; nil: none
}

// Error says where, what was found, what was wanted, and the class.
func (e *SnapshotError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "stream: %s: at byte %d: %s", e.Op, e.Offset, e.What)
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	} else {
		fmt.Fprintf(&b, " is %v, want %v", e.Got, e.Want)
	}
	fmt.Fprintf(&b, ": %v", e.Class)
	return b.String()
}

// Unwrap gives the class and, if there is one, the cause.
func (e *SnapshotError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Class}
	}
	return []error{e.Class, e.Err}
}

// UseCodecs sets how keys and accumulators are written, where their types are none that a codec can be compiled from:
// an accumulator with unexported state, a key with an interface inside. A nil one is left as it is. Call it before
// Snapshot, Restore and Digest; what is supplied here is part of the configuration by the name of its type.
func (w *Windows[T, K, A]) UseCodecs(key Codec[K], value Codec[A]) {
	if key != nil {
		w.codecs.key, w.codecs.keyShape = key, fmt.Sprintf("%T", key)
	}
	if value != nil {
		w.codecs.value, w.codecs.valueShape = value, fmt.Sprintf("%T", value)
	}
}

// windowCodecs write keys and accumulators; they are compiled when they are first asked for.
type windowCodecs[K comparable, A any] struct {
	key                  Codec[K]
	value                Codec[A]
	keyShape, valueShape string // what of them enters the digest
}

// compile returns an *OptionError for a type that cannot be written.
func (c *windowCodecs[K, A]) compile(op string) error {
	refuse := func(option string, err error) error {
		return &OptionError{Package: "stream", Func: op, Option: option, Got: err, Want: "one that has bytes, or have a Codec by UseCodecs"}
	}
	if c.key == nil {
		codec, err := rowcodec.New[K]()
		if err != nil {
			return refuse("key type", err)
		}
		c.key, c.keyShape = codec, fmt.Sprintf("%016x", codec.Digest())
	}
	if c.value == nil {
		codec, err := rowcodec.New[A]()
		if err != nil {
			return refuse("accumulator type", err)
		}
		c.value, c.valueShape = codec, fmt.Sprintf("%016x", codec.Digest())
	}
	return nil
}

// Digest identifies size, Every, Offset, Disorder and the layouts of key and accumulator. What key, time and fold
// do with an event is not in it, for functions cannot be compared: whoever changes them starts anew.
func (w *Windows[T, K, A]) Digest() uint64 {
	_ = w.codecs.compile("Windows.Digest") // a type that cannot be written has no shape; Snapshot says so
	return hash.String(fmt.Sprintf("windows size=%d every=%d offset=%d disorder=%d key=%s value=%s",
		w.size, w.every, w.offset, w.clock.disorder, w.codecs.keyShape, w.codecs.valueShape), 0)
}

func (w *Windows[T, K, A]) header() snapshot.Header {
	return snapshot.Header{Kind: "windows", Digest: w.Digest()}
}

// Snapshot writes the state: watermark, counts, and the open windows. It returns an *OptionError for a key or an
// accumulator that cannot be written (see UseCodecs), the error of out, and the state's own after one.
func (w *Windows[T, K, A]) Snapshot(out io.Writer) error {
	if w.failed != nil {
		return w.failed
	}
	if err := w.codecs.compile("Windows.Snapshot"); err != nil {
		return err
	}
	s := snapshot.NewWriter(out, w.header())
	s.Varint(w.clock.watermark)
	stats := w.clock.stats
	for _, n := range stats.fields() {
		s.Uvarint(uint64(*n))
	}
	s.Uvarint(uint64(len(w.open)))
	var record []byte
	write := func(b []byte, err error) error {
		if err != nil {
			return fmt.Errorf("stream: Windows.Snapshot: %w", err)
		}
		record = b
		s.Uvarint(uint64(len(b)))
		_, err = s.Write(b)
		return err
	}
	for _, start := range w.inOrder() {
		p := w.open[start]
		s.Varint(floorDiv(start-w.offset, w.every))
		s.Uvarint(uint64(p.table.Len()))
		for i := range p.table.ByHash() {
			if err := write(w.codecs.key.Append(record[:0], p.table.Key(i))); err != nil {
				return err
			}
			if err := write(w.codecs.value.Append(record[:0], &p.vals[i])); err != nil {
				return err
			}
		}
	}
	if err := s.Close(); err != nil {
		return fmt.Errorf("stream: Windows.Snapshot: %w", err)
	}
	return nil
}

// Restore replaces the state by a snapshot: what is pushed from here on continues it. It reads exactly one snapshot from
// in. It returns a *SnapshotError for bytes that are broken or of another configuration, an *OptionError for a key
// or an accumulator that cannot be read, a *LimitError, and the error of in; the state is then unchanged. While it
// runs, both the old state and the new are booked with a shared budget.
func (w *Windows[T, K, A]) Restore(in io.Reader) error {
	if err := w.codecs.compile("Windows.Restore"); err != nil {
		return err
	}
	s, err := snapshot.NewReader(in, w.header())
	if err != nil {
		return restoreError(err)
	}
	// Everything goes into a state of its own, which takes the place of w's when all is read.
	fresh := *w
	fresh.failed = nil
	fresh.empty()
	fresh.account = w.account.another()
	give := &fresh // whose memory is not needed: after a panic of a codec, too
	defer func() { give.end(nil) }()
	if err := fresh.read(s); err != nil {
		return restoreError(err)
	}
	old := *w
	*w, give = fresh, &old
	return nil
}

// restoreError says of an error of the frame what it means here, and of one of the input whence it comes.
func restoreError(err error) error {
	if frame, ok := errors.AsType[*snapshot.Error](err); ok {
		class := ErrCorrupt
		if frame.Conflict {
			class = ErrConflict
		}
		return &SnapshotError{Op: "Windows.Restore", Offset: frame.Offset, What: frame.What, Got: frame.Got, Want: frame.Want, Class: class}
	}
	if _, ok := errors.AsType[*SnapshotError](err); ok || errors.Is(err, ErrLimit) {
		return err
	}
	return fmt.Errorf("stream: Windows.Restore: %w", err)
}

func (w *Windows[T, K, A]) read(s *snapshot.Reader) (err error) {
	if w.clock.watermark, err = s.Varint(); err != nil {
		return err
	}
	if err := w.readStats(s); err != nil {
		return err
	}
	windows, err := s.Uvarint()
	if err != nil {
		return err
	}
	before := int64(math.MinInt64)
	for range windows {
		if before, err = w.readWindow(s, before); err != nil {
			return err
		}
	}
	return s.End()
}

func (w *Windows[T, K, A]) readStats(s *snapshot.Reader) error {
	at := s.Offset()
	var stats WindowStats
	for _, n := range stats.fields() {
		v, err := s.Uvarint()
		if err != nil {
			return err
		}
		if v > math.MaxInt64 {
			return &snapshot.Error{Offset: at, What: "a count", Got: v, Want: "at most 9223372036854775807"}
		}
		*n = int64(v)
	}
	if !stats.conserved() {
		return &snapshot.Error{Offset: at, What: "counts", Got: fmt.Sprintf("%+v", stats), Want: "the same on both sides"}
	}
	w.clock.stats = stats
	return nil
}

// readWindow reads one window, which starts after before.
func (w *Windows[T, K, A]) readWindow(s *snapshot.Reader, before int64) (start int64, err error) {
	at := s.Offset()
	number, err := s.Varint()
	if err != nil {
		return 0, err
	}
	// A window that starts outside these bounds holds no event that is in range.
	if number < floorDiv(w.clock.low-w.size, w.every) || number > floorDiv(w.clock.high, w.every) {
		return 0, &snapshot.Error{Offset: at, What: "number of a window", Got: number, Want: "one in the years 1677 to 2262"}
	}
	start = number*w.every + w.offset
	if start <= before || start+w.size <= w.clock.watermark {
		return 0, &snapshot.Error{Offset: at, What: "start of a window", Got: instant(start), Want: "one that is open, in order of start"}
	}
	keys, err := s.Uvarint()
	if err != nil {
		return 0, err
	}
	if keys == 0 {
		return 0, &snapshot.Error{Offset: at, What: "number of keys", Got: 0, Want: "positive"}
	}
	p, err := w.newPane(start)
	if err != nil {
		return 0, err
	}
	var hashBefore uint64
	for range keys {
		at := s.Offset()
		var k K
		if err := readRecord(s, "key", w.codecs.key, &k); err != nil {
			return 0, err
		}
		if err := w.keys.check(&k, 0); err != nil {
			return 0, &snapshot.Error{Offset: at, What: "key", Got: err, Want: "one that can be compared"}
		}
		i, added, err := p.upsert(w.keys, &k, w.account)
		if err != nil {
			return 0, err
		}
		if hash := p.table.HashAt(i); !added || hash < hashBefore {
			return 0, &snapshot.Error{Offset: at, What: "key", Got: k, Want: "another, in order of hash"}
		} else {
			hashBefore = hash
		}
		if err := readRecord(s, "accumulator", w.codecs.value, &p.vals[i]); err != nil {
			return 0, err
		}
		if w.account != nil {
			more := sizeOfAcc(&w.fold, &p.vals[i])
			if err := rebook(w.account, more); err != nil {
				return 0, err
			}
			p.held += more
		}
	}
	return start, nil
}

// readRecord reads one value with its length.
func readRecord[V any](s *snapshot.Reader, what string, codec Codec[V], v *V) error {
	at := s.Offset()
	n, err := s.Uvarint()
	if err != nil {
		return err
	}
	b, err := s.Next(n)
	if err != nil {
		return err
	}
	rest, err := codec.Decode(b, v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d of its %d bytes are left", len(rest), n)
	}
	if err != nil {
		return &SnapshotError{Op: "Windows.Restore", Offset: at, What: what, Class: ErrCorrupt, Err: err}
	}
	return nil
}

// floorDiv is n / m, rounded down; m is positive.
func floorDiv(n, m int64) int64 {
	return (n - floorMod(n, m)) / m
}
