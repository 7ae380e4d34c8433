package stream

import (
	"fmt"
	"io"
	"math"

	"github.com/millrace-go/millrace/internal/hash"
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

// UseCodecs sets how keys and accumulators are written, where their types are none that a codec can be compiled from:
// an accumulator with unexported state, a key with an interface inside. A nil one is left as it is. Call it before
// Snapshot, Restore and Digest; what is supplied here is part of the configuration by the name of its type.
func (w *Windows[T, K, A]) UseCodecs(key Codec[K], value Codec[A]) {
	w.keyCodec.use(key)
	w.valueCodec.use(value)
}

// compile returns an *OptionError for a type that cannot be written.
func (w *Windows[T, K, A]) compile(op string) error {
	if err := w.keyCodec.compile(op, "key type"); err != nil {
		return err
	}
	return w.valueCodec.compile(op, "accumulator type")
}

// Digest identifies size, Every, Offset, Disorder and the layouts of key and accumulator. What key, time and fold
// do with an event is not in it, for functions cannot be compared: whoever changes them starts anew.
func (w *Windows[T, K, A]) Digest() uint64 {
	_ = w.compile("Windows.Digest") // a type that cannot be written has no shape; Snapshot says so
	return hash.String(fmt.Sprintf("windows size=%d every=%d offset=%d disorder=%d key=%s value=%s",
		w.size, w.every, w.offset, w.clock.disorder, w.keyCodec.shape, w.valueCodec.shape), 0)
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
	const op = "Windows.Snapshot"
	if err := w.compile(op); err != nil {
		return err
	}
	s := &recordWriter{Writer: snapshot.NewWriter(out, w.header()), op: op}
	s.Varint(w.clock.watermark)
	s.stats(w.clock.stats)
	s.Uvarint(uint64(len(w.open)))
	for _, start := range w.inOrder() {
		p := w.open[start]
		s.Varint(floorDiv(start-w.offset, w.every))
		s.Uvarint(uint64(p.table.Len()))
		for i := range p.table.ByHash() {
			if err := w.keyCodec.write(s, p.table.Key(i)); err != nil {
				return err
			}
			if err := w.valueCodec.write(s, &p.vals[i]); err != nil {
				return err
			}
		}
	}
	return s.close()
}

// Restore replaces the state by a snapshot: what is pushed from here on continues it. It reads exactly one snapshot from
// in. It returns a *SnapshotError for bytes that are broken or of another configuration, an *OptionError for a key
// or an accumulator that cannot be read, a *LimitError, and the error of in; the state is then unchanged. While it
// runs, both the old state and the new are booked with a shared budget.
func (w *Windows[T, K, A]) Restore(in io.Reader) error {
	const op = "Windows.Restore"
	if err := w.compile(op); err != nil {
		return err
	}
	return restoreState(w, op, in)
}

func (w *Windows[T, K, A]) blank() {
	w.failed = nil
	w.empty()
	w.account = w.account.another()
}

func (w *Windows[T, K, A]) read(s *recordReader) (err error) {
	if w.clock.watermark, err = s.Varint(); err != nil {
		return err
	}
	if w.clock.stats, err = s.stats(); err != nil {
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

// readWindow reads one window, which starts after before.
func (w *Windows[T, K, A]) readWindow(s *recordReader, before int64) (start int64, err error) {
	at := s.Offset()
	number, err := s.Varint()
	if err != nil {
		return 0, err
	}
	// A window that starts outside these bounds holds no event that is in range.
	if number < floorDiv(w.clock.low-w.size, w.every) || number > floorDiv(w.clock.high, w.every) {
		return 0, s.refuse(at, "number of a window", number, "one in the years 1677 to 2262")
	}
	start = number*w.every + w.offset
	if start <= before || start+w.size <= w.clock.watermark {
		return 0, s.refuse(at, "start of a window", instant(start), "one that is open, in order of start")
	}
	if !w.clock.seen(max(start, w.clock.earliest())) { // the first event that can be in it
		return 0, s.refuse(at, "start of a window", instant(start), "one that the watermark has followed")
	}
	keys, err := s.Uvarint()
	if err != nil {
		return 0, err
	}
	if keys == 0 {
		return 0, s.refuse(at, "number of keys", 0, "positive")
	}
	p, err := w.newPane(start)
	if err != nil {
		return 0, err
	}
	var hashBefore uint64
	for range keys {
		i, err := readSlot(s, &w.keyCodec, w.keys, &p.slots, w.account, &hashBefore)
		if err != nil {
			return 0, err
		}
		if err := w.valueCodec.read(s, "accumulator", &p.vals[i]); err != nil {
			return 0, err
		}
		if w.account != nil {
			more, err := sizeOfAcc(&w.fold, &p.vals[i])
			if err != nil {
				return 0, named(err, w.clock.fn)
			}
			if err := rebook(w.account, more); err != nil {
				return 0, err
			}
			p.held += more
		}
	}
	return start, nil
}

// floorDiv is n / m, rounded down; m is positive.
func floorDiv(n, m int64) int64 {
	return (n - floorMod(n, m)) / m
}
