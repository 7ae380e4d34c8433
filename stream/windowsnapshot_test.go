package stream_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

type tickWindows = stream.Windows[tick, float64, []int]

func newTicks(t require.TestingT, size time.Duration, o stream.WindowOptions[tick]) *tickWindows {
	w, err := stream.NewWindows(size, tick.key, tick.at, order, o)
	require.NoError(t, err)
	return w
}

// Pushing a stream in any chunks, with a snapshot into another process at every cut, gives what one run gives: the
// same windows at the same time, the same late events, the same counts, and the same bytes of the state at the end.
func TestWindows_Law_ChunkedEqualsWhole(t *testing.T) {
	eachCase(t, 1000, func(t require.TestingT, r *rand.Rand) {
		size, o := randomWindow(r)
		events := randomTicks(r, int64(o.Disorder), r.IntN(3))
		var got, want []tickWindow
		var late, wantLate []stream.Late[tick]
		o.Late = stream.Into(&wantLate)
		whole := newTicks(t, size, o)
		o.Late = stream.Into(&late)
		o.Resources.Memory = int64(r.IntN(2)) << 30 // no part of the configuration
		chunked := newTicks(t, size, o)
		for _, e := range events {
			if r.IntN(4) == 0 {
				b := snapshotOf(t, chunked)
				require.Equal(t, snapshotOf(t, whole), b)
				next := newTicks(t, size, o)
				if r.IntN(2) == 0 { // what it held before does not matter
					require.NoError(t, next.Push(tick{Key: 77, T: 5}, stream.Discard[tickWindow]("thrown away by Restore")))
				}
				require.NoError(t, next.Restore(bytes.NewReader(b)))
				require.Equal(t, b, snapshotOf(t, next), "a snapshot of what was restored is the same bytes")
				chunked = next
			}
			require.NoError(t, whole.Push(e, stream.Into(&want)))
			require.NoError(t, chunked.Push(e, stream.Into(&got)))
			require.Equal(t, len(want), len(got))
		}
		require.Equal(t, whole.Stats(), chunked.Stats())
		require.NoError(t, whole.Flush(stream.Into(&want)))
		require.NoError(t, chunked.Flush(stream.Into(&got)))
		require.Equal(t, windowText(want), windowText(got))
		require.Equal(t, fmt.Sprint(wantLate), fmt.Sprint(late))
		require.Equal(t, snapshotOf(t, whole), snapshotOf(t, chunked))
	})
}

// Equal states are equal bytes, whatever order the events came in.
func TestWindows_SnapshotIsCanonical(t *testing.T) {
	total := stream.Fold[tick, int64]{Add: func(acc *int64, e tick) { *acc += e.T }}
	eachCase(t, 300, func(t require.TestingT, r *rand.Rand) {
		o := stream.WindowOptions[tick]{Disorder: 1000, Every: 7}
		events := randomTicks(r, 100, 0)
		for i := range events {
			events[i].Key = float64(r.IntN(50))
		}
		var bytes [][]byte
		for range 2 {
			w, err := stream.NewWindows(20, tick.key, tick.at, total, o)
			require.NoError(t, err)
			for _, e := range events {
				require.NoError(t, w.Push(e, stream.Discard[stream.Windowed[float64, int64]]("there is none")))
			}
			bytes = append(bytes, snapshotOf(t, w))
			r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		}
		require.Equal(t, bytes[0], bytes[1])
	})
}

// sampleTicks is a state of two windows with NaN and zeros for keys.
func sampleTicks(t require.TestingT) *tickWindows {
	w := newTicks(t, 10, stream.WindowOptions[tick]{Every: 5, Offset: 2, Disorder: 3})
	none := stream.Discard[tickWindow]("nobody looks")
	for i, k := range tickKeys {
		require.NoError(t, w.Push(tick{Key: k, T: int64(i) - 3, Pos: i}, none))
	}
	return w
}

func TestWindows_SnapshotGolden(t *testing.T) { requireGolden(t, "windows_v1.golden", sampleTicks(t)) }

// brokenSnapshots are damaged behind right checksums: what the frame cannot see.
func brokenSnapshots(t require.TestingT) []brokenSnapshot {
	good := snapshotOf(t, sampleTicks(t))
	payload := payloadOf(good)
	// watermark 0: 1 byte; 7 counts; 3 windows; number of the first
	edit := func(at int, to ...byte) []byte {
		p := bytes.Clone(payload)
		copy(p[at:], to)
		return reframe(good, p)
	}
	build := builder(good)
	stats := "\x01\x01\x00\x00\x00\x00\x00"
	key := func(b byte) string { return "\x08\x00\x00\x00\x00\x00\x00" + string([]byte{b, 0x40}) } // a float64
	acc := "\x02\x02\x0e"                                                                          // []int{7}
	other := func(size time.Duration, o stream.WindowOptions[tick]) []byte {
		return snapshotOf(t, newTicks(t, size, o))
	}
	return []brokenSnapshot{
		{"empty", nil, stream.ErrCorrupt, "at byte 0: end of input is after 0 bytes, want 32: corrupt input"},
		{"not_a_snapshot", bytes.Repeat([]byte("x"), 100), stream.ErrCorrupt, `at byte 0: magic is "xxxx", want "MLST"`},
		{"cut", good[:len(good)-1], stream.ErrCorrupt, "end of input"},
		{"checksum", append(bytes.Clone(good[:len(good)-1]), 0), stream.ErrCorrupt, "checksum of a block"},
		{"other_size", other(11, stream.WindowOptions[tick]{Every: 5, Offset: 2, Disorder: 3}), stream.ErrConflict, "at byte 20: digest of the configuration is"},
		{"other_every", other(10, stream.WindowOptions[tick]{Every: 4, Offset: 2, Disorder: 3}), stream.ErrConflict, "digest"},
		{"other_offset", other(10, stream.WindowOptions[tick]{Every: 5, Offset: 1, Disorder: 3}), stream.ErrConflict, "digest"},
		{"other_disorder", other(10, stream.WindowOptions[tick]{Every: 5, Offset: 2, Disorder: 4}), stream.ErrConflict, "digest"},
		{"empty_payload", reframe(good, nil), stream.ErrCorrupt, "number is , want a shortest varint"},
		{"trailing", reframe(good, append(bytes.Clone(payload), 0)), stream.ErrCorrupt, "rest of the payload is 1 bytes or more, want 0"},
		{"not_conserved", edit(1, 9), stream.ErrCorrupt, "counts is {In:9 Counted:7"},
		{"counts_overflow", build(int64(0), ^uint64(0), uint64(1), uint64(1), uint64(1), uint64(0), uint64(0), uint64(0), uint64(0)), stream.ErrCorrupt, "a count is 18446744073709551615"},
		{"counts_overflow_soon", build(int64(0), uint64(1<<62), uint64(1<<62), "\x00\x00\x00\x00\x00", uint64(0)), stream.ErrCorrupt, "a count is 4611686018427387904, want less"},
		{"window_in_future", build(int64(0), stats, uint64(1), int64(1), uint64(1), key(0), acc), stream.ErrCorrupt, "want one that the watermark has followed"},
		{"window_without_watermark", build(int64(-1<<63), stats, uint64(1), int64(0), uint64(1), key(0), acc), stream.ErrCorrupt, "want one that the watermark has followed"},
		{"counts_cut", build(int64(0), uint64(1), uint64(1)), stream.ErrCorrupt, "a shortest varint"},
		{"no_windows_field", build(int64(0), stats), stream.ErrCorrupt, "a shortest varint"},
		{"windows_missing", build(int64(0), stats, uint64(2)), stream.ErrCorrupt, "a shortest varint"},
		{"window_closed", build(int64(100), stats, uint64(1), int64(0), uint64(1), key(0), acc), stream.ErrCorrupt, "start of a window is 1970-01-01 00:00:00.000000002"},
		{"windows_descend", build(int64(0), stats, uint64(2), int64(0), uint64(1), key(0), acc, int64(-1), uint64(1), key(0), acc), stream.ErrCorrupt, "want one that is open, in order of start"},
		{"window_far", build(int64(0), stats, uint64(1), int64(1<<62), uint64(1), key(0), acc), stream.ErrCorrupt, "number of a window is 4611686018427387904"},
		{"window_far_back", build(int64(-1<<63), stats, uint64(1), int64(-1<<63), uint64(1), key(0), acc), stream.ErrCorrupt, "number of a window is -9223372036854775808"},
		{"no_keys", build(int64(0), stats, uint64(1), int64(0), uint64(0)), stream.ErrCorrupt, "number of keys is 0, want positive"},
		{"same_key_twice", build(int64(0), stats, uint64(1), int64(0), uint64(2), key(0), acc, key(0), acc), stream.ErrCorrupt, "key is 2, want another, in order of hash"},
		{"keys_not_by_hash", build(int64(0), stats, uint64(1), int64(0), uint64(3), key(0), acc, key(8), acc, key(0x10), acc), stream.ErrCorrupt, "want another, in order of hash"},
		{"key_cut", build(int64(0), stats, uint64(1), int64(0), uint64(1), "\x08\x00\x00"), stream.ErrCorrupt, "end of payload"},
		{"key_too_short", build(int64(0), stats, uint64(1), int64(0), uint64(1), "\x02\x00\x00", acc), stream.ErrCorrupt, "key: rowcodec"},
		{"key_too_long", build(int64(0), stats, uint64(1), int64(0), uint64(1), "\x09\x00\x00\x00\x00\x00\x00\x00\x40\x00", acc), stream.ErrCorrupt, "key: 1 of its 9 bytes are left"},
		{"accumulator_broken", build(int64(0), stats, uint64(1), int64(0), uint64(1), key(0), "\x01\x09"), stream.ErrCorrupt, "accumulator: rowcodec"},
		{"keys_of_a_liar", build(int64(0), stats, uint64(1), int64(0), uint64(1<<31-1), key(0), acc), stream.ErrCorrupt, "a shortest varint"},
		{"length_of_a_liar", build(int64(0), stats, uint64(1), int64(0), uint64(1), uint64(1<<31-1)), stream.ErrCorrupt, "end of payload"},
	}
}

func TestWindows_RestoreRefuses(t *testing.T) {
	requireRefused(t, "Windows.Restore", func() stream.State { return sampleTicks(t) }, brokenSnapshots(t))

	// A snapshot of other types is another configuration.
	good := snapshotOf(t, sampleTicks(t))
	ints, err := stream.NewWindows(10, tick.key, tick.at, stream.Fold[tick, int]{Add: func(*int, tick) {}}, stream.WindowOptions[tick]{Every: 5, Offset: 2, Disorder: 3})
	require.NoError(t, err)
	require.ErrorIs(t, ints.Restore(bytes.NewReader(good)), stream.ErrConflict)
}

// Restore revives a state that had failed; memory is bounded while it runs, and what it books is given back.
func TestWindows_RestoreAndMemory(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	o := stream.WindowOptions[tick]{Every: 5, Offset: 2, Disorder: 3, Resources: stream.Resources{Budget: budget}}
	w := newTicks(t, 10, o)
	none := stream.Discard[tickWindow]("nobody looks")
	require.NoError(t, w.Push(tick{T: 100}, none))
	require.Error(t, w.Push(tick{T: -100}, none), "late")
	require.Zero(t, budget.Used(), "what is finished holds nothing")
	require.Error(t, w.Snapshot(io.Discard))
	good := snapshotOf(t, sampleTicks(t))
	requireRestoreBooks(t, w, budget, good)
	require.NoError(t, w.Flush(none))
	require.Zero(t, budget.Used())

	o.Resources = stream.Resources{Memory: 700}
	w = newTicks(t, 10, o)
	err = w.Restore(bytes.NewReader(good))
	require.ErrorIs(t, err, stream.ErrLimit)
	require.ErrorContains(t, err, "stream: Windows: bytes of live state: limit is 700")
	require.Zero(t, w.Stats())
}

// A panic of a codec or a fold in Restore comes out; what was booked for the new state is given back, and the old one
// goes on.
func TestWindows_PanicInRestore(t *testing.T) {
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	fold, panics := order, true
	fold.Size = func(*[]int) int {
		if panics {
			panic(errBoom)
		}
		return 1
	}
	w, err := stream.NewWindows(10, tick.key, tick.at, fold, stream.WindowOptions[tick]{Every: 5, Offset: 2, Disorder: 3, Resources: stream.Resources{Budget: budget}})
	require.NoError(t, err)
	good := snapshotOf(t, sampleTicks(t))
	require.PanicsWithError(t, errBoom.Error(), func() { _ = w.Restore(bytes.NewReader(good)) })
	require.Zero(t, budget.Used())
	panics = false
	require.NoError(t, w.Restore(bytes.NewReader(good)))
	require.Equal(t, good, snapshotOf(t, w))
}

func TestWindows_UseCodecs(t *testing.T) {
	fold := stream.Fold[tick, odd]{Add: func(acc *odd, e tick) { acc.n += e.Pos }}
	make := func() *stream.Windows[tick, odd, odd] {
		w, err := stream.NewWindows(10, func(e tick) odd { return odd{e.Pos % 2} }, tick.at, fold, stream.WindowOptions[tick]{})
		require.NoError(t, err)
		for i := range 5 {
			require.NoError(t, w.Push(tick{T: int64(i), Pos: i}, stream.Discard[stream.Windowed[odd, odd]]("there is none")))
		}
		return w
	}
	w := make()
	for _, err := range []error{w.Snapshot(io.Discard), w.Restore(bytes.NewReader(nil))} {
		var typed *stream.OptionError
		require.ErrorAs(t, err, &typed)
		require.Equal(t, "key type", typed.Option)
		require.ErrorContains(t, err, ".n")
	}
	w.UseCodecs(oddCodec{}, nil)
	require.ErrorContains(t, w.Snapshot(io.Discard), "accumulator type must be one that has bytes, or have a Codec by UseCodecs")
	w.UseCodecs(nil, oddCodec{})
	b := snapshotOf(t, w)
	other := make()
	other.UseCodecs(oddCodec{}, oddCodec{})
	require.NoError(t, other.Push(tick{T: 6, Pos: 100}, stream.Discard[stream.Windowed[odd, odd]]("there is none")))
	require.NoError(t, other.Restore(bytes.NewReader(b)))
	require.Equal(t, b, snapshotOf(t, other))
	require.Equal(t, w.Digest(), other.Digest())

	w.UseCodecs(oddCodec{errBoom}, nil)
	require.ErrorIs(t, w.Snapshot(io.Discard), errBoom)
}

// A writer that fails is heard, at every one of its writes, and the state is unharmed.
func TestWindows_SnapshotWriteErrors(t *testing.T) {
	w := sampleTicks(t)
	good := snapshotOf(t, w)
	for n := range len(good) {
		err := w.Snapshot(iotestWriter(n))
		require.ErrorIs(t, err, errShort, "after %d bytes", n)
	}
	require.Equal(t, good, snapshotOf(t, w))
}

var errShort = errors.New("disk full")

// iotestWriter takes n bytes and then fails.
func iotestWriter(n int) io.Writer { return &fullDisk{n} }

type fullDisk struct{ left int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if len(b) > d.left {
		return d.left, errShort
	}
	d.left -= len(b)
	return len(b), nil
}

func FuzzWindows_Restore(f *testing.F) {
	fuzzRestore(f, "FuzzWindows_Restore", func(t require.TestingT) stream.State { return sampleTicks(t) }, brokenSnapshots, func(t require.TestingT, s stream.State) {
		require.NoError(t, s.(*tickWindows).Flush(stream.Discard[tickWindow]("nobody looks")))
	})
}

// BenchmarkWindows_Snapshot writes and reads a state of 100,000 groups.
func BenchmarkWindows_Snapshot(b *testing.B) {
	total := stream.Fold[tick, int64]{Add: func(acc *int64, e tick) { *acc += e.T }}
	w, err := stream.NewWindows(100_000, tick.key, tick.at, total, stream.WindowOptions[tick]{})
	require.NoError(b, err)
	for i := range 100_000 {
		require.NoError(b, w.Push(tick{Key: float64(i), T: int64(i)}, stream.Discard[stream.Windowed[float64, int64]]("there is none")))
	}
	bytes1 := snapshotOf(b, w)
	b.Run("snapshot", func(b *testing.B) {
		b.SetBytes(int64(len(bytes1)))
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, w.Snapshot(io.Discard))
		}
	})
	b.Run("restore", func(b *testing.B) {
		b.SetBytes(int64(len(bytes1)))
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, w.Restore(bytes.NewReader(bytes1)))
		}
	})
}
