package stream_test

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
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// ledger is a state of a job's own.
type ledger struct {
	Total  int64
	ByUser map[string][]float64
	Last   stream.Opt[string]
}

func stateOf[T any](t require.TestingT, v *T) stream.State {
	s, err := stream.StateOf(v)
	require.NoError(t, err)
	return s
}

func TestStateOf_Law_ComesBack(t *testing.T) {
	for i, in := range streamtest.Random[ledger](1, 300) {
		b := snapshotOf(t, stateOf(t, &in))
		out := streamtest.Random[ledger](uint64(i), 1)[0]
		restored := stateOf(t, &out)
		// A snapshot ends where it ends: another may follow.
		r := io.MultiReader(iotest.OneByteReader(bytes.NewReader(b)), strings.NewReader("more"))
		require.NoError(t, restored.Restore(r))
		require.Empty(t, streamtest.Diff([]ledger{in}, []ledger{out}, streamtest.WantOptions{}))
		require.Equal(t, b, snapshotOf(t, restored))
		rest, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, "more", string(rest))
	}
}

func TestStateOf_Refuses(t *testing.T) {
	var f func()
	_, err := stream.StateOf(&f)
	var option *stream.OptionError
	require.ErrorAs(t, err, &option)
	require.PanicsWithValue(t, "stream: StateOf: nil variable", func() { stream.StateOf[int](nil) })

	in := ledger{Total: 3, ByUser: map[string][]float64{"ann": {1, 2}}, Last: stream.Present("ann")}
	b := snapshotOf(t, stateOf(t, &in))
	unchanged := ledger{Total: 99}
	out := unchanged
	s := stateOf(t, &out)
	for i := range b {
		for bit := range 8 {
			broken := bytes.Clone(b)
			broken[i] ^= 1 << bit
			require.ErrorIs(t, s.Restore(bytes.NewReader(broken)), stream.ErrCorrupt, "byte %d", i)
		}
		require.ErrorIs(t, s.Restore(bytes.NewReader(b[:i])), stream.ErrCorrupt, "%d bytes", i)
	}
	require.ErrorIs(t, s.Restore(iotest.ErrReader(errBoom)), errBoom)
	require.ErrorIs(t, s.Restore(io.MultiReader(bytes.NewReader(b[:30]), iotest.ErrReader(errBoom))), errBoom)
	other := struct{ Total int64 }{}
	require.ErrorIs(t, s.Restore(bytes.NewReader(snapshotOf(t, stateOf(t, &other)))), stream.ErrConflict)
	require.ErrorIs(t, s.Restore(bytes.NewReader(summed32(b[:24], append(bytes.Clone(b[24:len(b)-4]), 0)))), stream.ErrCorrupt, "bytes behind the value")
	require.ErrorIs(t, s.Restore(bytes.NewReader(summed32(b[:24], b[24:len(b)-5]))), stream.ErrCorrupt, "a value cut off")
	require.Equal(t, unchanged, out)
	require.ErrorIs(t, stateOf(t, &in).Snapshot(failingWriter{}), errBoom)
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errBoom }

// summed32 makes a snapshot of a header and a value, with the right length and checksum.
func summed32(header, value []byte) []byte {
	b := append(bytes.Clone(header), value...)
	binary.LittleEndian.PutUint64(b[16:], uint64(len(value)))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

func TestStateOf_Golden(t *testing.T) {
	in := ledger{Total: -5, ByUser: map[string][]float64{"bob": nil, "ann": {1.5}}, Last: stream.Null[string]()}
	path := filepath.Join("testdata", "stateof.v1.hex")
	got := fmt.Sprintf("%x\n", snapshotOf(t, stateOf(t, &in)))
	if *updateCheckpoint {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "a change of these bytes is a new version of the format")
}

func FuzzStateOf(f *testing.F) {
	in := ledger{Total: 3, ByUser: map[string][]float64{"ann": {1, 2}}, Last: stream.Present("ann")}
	b := snapshotOf(f, stateOf(f, &in))
	f.Add(b[24 : len(b)-4])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, value []byte) {
		was := ledger{Total: 7}
		out := was
		s := stateOf(t, &out)
		whole := summed32(b[:24], value)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := s.Restore(bytes.NewReader(whole))
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20+256*uint64(len(whole)) {
			t.Fatalf("%d bytes allocated for %d", spent, len(whole))
		}
		switch {
		case err == nil && !bytes.Equal(whole, snapshotOf(t, s)):
			t.Fatalf("another snapshot: %x, want %x", snapshotOf(t, s), whole)
		case err != nil && (!errors.Is(err, stream.ErrCorrupt) || out.Total != was.Total):
			t.Fatalf("%v, and the variable is %v", err, out)
		}
	})
}
