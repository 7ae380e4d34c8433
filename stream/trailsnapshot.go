package stream

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/snapshot"
)

// The payload of a snapshot of Trails, in the frame of internal/snapshot (records as in staterecord.go):
//
//	varint   watermark in nanoseconds since 1970; the least int64: none yet
//	varint   time of the event given out last; the least int64: none yet
//	uvarint  each of WindowStats, in the order of its fields; Counted - Windows is how many events wait
//	of each event that waits, in order of time, ties as they came:
//	    varint   time
//	    record   key
//	    record   event
//	uvarint  keys with a trail that is not over, and for each in order of hash, ties as they were first seen:
//	    record   key
//	    uvarint  folds of the front, and for each, the oldest first:
//	        varint   time
//	        record   accumulator
//	    uvarint  events of the back, and for each in order of time:
//	        varint   time
//	        record   event
//	    record   the accumulator of all of the back, where the fold is merged and the back is not empty
//
// Front and back are written as they stand: how they are cut depends on the events alone, not on when snapshots were
// made. A trail that is over is as none, and may have been thrown out or not: it is left away.

var _ State = (*Trails[int, int, int])(nil)

// UseCodecs sets how events, keys and accumulators are written, where their types are none that a codec can be compiled
// from. A nil one is left as it is; value is not needed where the fold is not Exact or has no Merge. Call it before
// Snapshot, Restore and Digest; what is supplied here is part of the configuration by the name of its type.
func (r *Trails[T, K, A]) UseCodecs(event Codec[T], key Codec[K], value Codec[A]) {
	r.eventCodec.use(event)
	r.keyCodec.use(key)
	r.valueCodec.use(value)
}

// compile returns an *OptionError for a type that cannot be written.
func (r *Trails[T, K, A]) compile(op string) error {
	err := r.eventCodec.compile(op, "event type")
	if err == nil {
		err = r.keyCodec.compile(op, "key type")
	}
	if err == nil && merges(&r.fold) {
		err = r.valueCodec.compile(op, "accumulator type")
	}
	return err
}

// Digest identifies span, ExcludeSelf, Disorder, whether the fold is merged, and the layouts of event, key and
// accumulator. What key, time and fold do with an event is not in it, for functions cannot be compared: whoever changes
// them starts anew.
func (r *Trails[T, K, A]) Digest() uint64 {
	_ = r.compile("Trails.Digest") // a type that cannot be written has no shape; Snapshot says so
	value := ""
	if merges(&r.fold) {
		value = r.valueCodec.shape
	}
	return hash.String(fmt.Sprintf("trails span=%d self=%t disorder=%d merges=%t event=%s key=%s value=%s",
		r.span, r.self, r.clock.disorder, merges(&r.fold), r.eventCodec.shape, r.keyCodec.shape, value), 0)
}

func (r *Trails[T, K, A]) header() snapshot.Header {
	return snapshot.Header{Kind: "trails", Digest: r.Digest()}
}

// Snapshot writes the state: watermark, counts, the events that wait, and those of the last span of each key. It returns
// an *OptionError for an event, a key or an accumulator that cannot be written (see UseCodecs), the error of out, and the
// state's own after one.
func (r *Trails[T, K, A]) Snapshot(out io.Writer) error {
	if r.failed != nil {
		return r.failed
	}
	const op = "Trails.Snapshot"
	if err := r.compile(op); err != nil {
		return err
	}
	s := &recordWriter{Writer: snapshot.NewWriter(out, r.header()), op: op}
	s.Varint(r.clock.watermark)
	s.Varint(r.now)
	s.stats(r.clock.stats)
	waiting := make([]*arrival[T, K], r.waiting.len())
	for i := range waiting {
		waiting[i] = &r.waiting.items[i]
	}
	slices.SortFunc(waiting, func(a, b *arrival[T, K]) int {
		if r.waiting.before(a, b) {
			return -1
		}
		return 1
	})
	for _, e := range waiting {
		s.Varint(e.t)
		if err := r.keyCodec.write(s, &e.key); err != nil {
			return err
		}
		if err := r.eventCodec.write(s, &e.value); err != nil {
			return err
		}
	}
	live := 0
	for i := range r.vals {
		if !r.isOver(&r.vals[i]) {
			live++
		}
	}
	s.Uvarint(uint64(live))
	for i := range r.table.ByHash() {
		if tr := &r.vals[i]; !r.isOver(tr) {
			if err := r.keyCodec.write(s, r.table.Key(i)); err != nil {
				return err
			}
			if err := r.writeTrail(s, tr); err != nil {
				return err
			}
		}
	}
	return s.close()
}

func (r *Trails[T, K, A]) writeTrail(s *recordWriter, tr *trail[T, A]) error {
	s.Uvarint(uint64(len(tr.front)))
	for i := range slices.Backward(tr.front) {
		s.Varint(tr.front[i].t)
		if err := r.valueCodec.write(s, &tr.front[i].acc); err != nil {
			return err
		}
	}
	s.Uvarint(uint64(tr.back.n))
	for i := range tr.back.n {
		e := tr.back.at(i)
		s.Varint(e.t)
		if err := r.eventCodec.write(s, &e.value); err != nil {
			return err
		}
	}
	if tr.back.n == 0 || !merges(&r.fold) {
		return nil
	}
	return r.valueCodec.write(s, &tr.backAcc)
}

// Restore replaces the state by a snapshot: what is pushed from here on continues it. It reads exactly one snapshot from
// in. It returns a *SnapshotError for bytes that are broken or of another configuration, an *OptionError for an event, a
// key or an accumulator that cannot be read, a *LimitError, and the error of in; the state is then unchanged. While it
// runs, both the old state and the new are booked with a shared budget.
func (r *Trails[T, K, A]) Restore(in io.Reader) error {
	const op = "Trails.Restore"
	if err := r.compile(op); err != nil {
		return err
	}
	return restoreState(r, op, in)
}

func (r *Trails[T, K, A]) blank() {
	r.failed = nil
	r.empty()
	r.account = r.account.another()
}

func (r *Trails[T, K, A]) read(s *recordReader) (err error) {
	if r.clock.watermark, err = s.Varint(); err != nil {
		return err
	}
	at := s.Offset()
	if r.now, err = s.Varint(); err != nil {
		return err
	}
	if r.now != math.MinInt64 && (r.now > r.clock.watermark || !r.clock.seen(r.now)) {
		return s.refuse(at, "time of the event given out last", instant(r.now), "the watermark or before")
	}
	at = s.Offset()
	if r.clock.stats, err = s.stats(); err != nil {
		return err
	}
	stats := r.clock.stats
	waiting := stats.Counted - stats.Windows
	if waiting < 0 || stats.PartlyLate != 0 {
		return s.refuse(at, "counts", fmt.Sprintf("%+v", stats), "no more results than events, none partly late")
	}
	last := r.clock.watermark
	for i := range waiting {
		e := arrival[T, K]{index: i - waiting}
		at := s.Offset()
		if e.t, err = s.Varint(); err != nil {
			return err
		}
		if e.t < last || e.t == r.clock.watermark {
			return s.refuse(at, "time of a waiting event", instant(e.t), "one behind the watermark, in order")
		}
		if !r.clock.seen(e.t) {
			return s.refuse(at, "time of a waiting event", instant(e.t), "one that the watermark has followed")
		}
		last = e.t
		at = s.Offset()
		if err := r.keyCodec.read(s, "key", &e.key); err != nil {
			return err
		}
		if err := r.keys.check(&e.key, 0); err != nil {
			return s.refuse(at, "key", err, "one that can be compared")
		}
		if err := r.eventCodec.read(s, "event", &e.value); err != nil {
			return err
		}
		if err := r.wait(e); err != nil {
			return err
		}
	}
	keys, err := s.Uvarint()
	if err != nil {
		return err
	}
	var hashBefore uint64
	for range keys {
		i, err := readSlot(s, &r.keyCodec, r.keys, &r.slots, r.account, &hashBefore)
		if err != nil {
			return err
		}
		tr := &r.vals[i]
		if err := r.readTrail(s, tr); err != nil {
			return err
		}
		if r.account != nil {
			more, err := tr.rebook(&r.fold)
			if err != nil {
				return named(err, r.clock.fn)
			}
			if err := r.account.Grow(more); err != nil {
				return err
			}
		}
	}
	return s.End()
}

// readTrail reads one trail, which must hold an event that still counts.
func (r *Trails[T, K, A]) readTrail(s *recordReader, tr *trail[T, A]) error {
	begun := s.Offset()
	last := int64(math.MinInt64)
	time := func() (int64, error) {
		at := s.Offset()
		t, err := s.Varint()
		if err == nil && (t < last || t > r.now || !r.clock.seen(t)) {
			err = s.refuse(at, "time of an event", instant(t), "one up to that of the event given out last, in order")
		}
		last = t
		return t, err
	}
	n, err := s.Uvarint()
	if err != nil {
		return err
	}
	if n > 0 && !merges(&r.fold) {
		return s.refuse(begun, "number of folds", n, "0, for the fold is not merged")
	}
	for range n {
		var e folded[A]
		if e.t, err = time(); err != nil {
			return err
		}
		if err := r.valueCodec.read(s, "accumulator", &e.acc); err != nil {
			return err
		}
		if e.held, err = sizeOfAcc(&r.fold, &e.acc); err != nil {
			return named(err, r.clock.fn)
		}
		tr.held += e.held
		tr.front = append(tr.front, e)
	}
	slices.Reverse(tr.front)
	if n, err = s.Uvarint(); err != nil {
		return err
	}
	for range n {
		var e timed[T]
		if e.t, err = time(); err != nil {
			return err
		}
		if err := r.eventCodec.read(s, "event", &e.value); err != nil {
			return err
		}
		tr.back.push(e)
		last := tr.back.at(tr.back.n - 1)
		last.held = r.size(&last.value)
		tr.held += last.held
	}
	tr.newest = last
	if len(tr.front)+tr.back.n == 0 || r.isOver(tr) {
		return s.refuse(begun, "newest event of a key", instant(last), "one that counts")
	}
	if tr.back.n == 0 || !merges(&r.fold) {
		return nil
	}
	return r.valueCodec.read(s, "accumulator", &tr.backAcc)
}
