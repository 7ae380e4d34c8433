package stream

import (
	"fmt"
	"io"
	"math"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/snapshot"
)

// The payload of a snapshot of Scans, in the frame of internal/snapshot (records as in staterecord.go):
//
//	varint   watermark in nanoseconds since 1970; the least int64: none yet
//	uvarint  elements seen
//	uvarint  of them, late ones
//	uvarint  keys whose state is not over, and for each in order of hash, ties as they were first seen:
//	    record   key
//	    varint   latest time of the key; where there is a TTL
//	    record   state

var _ State = (*Scans[int, int, int, int])(nil)

// UseCodecs sets how keys and states are written, where their types are none that a codec can be compiled from. A nil one
// is left as it is. Call it before Snapshot, Restore and Digest; what is supplied here is part of the configuration by
// the name of its type.
func (s *Scans[T, K, S, Out]) UseCodecs(key Codec[K], state Codec[S]) {
	s.keyCodec.use(key)
	s.stateCodec.use(state)
}

// compile returns an *OptionError for a type that cannot be written.
func (s *Scans[T, K, S, Out]) compile(op string) error {
	if err := s.keyCodec.compile(op, "key type"); err != nil {
		return err
	}
	return s.stateCodec.compile(op, "state type")
}

// Digest identifies TTL, Disorder and the layouts of key and state. What the functions do with an element is not in it,
// for functions cannot be compared: whoever changes them starts anew.
func (s *Scans[T, K, S, Out]) Digest() uint64 {
	_ = s.compile("Scans.Digest") // a type that cannot be written has no shape; Snapshot says so
	return hash.String(fmt.Sprintf("scans ttl=%d disorder=%d key=%s state=%s",
		s.ttl, s.clock.disorder, s.keyCodec.shape, s.stateCodec.shape), 0)
}

func (s *Scans[T, K, S, Out]) header() snapshot.Header {
	return snapshot.Header{Kind: "scans", Digest: s.Digest()}
}

// Snapshot writes the state of each key that has one. It returns an *OptionError for a key or a state that cannot be
// written (see UseCodecs), the error of out, and the state's own after one.
func (s *Scans[T, K, S, Out]) Snapshot(out io.Writer) error {
	if s.failed != nil {
		return s.failed
	}
	const op = "Scans.Snapshot"
	if err := s.compile(op); err != nil {
		return err
	}
	w := &recordWriter{Writer: snapshot.NewWriter(out, s.header()), op: op}
	w.Varint(s.clock.watermark)
	w.Uvarint(uint64(s.clock.stats.In))
	w.Uvarint(uint64(s.clock.stats.Late))
	live := 0
	for i := range s.vals {
		if !s.over(&s.vals[i]) {
			live++
		}
	}
	w.Uvarint(uint64(live))
	for i := range s.table.ByHash() {
		d := &s.vals[i]
		if s.over(d) {
			continue
		}
		if err := s.keyCodec.write(w, s.table.Key(i)); err != nil {
			return err
		}
		if s.ttl > 0 {
			w.Varint(d.latest)
		}
		if err := s.stateCodec.write(w, &d.state); err != nil {
			return err
		}
	}
	return w.close()
}

// Restore replaces the state by a snapshot: what is pushed from here on continues it. It reads exactly one snapshot from
// in. It returns a *SnapshotError for bytes that are broken or of another configuration, an *OptionError for a key or a
// state that cannot be read, a *LimitError, and the error of in; the state is then unchanged. While it runs, both the old
// state and the new are booked with a shared budget.
func (s *Scans[T, K, S, Out]) Restore(in io.Reader) error {
	const op = "Scans.Restore"
	if err := s.compile(op); err != nil {
		return err
	}
	return restoreState(s, op, in)
}

func (s *Scans[T, K, S, Out]) blank() {
	s.failed = nil
	s.scan = s.another()
}

func (s *Scans[T, K, S, Out]) read(r *recordReader) (err error) {
	at := r.Offset()
	if s.clock.watermark, err = r.Varint(); err != nil {
		return err
	}
	if s.ttl == 0 && s.clock.watermark != math.MinInt64 {
		return r.refuse(at, "watermark", instant(s.clock.watermark), "none, for there is no TTL")
	}
	elements, err := r.count("number of elements")
	if err != nil {
		return err
	}
	at = r.Offset()
	late, err := r.count("number of late elements")
	if err != nil {
		return err
	}
	if late > elements || late > 0 && s.clock.watermark == math.MinInt64 {
		return r.refuse(at, "number of late elements", late, "at most that of elements, and none before a watermark")
	}
	s.clock.stats = WindowStats{In: elements, Counted: elements - late, Late: late}
	at = r.Offset()
	keys, err := r.Uvarint()
	if err != nil {
		return err
	}
	if keys > uint64(elements-late) {
		return r.refuse(at, "number of keys", keys, "at most that of elements in time")
	}
	var hashBefore uint64
	for range keys {
		i, err := readSlot(r, &s.keyCodec, s.keys, &s.slots, s.account, &hashBefore)
		if err != nil {
			return err
		}
		d := &s.vals[i]
		d.known = true
		if s.ttl > 0 {
			at := r.Offset()
			if d.latest, err = r.Varint(); err != nil {
				return err
			}
			if !s.clock.seen(d.latest) {
				return r.refuse(at, "latest time of a key", instant(d.latest), "one that the watermark has followed")
			}
			if s.over(d) {
				return r.refuse(at, "latest time of a key", instant(d.latest), "one whose state is not over")
			}
		}
		if err := s.stateCodec.read(r, "state", &d.state); err != nil {
			return err
		}
	}
	return r.End()
}
