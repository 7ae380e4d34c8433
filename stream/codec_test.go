package stream_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/stream"
)

// zeroCodec refuses to decode into anything but a zero value, which is what a Codec is promised.
type zeroCodec[T any] struct {
	*rowcodec.Codec[T]
	decoded *atomic.Int64 // values
}

func newZeroCodec[T any](t *testing.T) zeroCodec[T] {
	t.Helper()
	codec, err := rowcodec.New[T]()
	require.NoError(t, err)
	return zeroCodec[T]{codec, new(atomic.Int64)}
}

var errNotZero = errors.New("Decode was not given a zero value")

func (c zeroCodec[T]) Decode(src []byte, v *T) ([]byte, error) {
	if !reflect.ValueOf(v).Elem().IsZero() {
		return src, fmt.Errorf("%w: %v", errNotZero, *v)
	}
	c.decoded.Add(1)
	return c.Codec.Decode(src, v)
}

// Every operator that goes to disk decodes into zero values, wherever it puts rows that came back.
func TestCodec_SpillingOperatorsDecodeIntoZero(t *testing.T) {
	codec := newZeroCodec[sale](t)
	rows := manySales(2000)
	leftBlocks, heldLeft := 0, false // of left rows that Join held, which it does in a range of bounds
	by := func(v sale) string { return v.By }
	sum := stream.Fold[sale, int]{Add: func(n *int, v sale) { *n += v.At }}
	for name, op := range map[string]func(codec any, r stream.Resources) stream.Seq[string]{
		"Aggregate": func(codec any, r stream.Resources) stream.Seq[string] {
			return shown(stream.Aggregate(stream.Of(rows...), by, sum, stream.AggregateOptions{Resources: r, Codec: codec}))
		},
		"GroupBy": func(codec any, r stream.Resources) stream.Seq[string] {
			return shown(stream.GroupBy(stream.Of(rows...), by, stream.AggregateOptions{Resources: r, Codec: codec}))
		},
		"Sort": func(codec any, r stream.Resources) stream.Seq[string] {
			return shown(stream.Sort(stream.Of(rows...), by, stream.SortOptions{Resources: r, Codec: codec}))
		},
		"SortFunc": func(codec any, r stream.Resources) stream.Seq[string] {
			descending := func(a, b sale) int { return b.At - a.At }
			return shown(stream.SortFunc(stream.Of(rows...), descending, stream.SortOptions{Resources: r, Codec: codec}))
		},
		"Join": func(codec any, r stream.Resources) stream.Seq[string] {
			var stats stream.JoinStats
			joined := shown(stream.Join(stream.Of(rows...), stream.Of(rows...), by, by,
				stream.JoinOptions{Kind: stream.Full, Resources: r, LeftCodec: codec, RightCodec: codec, Stats: &stats}))
			return func(yield func(string, error) bool) {
				joined(yield)
				leftBlocks = stats.LeftBlocks
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := stream.Collect(op(nil, stream.Resources{}))
			require.NoError(t, err)
			for _, memory := range []int64{4 << 10, 16 << 10, 60 << 10, 80 << 10, 100 << 10, 120 << 10} {
				for _, workers := range []int{1, 3} {
					codec.decoded.Store(0)
					leftBlocks = 0
					got, err := stream.Collect(op(codec, stream.Resources{Memory: memory, Workers: workers, TempDir: t.TempDir()}))
					require.NoError(t, err, "%d bytes, %d workers", memory, workers)
					require.Equal(t, want, got, "%d bytes, %d workers", memory, workers)
					if memory <= 16<<10 || leftBlocks > 0 {
						require.Positive(t, codec.decoded.Load(), "%d bytes, %d workers", memory, workers)
					}
					heldLeft = heldLeft || leftBlocks > 0
				}
			}
		})
	}
	require.True(t, heldLeft, "Join never held left rows")
}

// So does Restore, also of a state that is in use.
func TestCodec_StatesRestoreIntoZero(t *testing.T) {
	number, row := newZeroCodec[int](t), newZeroCodec[tick](t)
	fold := stream.Fold[tick, int]{
		Add: func(n *int, e tick) { *n += e.Pos }, Merge: func(a, b *int) { *a += *b }, Exact: true,
		New: func() int { return 1000 },
	}
	key := func(e tick) int { return e.Pos % 3 }
	windows, err := stream.NewWindows(10, key, tick.at, fold, stream.WindowOptions[tick]{Every: 5})
	require.NoError(t, err)
	windows.UseCodecs(number, number)
	trails, err := stream.NewTrails(10, key, tick.at, fold, stream.TrailingOptions[tick]{Disorder: 3 * time.Nanosecond})
	require.NoError(t, err)
	trails.UseCodecs(row, number, number)
	scans, err := stream.NewScans(key, func(n *int, e tick, _ func(int)) { *n += 1 + e.Pos }, stream.ScanByOptions[tick]{})
	require.NoError(t, err)
	scans.UseCodecs(number, number)
	var before [3][]byte
	for pos := range 60 {
		e := tick{T: int64(pos / 2), Pos: pos}
		require.NoError(t, windows.Push(e, stream.Discard[stream.Windowed[int, int]]("nobody looks")))
		require.NoError(t, trails.Push(e, stream.Discard[stream.Pair[tick, int]]("nobody looks")))
		require.NoError(t, scans.Push(e, stream.Discard[int]("nobody looks")))
		for i, s := range []stream.State{windows, trails, scans} {
			now := snapshotOf(t, s)
			for _, b := range [][]byte{before[i], now} { // something else than it holds, and then what it held
				if b != nil {
					require.NoError(t, s.Restore(bytes.NewReader(b)), "%T at %d", s, pos)
					require.Equal(t, b, snapshotOf(t, s))
				}
			}
			before[i] = now
		}
	}
}
