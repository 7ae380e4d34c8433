package sketch_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/sketch"
	"github.com/millrace-go/millrace/stream"
)

var (
	smallHLL      = sketch.HLLOptions{Precision: 5, Seed: 42}
	smallCountMin = sketch.CountMinOptions{Width: 5, Depth: 3, Seed: 42}
)

// sample states whose frames the tables damage.
func sparseHLL(t require.TestingT) *sketch.HLL[string] {
	h := newHLL[string](t, smallHLL)
	for _, user := range []string{"ada", "bob", "cyd"} {
		h.Add(user)
	}
	return h
}

func denseHLL(t require.TestingT) *sketch.HLL[string] {
	h := sparseHLL(t)
	for i := range 100 {
		h.Add(fmt.Sprintf("user-%d", i))
	}
	return h
}

func smallCounts(t require.TestingT) *sketch.CountMin[string] {
	c := newCountMin[string](t, smallCountMin)
	c.Add("click", 3)
	c.Add("view", 300)
	return c
}

// reseal makes both checksums right again, and the length, so that damage gets past them.
func reseal(frame []byte) []byte {
	frame = bytes.Clone(frame)
	table := crc32.MakeTable(crc32.Castagnoli)
	body := frame[44 : len(frame)-4]
	binary.LittleEndian.PutUint64(frame[32:], uint64(len(body)))
	binary.LittleEndian.PutUint32(frame[40:], crc32.Checksum(frame[:40], table))
	binary.LittleEndian.PutUint32(frame[len(frame)-4:], crc32.Checksum(body, table))
	return frame
}

// edit returns a frame with some bytes changed, and its checksums right.
func edit(frame []byte, offset int, to ...byte) []byte {
	frame = bytes.Clone(frame)
	copy(frame[offset:], to)
	return reseal(frame)
}

// rebody returns a frame with another payload.
func rebody(frame, body []byte) []byte {
	return reseal(append(append(bytes.Clone(frame[:44]), body...), 0, 0, 0, 0))
}

type malformed struct {
	name   string
	frame  []byte
	class  error
	says   string
	offset int64
}

func malformedHLL(t require.TestingT) []malformed {
	sparse, dense := snapshot(t, sparseHLL(t)), snapshot(t, denseHLL(t))
	body := func(f []byte) []byte { return bytes.Clone(f[44 : len(f)-4]) }
	flip := func(f []byte, at int) []byte { f = bytes.Clone(f); f[at] ^= 0x10; return f }
	other := func(o sketch.HLLOptions) []byte { return snapshot(t, newHLL[string](t, o)) }
	unflushed := body(sparse) // one key moved from the list's end to the unordered set
	unflushed = append([]byte{2, 5, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2}, unflushed[8:]...)
	longList := func() []byte { // keys 2, 4, 6...: a list longer than the 32 registers
		b := []byte{2, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 80, 0, 0, 0, 40}
		return append(b, bytes.Repeat([]byte{2}, 40)...)
	}
	denseBody := body(dense)
	overfull := bytes.Clone(denseBody)
	overfull[8] = 61 // 64-5+1 is the most
	v1 := append([]byte{1, 5, 0, 0, 0, 0, 0, 0}, make([]byte, 16)...)

	return []malformed{
		{"empty", nil, stream.ErrCorrupt, "end of input is after 0 bytes, want 44", 0},
		{"header_cut", sparse[:43], stream.ErrCorrupt, "end of input is after 43 bytes, want 44", 43},
		{"payload_missing", sparse[:44], stream.ErrCorrupt, "end of input", 44},
		{"payload_cut", dense[:60], stream.ErrCorrupt, "end of input is after 16 bytes, want 40", 60},
		{"trailer_cut", dense[:len(dense)-1], stream.ErrCorrupt, "end of input is after 3 bytes, want 4", int64(len(dense) - 1)},
		{"magic", flip(sparse, 0), stream.ErrCorrupt, `magic is "]LSK", want "MLSK"`, 0},
		{"version", edit(sparse, 4, 2), stream.ErrCorrupt, "format version is 2, want 1", 4},
		{"header_flipped", flip(sparse, 20), stream.ErrCorrupt, "header checksum", 40},
		{"header_checksum_flipped", flip(sparse, 41), stream.ErrCorrupt, "header checksum", 40},
		{"payload_flipped", flip(dense, 50), stream.ErrCorrupt, "payload checksum", int64(len(dense) - 4)},
		{"payload_checksum_flipped", flip(dense, len(dense)-1), stream.ErrCorrupt, "payload checksum", int64(len(dense) - 4)},
		{"reserved_byte", edit(sparse, 7, 1), stream.ErrCorrupt, "reserved byte is 1, want 0", 7},
		{"kind_count_min", snapshot(t, smallCounts(t)), stream.ErrConflict, "kind of sketch is 2, want 1", 5},
		{"kind_unknown", edit(sparse, 5, 9), stream.ErrConflict, "kind of sketch is 9, want 1", 5},
		{"flags", edit(sparse, 6, 1), stream.ErrConflict, "flags", 6},
		{"precision", other(sketch.HLLOptions{Precision: 6, Seed: 42}), stream.ErrConflict, "precision is 6, want 5", 20},
		{"reserved_parameter", edit(sparse, 24, 1), stream.ErrConflict, "reserved parameter is 1, want 0", 24},
		{"seed", other(sketch.HLLOptions{Precision: 5, Seed: 43}), stream.ErrConflict, "seed fingerprint", 16},
		{"key_type", snapshot(t, newHLL[int](t, smallHLL)), stream.ErrConflict, "key type", 8},
		{"length_zero", resize(sparse, 0), stream.ErrCorrupt, "payload length is 0, want 20 to 52", 32},
		{"length_too_long", resize(sparse, 53), stream.ErrCorrupt, "payload length is 53, want 20 to 52", 32},
		{"length_of_a_liar", resize(sparse, 1<<63), stream.ErrCorrupt, "payload length is 9223372036854775808", 32},
		{"registers_version_1", rebody(sparse, v1), stream.ErrCorrupt, "encoding version of the registers is 1, want 2", 44},
		{"registers_precision", rebody(sparse, append([]byte{2, 4, 0, 0, 0, 0, 0, 16}, make([]byte, 16)...)), stream.ErrCorrupt, "precision of the registers is 4, want 5", 45},
		{"registers_form", rebody(dense, append([]byte{2, 5, 0, 7}, denseBody[4:]...)), stream.ErrCorrupt, "header byte 3", 44},
		{"registers_cut", rebody(dense, denseBody[:39]), stream.ErrCorrupt, "too short", 44},
		{"registers_overfull", rebody(dense, overfull), stream.ErrCorrupt, "register 0 = 61", 44},
		{"list_longer_than_said", rebody(sparse, append(body(sparse), 1)), stream.ErrCorrupt, "compressed list", 44},
		{"keys_not_flushed", rebody(sparse, unflushed), stream.ErrCorrupt, "not canonical", 44},
		{"sparse_should_be_dense", rebody(sparse, longList()), stream.ErrCorrupt, "payload length is 60, want 20 to 52", 32},
	}
}

// resize lies about the payload's length, with a right header checksum.
func resize(frame []byte, n uint64) []byte {
	frame = bytes.Clone(frame)
	binary.LittleEndian.PutUint64(frame[32:], n)
	binary.LittleEndian.PutUint32(frame[40:], crc32.Checksum(frame[:40], crc32.MakeTable(crc32.Castagnoli)))
	return frame
}

func malformedCountMin(t require.TestingT) []malformed {
	good := snapshot(t, smallCounts(t))
	body := good[44 : len(good)-4]
	careful := smallCountMin
	careful.Conservative = true
	other := func(o sketch.CountMinOptions) []byte { return snapshot(t, newCountMin[string](t, o)) }
	return []malformed{
		{"empty", nil, stream.ErrCorrupt, "end of input", 0},
		{"payload_cut", good[:100], stream.ErrCorrupt, "end of input is after 56 bytes, want 128", 100},
		{"header_flipped", append([]byte("MLSK\x01\x03"), good[6:]...), stream.ErrCorrupt, "header checksum", 40},
		{"kind_hll", snapshot(t, sparseHLL(t)), stream.ErrConflict, "kind of sketch is 1, want 2", 5},
		{"width", other(sketch.CountMinOptions{Width: 6, Depth: 3, Seed: 42}), stream.ErrConflict, "width is 6, want 5", 24},
		{"depth", other(sketch.CountMinOptions{Width: 5, Depth: 2, Seed: 42}), stream.ErrConflict, "depth is 2, want 3", 20},
		{"conservative", other(careful), stream.ErrConflict, "conservative", 6},
		{"flags_unknown", edit(good, 6, 2), stream.ErrConflict, "flags", 6},
		{"seed", other(sketch.CountMinOptions{Width: 5, Depth: 3}), stream.ErrConflict, "seed fingerprint", 16},
		{"key_type", snapshot(t, newCountMin[bool](t, smallCountMin)), stream.ErrConflict, "key type", 8},
		{"length_short", rebody(good, body[:len(body)-1]), stream.ErrCorrupt, "payload length is 127, want 128 to 128", 32},
		{"length_of_a_liar", resize(good, 1<<40), stream.ErrCorrupt, "payload length", 32},
		{"total_too_low", edit(good, 44, 1, 0), stream.ErrCorrupt, "sum of a row is 303, want 1", 52},
		{"total_too_high", edit(good, 44, 0, 2), stream.ErrCorrupt, "sum of a row is 303, want 512", 52},
		{"counter_lost", rebody(good, append(bytes.Clone(body[:8+2*40]), make([]byte, 40)...)), stream.ErrCorrupt, "sum of a row is 0, want 303", 132},
	}
}

// checkMalformed restores each frame into a state that has seen something: it must be refused with the right
// class, say where, and leave the state alone.
func checkMalformed(t *testing.T, fresh func() stream.State, frames []malformed) {
	for _, m := range frames {
		t.Run(m.name, func(t *testing.T) {
			s := fresh()
			before := snapshot(t, s)
			var err error
			spent := allocated(func() { err = s.Restore(bytes.NewReader(m.frame)) })
			require.Error(t, err)
			require.ErrorIs(t, err, m.class)
			for _, class := range []error{stream.ErrCorrupt, stream.ErrConflict} {
				require.Equal(t, class == m.class, errors.Is(err, class), "one class only")
			}
			require.ErrorContains(t, err, m.says)
			var e *sketch.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, m.offset, e.Offset, err)
			require.Equal(t, before, snapshot(t, s), "changed by a failed restore")
			require.LessOrEqual(t, spent, allowance(len(m.frame)))
		})
	}
}

// allowance is what a decoder may allocate for n bytes of input.
func allowance(n int) uint64 { return 64<<10 + 8*uint64(n) }

// allocated returns the bytes allocated by f.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHLL_Restore_Malformed(t *testing.T) {
	checkMalformed(t, func() stream.State { return denseHLL(t) }, malformedHLL(t))
}

func TestCountMin_Restore_Malformed(t *testing.T) {
	checkMalformed(t, func() stream.State { return smallCounts(t) }, malformedCountMin(t))
}

// A large receiver does not make a small lie expensive.
func TestRestore_AllocatesByInput(t *testing.T) {
	big, err := sketch.NewCountMin[string](sketch.CountMinOptions{Width: 1 << 20, Depth: 4})
	require.NoError(t, err)
	var frame bytes.Buffer
	require.NoError(t, big.Snapshot(&frame))
	cut := frame.Bytes()[:1000]
	require.LessOrEqual(t, allocated(func() { err = big.Restore(bytes.NewReader(cut)) }), allowance(len(cut)))
	require.ErrorIs(t, err, stream.ErrCorrupt)
	n := frame.Len()
	require.LessOrEqual(t, allocated(func() { err = big.Restore(&frame) }), allowance(n))
	require.NoError(t, err)

	h := newHLL[int](t, sketch.HLLOptions{Precision: 18})
	for i := range 1_000_000 {
		h.Add(i)
	}
	whole := snapshot(t, h)
	require.LessOrEqual(t, allocated(func() { err = h.Restore(bytes.NewReader(whole)) }), allowance(len(whole)))
	require.NoError(t, err)
}

// Each single flipped bit is refused: there is no byte of a frame that does not count.
func TestRestore_EveryFlippedBit(t *testing.T) {
	for _, s := range []stream.State{sparseHLL(t), denseHLL(t), smallCounts(t)} {
		good := snapshot(t, s)
		for bit := range 8 * len(good) {
			bad := bytes.Clone(good)
			bad[bit/8] ^= 1 << (bit % 8)
			err := s.Restore(bytes.NewReader(bad))
			require.ErrorIs(t, err, stream.ErrCorrupt, "bit %d of %T", bit, s)
		}
		require.NoError(t, s.Restore(bytes.NewReader(good)))
		require.NoError(t, s.Restore(iotest.OneByteReader(bytes.NewReader(good))))
	}
}

var errDisk = errors.New("disk on fire")

func TestRestore_ReaderFails(t *testing.T) {
	for _, s := range []stream.State{denseHLL(t), smallCounts(t)} {
		good := snapshot(t, s)
		for n := range good {
			err := s.Restore(io.MultiReader(bytes.NewReader(good[:n]), iotest.ErrReader(errDisk)))
			require.ErrorIs(t, err, errDisk)
			require.NotErrorIs(t, err, stream.ErrCorrupt, "a failed read says nothing about the bytes")
			require.ErrorContains(t, err, fmt.Sprintf("at byte %d", n))
			require.Equal(t, good, snapshot(t, s))
		}
	}
}

// failingWriter takes n bytes and then fails, or (short) lies.
type failingWriter struct {
	n     int
	short bool
}

func (w *failingWriter) Write(b []byte) (int, error) {
	if len(b) <= w.n {
		w.n -= len(b)
		return len(b), nil
	}
	n := w.n
	w.n = 0
	if w.short {
		return n, nil
	}
	return n, errDisk
}

func TestSnapshot_WriterFails(t *testing.T) {
	for _, s := range []stream.State{denseHLL(t), smallCounts(t)} {
		good := snapshot(t, s)
		for n := range good {
			require.ErrorIs(t, s.Snapshot(&failingWriter{n: n}), errDisk)
			require.ErrorIs(t, s.Snapshot(&failingWriter{n: n, short: true}), io.ErrShortWrite)
		}
		require.NoError(t, s.Snapshot(&failingWriter{n: len(good)}))
	}
}

// fuzzRestore demands of any bytes: refused with a known class and nothing changed, or read and written back the
// same; and no more memory than the input pays for.
func fuzzRestore(t *testing.T, s stream.State, use func(), frame []byte) {
	before := snapshot(t, s)
	var err error
	spent := uint64(1 << 63)
	for range 3 { // the fuzzing engine allocates beside us: the least of three
		r := bytes.NewReader(frame)
		spent = min(spent, allocated(func() { err = s.Restore(r) }))
		if err == nil {
			require.Equal(t, frame[:len(frame)-r.Len()], snapshot(t, s))
		}
	}
	require.LessOrEqual(t, spent, allowance(len(frame)))
	if err != nil {
		require.True(t, errors.Is(err, stream.ErrCorrupt) || errors.Is(err, stream.ErrConflict), err)
		require.Equal(t, before, snapshot(t, s))
	}
	use() // whatever was read must serve
	require.NoError(t, s.Snapshot(io.Discard))
}

// fuzzFrames feeds each input twice: as a frame, and as the payload of a frame that is right otherwise, so that
// the engine need not find checksums.
func fuzzFrames(f *testing.F, good []byte, seeds []malformed, fresh func(t *testing.T) (stream.State, func())) {
	f.Add(good)
	for _, m := range seeds {
		f.Add(m.frame)
		if len(m.frame) > 48 {
			f.Add(m.frame[44 : len(m.frame)-4])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, use := fresh(t)
		fuzzRestore(t, s, use, data)
		s, use = fresh(t)
		fuzzRestore(t, s, use, rebody(good, data))
	})
}

func FuzzHLL_Restore(f *testing.F) {
	fuzzFrames(f, snapshot(f, denseHLL(f)), malformedHLL(f), func(t *testing.T) (stream.State, func()) {
		h := sparseHLL(t)
		return h, func() {
			other := denseHLL(t)
			h.Estimate()
			h.Bounds(2)
			h.Add("dee")
			require.NoError(t, other.Merge(h))
			require.NoError(t, h.Merge(other))
			require.Equal(t, snapshot(t, h), snapshot(t, other), "merged both ways")
			require.NotZero(t, h.Size())
		}
	})
}

func FuzzCountMin_Restore(f *testing.F) {
	fuzzFrames(f, snapshot(f, smallCounts(f)), malformedCountMin(f), func(t *testing.T) (stream.State, func()) {
		c := smallCounts(t)
		return c, func() {
			before := c.Count("dee")
			c.Add("dee", 2)
			require.GreaterOrEqual(t, c.Count("dee"), before)
			require.NoError(t, c.Merge(smallCounts(t)))
			require.LessOrEqual(t, c.Count("click"), c.Total())
			c.ErrorBound()
		}
	})
}

// The committed corpora are the malformed tables and the good frames; -update writes them.
func TestFuzzCorpus(t *testing.T) {
	corpora := map[string][]malformed{
		"FuzzHLL_Restore": append(malformedHLL(t),
			malformed{name: "good_sparse", frame: snapshot(t, sparseHLL(t))}, malformed{name: "good_dense", frame: snapshot(t, denseHLL(t))}),
		"FuzzCountMin_Restore": append(malformedCountMin(t), malformed{name: "good", frame: snapshot(t, smallCounts(t))}),
	}
	for target, frames := range corpora {
		dir := filepath.Join("testdata", "fuzz", target)
		for _, m := range frames {
			path := filepath.Join(dir, m.name)
			want := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", m.frame)
			if *update {
				require.NoError(t, os.MkdirAll(dir, 0o755))
				require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
			}
			got, err := os.ReadFile(path)
			require.NoError(t, err, "run with -update")
			require.Equal(t, want, string(got), path)
		}
	}
}
