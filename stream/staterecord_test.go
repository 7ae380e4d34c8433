package stream_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/statetest"
	"github.com/millrace-go/millrace/stream"
)

// What the tests of snapshots of Windows, Trails and Scans have in common.

var update = flag.Bool("update", false, "rewrite the golden files and the fuzz corpus")

func snapshotOf(t require.TestingT, s stream.State) []byte {
	var b bytes.Buffer
	require.NoError(t, s.Snapshot(&b))
	return b.Bytes()
}

// requireGolden compares the snapshot of s with the file: its bytes are frozen.
func requireGolden(t *testing.T, name string, s stream.State) {
	t.Helper()
	path := filepath.Join("testdata", name)
	got := fmt.Sprintf("%x\n", snapshotOf(t, s))
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func payloadOf(b []byte) []byte { return statetest.Payload(b) }

func reframe(b, payload []byte) []byte { return statetest.Reframe(b, payload) }

type brokenSnapshot struct {
	name  string
	bytes []byte
	class error
	says  string
}

// builder frames a payload of numbers (int64 as varint, uint64 as uvarint) and bytes as the snapshot good is framed.
func builder(good []byte) func(parts ...any) []byte {
	return func(parts ...any) []byte { return statetest.Build(good, parts...) }
}

// targetOf makes of a state what package statetest tests.
func targetOf(name, op string, sample func(t require.TestingT) stream.State, broken func(t require.TestingT) []brokenSnapshot, goOn func(t require.TestingT, s stream.State)) statetest.Target {
	return statetest.Target{
		Name: name, Op: op,
		Sample: func(t testing.TB) stream.State { return sample(t) },
		Broken: func(t testing.TB) (list []statetest.Broken) {
			for _, c := range broken(t) {
				list = append(list, statetest.Broken{Name: c.name, Bytes: c.bytes, Class: c.class, Says: c.says})
			}
			return list
		},
		GoOn: func(t testing.TB, s stream.State) { goOn(t, s) },
	}
}

// requireRefused demands the errors of broken snapshots, and of a good one with any bit of it wrong, from op; the state, a
// new one each time, does not change.
func requireRefused(t *testing.T, op string, sample func() stream.State, broken []brokenSnapshot) {
	t.Helper()
	statetest.Refused(t, targetOf("", op, func(require.TestingT) stream.State { return sample() },
		func(require.TestingT) []brokenSnapshot { return broken }, nil))
}

// requireRestoreBooks demands that Restore, good or not, leaves booked what the state holds, and no more.
func requireRestoreBooks(t *testing.T, s stream.State, budget *stream.Budget, good []byte) {
	t.Helper()
	require.NoError(t, s.Restore(bytes.NewReader(good)))
	require.Equal(t, good, snapshotOf(t, s))
	used := budget.Used()
	require.Positive(t, used)
	require.NoError(t, s.Restore(bytes.NewReader(good)))
	require.Equal(t, used, budget.Used(), "what was there before is given back")
	require.Error(t, s.Restore(bytes.NewReader(good[:len(good)-9])))
	require.Equal(t, used, budget.Used(), "what was read is given back")
}

// What a run can reach is restored: events at the ends of time, with a watermark far behind them, none yet, and behind the
// last; and counts that none has reached go on.
func TestState_RestoreTakesWhatCanBe(t *testing.T) {
	const first, last = -9_223_372_036_000_000_000, 9_223_372_035_999_999_999
	for _, disorder := range []time.Duration{0, 1, time.Second, math.MaxInt64 - 1, math.MaxInt64} {
		for _, times := range [][]int64{{}, {first}, {first, first + 1}, {0, -int64(min(disorder, 100))}, {last - 1, last}, {first, 0, last}} {
			windows := newTicks(t, 10, stream.WindowOptions[tick]{Every: 5, Offset: 2, Disorder: disorder})
			trails := newTickTrails(t, 10, order, stream.TrailingOptions[tick]{Disorder: disorder})
			scans := newTickScans(t, stream.ScanByOptions[tick]{At: tick.at, TTL: 10, Disorder: disorder})
			requireRestored := func(states ...stream.State) {
				for _, s := range states {
					b := snapshotOf(t, s)
					require.NoError(t, s.Restore(bytes.NewReader(b)), "%T, disorder %d, times %d", s, disorder, times)
					require.Equal(t, b, snapshotOf(t, s))
				}
			}
			windowed, trail, none := stream.Discard[tickWindow]("nobody looks"), stream.Discard[tickTrail]("nobody looks"), stream.Discard[[]int]("nobody looks")
			for _, at := range times {
				require.NoError(t, windows.Push(tick{Key: float64(at % 3), T: at}, windowed))
				require.NoError(t, trails.Push(tick{Key: float64(at % 3), T: at}, trail))
				require.NoError(t, scans.Push(tick{Key: float64(at % 3), T: at}, none))
				requireRestored(windows, trails, scans)
			}
			for _, watermark := range []time.Time{time.Unix(-1<<40, 0), time.Unix(0, 5), time.Unix(1<<40, 0)} {
				require.NoError(t, windows.Advance(watermark, windowed))
				require.NoError(t, trails.Advance(watermark, trail))
				scans.Advance(watermark)
				requireRestored(windows, trails, scans)
			}
			require.NoError(t, windows.Flush(windowed))
			require.NoError(t, trails.Flush(trail))
			requireRestored(windows, trails)
		}
	}

	const most = uint64(1<<62 - 1)
	trails := newTickTrails(t, 10, order, stream.TrailingOptions[tick]{})
	require.NoError(t, trails.Restore(bytes.NewReader(builder(snapshotOf(t, trails))(int64(5), int64(5), most, most, "\x00\x00\x00\x00", most, uint64(0)))))
	require.NoError(t, trails.Push(tick{T: 5}, stream.Discard[tickTrail]("nobody looks")))
	require.Equal(t, stream.WindowStats{In: 1 << 62, Counted: 1 << 62, Windows: 1 << 62}, trails.Stats())
	scans := newTickScans(t, stream.ScanByOptions[tick]{})
	require.NoError(t, scans.Restore(bytes.NewReader(builder(snapshotOf(t, scans))(int64(math.MinInt64), most, uint64(0), uint64(0)))))
	require.NoError(t, scans.Push(tick{T: 5}, stream.Discard[[]int]("nobody looks")))
	require.Equal(t, stream.WindowStats{In: 1 << 62, Counted: 1 << 62}, scans.Stats())
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

// requireCodecs demands that s, whose types have no codec, asks for one after the other.
func requireCodecs(t *testing.T, s stream.State, types []string, supply func(i int)) {
	t.Helper()
	for i, name := range types {
		for _, err := range []error{s.Snapshot(io.Discard), s.Restore(bytes.NewReader(nil))} {
			var typed *stream.OptionError
			require.ErrorAs(t, err, &typed)
			require.Equal(t, name, typed.Option)
		}
		supply(i)
	}
	require.NoError(t, s.Snapshot(io.Discard))
}

// fuzzRestore fuzzes Restore of a state: see statetest.Fuzz.
func fuzzRestore(f *testing.F, name string, sample func(t require.TestingT) stream.State, broken func(t require.TestingT) []brokenSnapshot, goOn func(t require.TestingT, s stream.State)) {
	statetest.Fuzz(f, targetOf(name, "", sample, broken, goOn), *update)
}
