package stream_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

type (
	tickTrails = stream.Trails[tick, float64, []int]
	tickTrail  = stream.Pair[tick, []int]
)

func newTickTrails(t require.TestingT, span time.Duration, fold stream.Fold[tick, []int], o stream.TrailingOptions[tick]) *tickTrails {
	w, err := stream.NewTrails(span, tick.key, tick.at, fold, o)
	require.NoError(t, err)
	return w
}

// Pushing a stream in any chunks, with a snapshot into another process at every cut, gives what one run gives: the same
// folds at the same time, the same late events, the same counts, and the same bytes of the state at the end. One run is
// what Trailing yields.
func TestTrails_Law_ChunkedEqualsWhole(t *testing.T) {
	refolded := order
	refolded.Exact = false
	eachCase(t, 1000, func(t require.TestingT, r *rand.Rand) {
		span := time.Duration(1 + r.IntN(60))
		o := stream.TrailingOptions[tick]{Disorder: time.Duration(r.IntN(30)), ExcludeSelf: r.IntN(2) == 0}
		if r.IntN(8) == 0 {
			o.Disorder = math.MaxInt64
		}
		fold := []stream.Fold[tick, []int]{order, refolded}[r.IntN(2)]
		events := randomTicks(r, int64(min(o.Disorder, 30)), r.IntN(3))
		if r.IntN(2) == 0 { // many keys: those that have gone quiet are let go
			for i := range events {
				events[i].Key = float64(r.IntN(60))
			}
		}
		var got, want []tickTrail
		var late, wantLate []stream.Late[tick]
		o.Late = stream.Into(&wantLate)
		whole := newTickTrails(t, span, fold, o)
		operator := stream.Trailing(stream.Of(events...), span, tick.key, tick.at, fold, o)
		o.Late = stream.Into(&late)
		o.Resources.Memory = int64(r.IntN(2)) << 30 // no part of the configuration
		chunked := newTickTrails(t, span, fold, o)
		advances := r.IntN(2) == 0 // by a watermark from elsewhere, too
		for _, e := range events {
			if r.IntN(4) == 0 {
				b := snapshotOf(t, chunked)
				require.Equal(t, snapshotOf(t, whole), b)
				next := newTickTrails(t, span, fold, o)
				if r.IntN(2) == 0 { // what it held before does not matter
					require.NoError(t, next.Push(tick{Key: 77, T: 5}, stream.Discard[tickTrail]("thrown away by Restore")))
				}
				require.NoError(t, next.Restore(bytes.NewReader(b)))
				require.Equal(t, b, snapshotOf(t, next), "a snapshot of what was restored is the same bytes")
				chunked = next
			}
			if advances && r.IntN(6) == 0 {
				to := time.Unix(0, e.T-int64(r.IntN(20)))
				require.NoError(t, whole.Advance(to, stream.Into(&want)))
				require.NoError(t, chunked.Advance(to, stream.Into(&got)))
			}
			require.NoError(t, whole.Push(e, stream.Into(&want)))
			require.NoError(t, chunked.Push(e, stream.Into(&got)))
			require.Equal(t, len(want), len(got))
			if r.IntN(60) == 0 {
				require.NoError(t, whole.Flush(stream.Into(&want)))
				require.NoError(t, chunked.Flush(stream.Into(&got)))
				advances = true // late events are others than those of one run
			}
		}
		require.Equal(t, whole.Stats(), chunked.Stats())
		require.NoError(t, whole.Flush(stream.Into(&want)))
		require.NoError(t, chunked.Flush(stream.Into(&got)))
		require.Equal(t, fmt.Sprint(want), fmt.Sprint(got))
		require.Equal(t, fmt.Sprint(wantLate), fmt.Sprint(late))
		require.Equal(t, snapshotOf(t, whole), snapshotOf(t, chunked))
		if !advances {
			late = nil
			yielded, err := stream.Collect(operator)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(yielded), fmt.Sprint(want))
		}
	})
}

// Keys that came in another order, each with the same events, are the same bytes.
func TestTrails_SnapshotIsCanonical(t *testing.T) {
	eachCase(t, 300, func(t require.TestingT, r *rand.Rand) {
		n := 1 + r.IntN(50)
		var states [][]byte
		for range 2 {
			w := newTickTrails(t, 20, order, stream.TrailingOptions[tick]{Disorder: 5})
			for at := range 30 {
				for _, k := range r.Perm(n) { // one event of a key and time
					require.NoError(t, w.Push(tick{Key: float64(k), T: int64(at)}, stream.Discard[tickTrail]("nobody looks")))
				}
				_ = w.Advance(time.Unix(0, int64(at)), stream.Discard[tickTrail]("nobody looks"))
			}
			states = append(states, snapshotOf(t, w))
		}
		require.Equal(t, states[0], states[1])
	})
}

// sampleTrails is a state with events that wait, a trail that has a front, and one that has none.
func sampleTrails(t require.TestingT) *tickTrails {
	w := newTickTrails(t, 10, order, stream.TrailingOptions[tick]{Disorder: 3})
	for i, e := range []tick{{Key: 1, T: 0}, {Key: 1, T: 4}, {Key: 1, T: 6}, {Key: 2, T: 8}, {Key: 1, T: 12}, {Key: 1, T: 12}, {Key: 2, T: 15}, {Key: 1, T: 14}} {
		e.Pos = i
		require.NoError(t, w.Push(e, stream.Discard[tickTrail]("nobody looks")))
	}
	return w
}

func TestTrails_SnapshotGolden(t *testing.T) { requireGolden(t, "trails_v1.golden", sampleTrails(t)) }

func brokenTrails(t require.TestingT) []brokenSnapshot {
	good := snapshotOf(t, sampleTrails(t))
	build := builder(good)
	stats := "\x01\x01\x00\x00\x00\x00\x01" // one event, given out
	waits := "\x01\x01\x00\x00\x00\x00\x00" // one event that waits
	key := func(b byte) string { return "\x08\x00\x00\x00\x00\x00\x00" + string([]byte{b, 0x40}) }
	event := "\x0a" + key(0)[1:] + "\x18\x00"
	acc := "\x02\x02\x0e" // []int{7}
	other := func(span time.Duration, fold stream.Fold[tick, []int], o stream.TrailingOptions[tick]) []byte {
		return snapshotOf(t, newTickTrails(t, span, fold, o))
	}
	plain := order
	plain.Exact = false
	return []brokenSnapshot{
		{"cut", good[:len(good)-1], stream.ErrCorrupt, "end of input"},
		{"other_state", snapshotOf(t, sampleTicks(t)), stream.ErrConflict, `kind of state is "windows", want "trails"`},
		{"other_span", other(11, order, stream.TrailingOptions[tick]{Disorder: 3}), stream.ErrConflict, "digest"},
		{"other_disorder", other(10, order, stream.TrailingOptions[tick]{Disorder: 4}), stream.ErrConflict, "digest"},
		{"other_self", other(10, order, stream.TrailingOptions[tick]{Disorder: 3, ExcludeSelf: true}), stream.ErrConflict, "digest"},
		{"other_fold", other(10, plain, stream.TrailingOptions[tick]{Disorder: 3}), stream.ErrConflict, "digest"},
		{"empty_payload", reframe(good, nil), stream.ErrCorrupt, "a shortest varint"},
		{"trailing", reframe(good, append(payloadOf(good), 0)), stream.ErrCorrupt, "rest of the payload is 1 bytes or more, want 0"},
		{"given_out_in_future", build(int64(5), int64(6), stats), stream.ErrCorrupt, "time of the event given out last"},
		{"not_conserved", build(int64(5), int64(5), "\x02"+stats[1:]), stream.ErrCorrupt, "the same on both sides"},
		{"more_results_than_events", build(int64(5), int64(5), "\x01\x01\x00\x00\x00\x00\x02"), stream.ErrCorrupt, "no more results than events"},
		{"partly_late", build(int64(5), int64(5), "\x01\x01\x00\x01\x00\x00\x01"), stream.ErrCorrupt, "none partly late"},
		{"waits_for_nothing", build(int64(5), int64(5), waits, int64(5), key(0), event, uint64(0)), stream.ErrCorrupt, "want one behind the watermark, in order"},
		{"waits_too_long", build(int64(5), int64(5), waits, int64(9), key(0), event, uint64(0)), stream.ErrCorrupt, "want one that the watermark has followed"},
		{"waits_without_watermark", build(int64(math.MinInt64), int64(math.MinInt64), waits, int64(9), key(0), event, uint64(0)), stream.ErrCorrupt, "want one that the watermark has followed"},
		{"given_out_at_no_time", build(int64(5), int64(math.MinInt64+1), stats), stream.ErrCorrupt, "time of the event given out last"},
		{"counts_overflow_soon", build(int64(5), int64(5), uint64(1<<62), uint64(1<<62), "\x00\x00\x00\x00", uint64(1<<62)), stream.ErrCorrupt, "a count is 4611686018427387904, want less"},
		{"waiting_descend", build(int64(5), int64(5), "\x02\x02\x00\x00\x00\x00\x00", int64(8), key(0), event, int64(7), key(0), event), stream.ErrCorrupt, "want one behind the watermark, in order"},
		{"waiting_of_a_liar", build(int64(5), int64(5), uint64(1<<40), uint64(1<<40), "\x00\x00\x00\x00\x00"), stream.ErrCorrupt, "a shortest varint"},
		{"waiting_key_short", build(int64(5), int64(5), waits, int64(6), "\x02\x00\x00", event), stream.ErrCorrupt, "key: rowcodec"},
		{"waiting_event_short", build(int64(5), int64(5), waits, int64(6), key(0), "\x01\x00"), stream.ErrCorrupt, "event: rowcodec"},
		{"keys_of_a_liar", build(int64(5), int64(5), stats, uint64(1<<40)), stream.ErrCorrupt, "a shortest varint"},
		{"same_key_twice", build(int64(5), int64(5), stats, uint64(2), key(0), uint64(1), int64(5), acc, uint64(0), key(0)), stream.ErrCorrupt, "want another, in order of hash"},
		{"no_events", build(int64(5), int64(5), stats, uint64(1), key(0), uint64(0), uint64(0)), stream.ErrCorrupt, "newest event of a key"},
		{"is_over", build(int64(15), int64(15), stats, uint64(1), key(0), uint64(1), int64(5), acc, uint64(0)), stream.ErrCorrupt, "want one that counts"},
		{"front_descends", build(int64(5), int64(5), stats, uint64(1), key(0), uint64(2), int64(5), acc, int64(4), acc), stream.ErrCorrupt, "time of an event"},
		{"back_before_front", build(int64(5), int64(5), stats, uint64(1), key(0), uint64(1), int64(5), acc, uint64(1), int64(4), event, acc), stream.ErrCorrupt, "time of an event"},
		{"back_in_future", build(int64(5), int64(5), stats, uint64(1), key(0), uint64(0), uint64(1), int64(6), event, acc), stream.ErrCorrupt, "time of an event"},
		{"front_broken", build(int64(5), int64(5), stats, uint64(1), key(0), uint64(1), int64(5), "\x01\x09"), stream.ErrCorrupt, "accumulator: rowcodec"},
		{"back_broken", build(int64(5), int64(5), stats, uint64(1), key(0), uint64(0), uint64(1), int64(5), "\x01\x00"), stream.ErrCorrupt, "event: rowcodec"},
		{"back_without_fold", build(int64(5), int64(5), stats, uint64(1), key(0), uint64(0), uint64(1), int64(5), event), stream.ErrCorrupt, "a shortest varint"},
		{"front_of_a_liar", build(int64(5), int64(5), stats, uint64(1), key(0), uint64(1<<40), int64(5), acc), stream.ErrCorrupt, "a shortest varint"},
	}
}

func TestTrails_RestoreRefuses(t *testing.T) {
	requireRefused(t, "Trails.Restore", func() stream.State { return sampleTrails(t) }, brokenTrails(t))

	// Where the fold is not merged there is no front.
	plain := order
	plain.Exact = false
	w := newTickTrails(t, 10, plain, stream.TrailingOptions[tick]{Disorder: 3})
	none := snapshotOf(t, w)
	bad := builder(none)(int64(5), int64(5), "\x01\x01\x00\x00\x00\x00\x01", uint64(1), "\x08\x00\x00\x00\x00\x00\x00\x00\x40", uint64(1), int64(5), "\x00", uint64(0))
	require.ErrorContains(t, w.Restore(bytes.NewReader(bad)), "number of folds is 1, want 0")
	require.Equal(t, none, snapshotOf(t, w))
}

// Restore revives a state that had failed; memory is bounded while it runs, and what it books is given back.
func TestTrails_RestoreAndMemory(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	o := stream.TrailingOptions[tick]{Disorder: 3, Resources: stream.Resources{Budget: budget}}
	w := newTickTrails(t, 10, order, o)
	none := stream.Discard[tickTrail]("nobody looks")
	require.NoError(t, w.Push(tick{T: 100}, none))
	require.Error(t, w.Push(tick{T: -100}, none), "late")
	require.Zero(t, budget.Used(), "what is finished holds nothing")
	require.Error(t, w.Snapshot(io.Discard))
	good := snapshotOf(t, sampleTrails(t))
	requireRestoreBooks(t, w, budget, good)
	require.PanicsWithError(t, errBoom.Error(), func() { _ = w.Flush(func(tickTrail) error { panic(errBoom) }) })
	require.Zero(t, budget.Used())
	require.ErrorContains(t, w.Flush(none), "stream: Trails: the call before it did not return")

	o.Resources = stream.Resources{Memory: 700}
	w = newTickTrails(t, 10, order, o)
	err = w.Restore(bytes.NewReader(good))
	require.ErrorIs(t, err, stream.ErrLimit)
	require.ErrorContains(t, err, "stream: Trails: bytes of live state: limit is 700")
	require.Zero(t, w.Stats())
}

func TestTrails_UseCodecs(t *testing.T) {
	fold := stream.Fold[odd, odd]{Add: func(acc *odd, e odd) { acc.n += e.n }, Merge: func(a, b *odd) { a.n += b.n }, Exact: true}
	at := func(e odd) time.Time { return time.Unix(0, int64(e.n)) }
	w, err := stream.NewTrails(10, func(e odd) odd { return odd{e.n % 2} }, at, fold, stream.TrailingOptions[odd]{})
	require.NoError(t, err)
	requireCodecs(t, w, []string{"event type", "key type", "accumulator type"}, func(i int) {
		w.UseCodecs([]stream.Codec[odd]{oddCodec{}, nil, nil}[i], []stream.Codec[odd]{nil, oddCodec{}, nil}[i], []stream.Codec[odd]{nil, nil, oddCodec{}}[i])
	})
	sum := 0
	for i := range 30 {
		require.NoError(t, w.Push(odd{i}, func(p stream.Pair[odd, odd]) error { sum = p.Second.n; return nil }))
		b := snapshotOf(t, w)
		require.NoError(t, w.Restore(bytes.NewReader(b)))
		require.Equal(t, b, snapshotOf(t, w))
	}
	require.Equal(t, 21+23+25+27+29, sum)
}

func FuzzTrails_Restore(f *testing.F) {
	fuzzRestore(f, "FuzzTrails_Restore", func(t require.TestingT) stream.State { return sampleTrails(t) }, brokenTrails, func(t require.TestingT, s stream.State) {
		require.NoError(t, s.(*tickTrails).Flush(stream.Discard[tickTrail]("nobody looks")))
	})
}
