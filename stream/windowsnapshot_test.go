package stream_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

var update = flag.Bool("update", false, "rewrite the golden files and the fuzz corpus")

type tickWindows = stream.Windows[tick, float64, []int]

func newTicks(t require.TestingT, size time.Duration, o stream.WindowOptions[tick]) *tickWindows {
	w, err := stream.NewWindows(size, tick.key, tick.at, order, o)
	require.NoError(t, err)
	return w
}

func snapshotOf(t require.TestingT, s stream.State) []byte {
	var b bytes.Buffer
	require.NoError(t, s.Snapshot(&b))
	return b.Bytes()
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

// The bytes of a snapshot are frozen.
func TestWindows_SnapshotGolden(t *testing.T) {
	path := filepath.Join("testdata", "windows_v1.golden")
	got := fmt.Sprintf("%x\n", snapshotOf(t, sampleTicks(t)))
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// payloadOf is the payload of a snapshot of one block, framed what reframe makes of a payload.
func payloadOf(b []byte) []byte { return bytes.Clone(b[40 : len(b)-8]) }

func reframe(b, payload []byte) []byte {
	table := crc32.MakeTable(crc32.Castagnoli)
	out := bytes.Clone(b[:32])
	crc := crc32.Checksum(payload, table)
	if len(payload) > 0 {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(payload)))
		out = binary.LittleEndian.AppendUint32(out, crc)
		out = append(out, payload...)
	}
	out = binary.LittleEndian.AppendUint32(out, 0)
	return binary.LittleEndian.AppendUint32(out, crc)
}

type brokenSnapshot struct {
	name  string
	bytes []byte
	class error
	says  string
}

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
	build := func(numbers ...any) []byte {
		var p []byte
		for _, n := range numbers {
			switch n := n.(type) {
			case int64:
				p = binary.AppendVarint(p, n)
			case uint64:
				p = binary.AppendUvarint(p, n)
			case string:
				p = append(p, n...)
			}
		}
		return reframe(good, p)
	}
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
		{"counts_cut", build(int64(0), uint64(1), uint64(1)), stream.ErrCorrupt, "a shortest varint"},
		{"no_windows_field", build(int64(0), stats), stream.ErrCorrupt, "a shortest varint"},
		{"windows_missing", build(int64(0), stats, uint64(2)), stream.ErrCorrupt, "a shortest varint"},
		{"window_closed", build(int64(100), stats, uint64(1), int64(0), uint64(1), key(0), acc), stream.ErrCorrupt, "start of a window is 1970-01-01 00:00:00.000000002"},
		{"windows_descend", build(int64(0), stats, uint64(2), int64(1), uint64(1), key(0), acc, int64(0), uint64(1), key(0), acc), stream.ErrCorrupt, "start of a window"},
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
	for _, c := range brokenSnapshots(t) {
		w := sampleTicks(t)
		before := snapshotOf(t, w)
		err := w.Restore(bytes.NewReader(c.bytes))
		require.ErrorIs(t, err, c.class, c.name)
		var typed *stream.SnapshotError
		require.ErrorAs(t, err, &typed, c.name)
		require.Equal(t, "Windows.Restore", typed.Op)
		require.ErrorContains(t, err, c.says, c.name)
		require.Equal(t, before, snapshotOf(t, w), "%s: the state has changed", c.name)
	}
	good := snapshotOf(t, sampleTicks(t))
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		require.Error(t, sampleTicks(t).Restore(bytes.NewReader(bad)), "byte %d", i)
	}
	w := sampleTicks(t)
	require.ErrorIs(t, w.Restore(io.MultiReader(bytes.NewReader(good[:50]), iotest.ErrReader(errBoom))), errBoom)
	require.NoError(t, w.Restore(iotest.OneByteReader(bytes.NewReader(good))))

	// A snapshot of other types is another configuration.
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
	require.NoError(t, w.Restore(bytes.NewReader(good)))
	require.Equal(t, good, snapshotOf(t, w))
	used := budget.Used()
	require.Positive(t, used)
	require.NoError(t, w.Restore(bytes.NewReader(good)))
	require.Equal(t, used, budget.Used(), "what was there before is given back")
	require.Error(t, w.Restore(bytes.NewReader(good[:len(good)-9])))
	require.Equal(t, used, budget.Used(), "what was read is given back")
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

// odd has state that no codec can be compiled for.
type odd struct{ n int }

// oddCodec writes it, with Held unused here.
type oddCodec struct{ fail error }

func (c oddCodec) Append(dst []byte, v *odd) ([]byte, error) {
	return strconv.AppendInt(dst, int64(v.n), 10), c.fail
}

func (oddCodec) Decode(src []byte, v *odd) ([]byte, error) {
	n, err := strconv.Atoi(string(src))
	v.n = n
	return nil, err
}

func (oddCodec) Held(*odd) int64 { return 0 }

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

// FuzzWindows_Restore: what is restored is what is written again; nothing panics, nothing allocates out of proportion,
// and what is refused leaves the state as it was.
func FuzzWindows_Restore(f *testing.F) {
	if *update {
		writeCorpus(f)
	}
	good := snapshotOf(f, sampleTicks(f))
	f.Fuzz(func(t *testing.T, data []byte, payload bool) {
		if payload { // get past the frame
			data = reframe(good, data[:min(len(data), 64<<10-1)])
		}
		w := sampleTicks(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		in := bytes.NewReader(data)
		err := w.Restore(in)
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > uint64(400*len(data)+1<<20) {
			t.Fatalf("%d bytes allocated for %d", allocated, len(data))
		}
		if err != nil {
			if !errors.Is(err, stream.ErrCorrupt) && !errors.Is(err, stream.ErrConflict) {
				t.Fatalf("an error of no class: %v", err)
			}
			require.Equal(t, good, snapshotOf(t, w))
			return
		}
		require.Equal(t, data[:len(data)-in.Len()], snapshotOf(t, w))
		require.NoError(t, w.Flush(stream.Discard[tickWindow]("nobody looks")))
	})
}

// writeCorpus writes the seeds of FuzzWindows_Restore: a good snapshot, and each broken one, as bytes and as payload.
func writeCorpus(f *testing.F) {
	dir := filepath.Join("testdata", "fuzz", "FuzzWindows_Restore")
	require.NoError(f, os.MkdirAll(dir, 0o755))
	seeds := append(brokenSnapshots(f), brokenSnapshot{name: "good", bytes: snapshotOf(f, sampleTicks(f))})
	for _, s := range seeds {
		for name, payload := range map[string]bool{s.name: false, s.name + "_payload": true} {
			b := s.bytes
			if payload {
				if len(b) < 49 {
					continue
				}
				b = payloadOf(b)
			}
			text := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\nbool(%v)\n", b, payload)
			require.NoError(f, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		}
	}
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
