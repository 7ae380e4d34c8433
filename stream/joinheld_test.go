package stream_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// chunkJoin joins left rows with chunkRight, from disk where memory is small.
func chunkJoin(left stream.Seq[int], opts stream.JoinOptions) stream.Seq[intPair] {
	return stream.Join(left, stream.Of(chunkRight()...), inFifty, inThousand, opts)
}

// Blocks of left rows are small here, and end everywhere: every count of left rows, with and without an error behind
// them, gives what the model does, in its order.
func TestJoin_Oracle_AroundBlocksOfLeftRows(t *testing.T) {
	dir := t.TempDir()
	none, one, more := 0, 0, 0
	for _, memory := range []int64{1500, 2000, 2600} {
		for _, kind := range joinKinds {
			for n := 0; n < 420; n += 1 + n/9 {
				var stats stream.JoinStats
				bound := memory * strconv.IntSize / 64 // rows are ints
				opts := stream.JoinOptions{Kind: kind, Stats: &stats, Resources: stream.Resources{Memory: bound, TempDir: dir}}
				left := stream.Of(chunkLefts(n)...)
				got, err := stream.Collect(chunkJoin(left, opts))
				require.NoError(t, err)
				require.Equal(t, chunkModel(kind, chunkLefts(n), true), got, "%v, %d left rows, memory %d", kind, n, memory)
				require.False(t, stats.Broadcast)
				require.Zero(t, stats.SpilledLeft)
				switch stats.LeftBlocks {
				case 0:
					none++
				case 1:
					one++
				default:
					more++
				}
				got, err = stream.Collect(chunkJoin(stream.Concat(left, stream.Fail[int](errBoom)), opts))
				require.ErrorIs(t, err, errBoom)
				require.Equal(t, chunkModel(kind, chunkLefts(n), false), got, "%v, an error behind %d left rows, memory %d", kind, n, memory)
			}
		}
	}
	require.Positive(t, none)
	require.Positive(t, one)
	require.Positive(t, more)
}

// Whoever breaks has what came before, wherever it is, and the left side need not end.
func TestJoin_BreakAmongBlocksOfLeftRows(t *testing.T) {
	forever := func(yield func(int, error) bool) {
		for i := 0; yield(i*37, nil); i++ {
		}
	}
	want := chunkModel(stream.Full, chunkLefts(400), false)
	for stop := 1; stop < 400; stop += 1 + stop/20 {
		budget, err := stream.NewBudget(2000)
		require.NoError(t, err)
		var stats stream.JoinStats
		var got []intPair
		for j, err := range chunkJoin(forever, stream.JoinOptions{Kind: stream.Full, Stats: &stats, Resources: stream.Resources{Budget: budget, TempDir: t.TempDir()}}) {
			require.NoError(t, err)
			if got = append(got, j); len(got) == stop {
				break
			}
		}
		require.Equal(t, want[:stop], got)
		require.Positive(t, stats.LeftBlocks)
		require.Zero(t, budget.Used())
	}
}

// Few large left rows fill a block for which the rest is not worth reading: the join is cut after all, and nobody sees
// that in its rows.
func TestJoin_CutsWhereLeftRowsAreLarge(t *testing.T) {
	left := func(yield func(letterRow, error) bool) {
		for i := range 300 {
			if !yield(letterRow{To: i % 120, Text: string(make([]byte, 2000))}, nil) {
				return
			}
		}
	}
	to := func(l letterRow) int { return l.To }
	for _, kind := range joinKinds {
		want, err := stream.Collect(stream.Join(left, numbers(400), to, self, stream.JoinOptions{Kind: kind}))
		require.NoError(t, err)
		var stats stream.JoinStats
		got, err := stream.Collect(stream.Join(left, numbers(400), to, self, stream.JoinOptions{
			Kind: kind, Stats: &stats, Resources: stream.Resources{Memory: 16 << 10, TempDir: t.TempDir()},
		}))
		require.NoError(t, err)
		require.Equal(t, want, got, "%v", kind)
		require.Positive(t, stats.Partitions)
		require.Zero(t, stats.LeftBlocks)
	}
}

type letterRow struct {
	To   int
	Text string
}
