package stream

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/rowcodec"
)

// hotKey is the key that has most of the rows.
const hotKey = -1

// click is a row of 16 bytes.
type click struct{ Key, N int64 }

// countingCodec counts what comes back from disk, of the hot key and of all others.
type countingCodec struct {
	*rowcodec.Codec[click]
	hot, others atomic.Int64
}

func (c *countingCodec) Decode(src []byte, v *click) ([]byte, error) {
	rest, err := c.Codec.Decode(src, v)
	if v.Key == hotKey {
		c.hot.Add(1)
	} else {
		c.others.Add(1)
	}
	return rest, err
}

// aggregateClicks sums n rows under 256 KiB, checks the sums, and that the live heap stays within the bound, and counts
// what came back from disk.
func aggregateClicks(t *testing.T, n, workers int, key func(i int) int64) *countingCodec {
	t.Helper()
	const memory = 256 << 10
	compiled, err := rowcodec.New[click]()
	require.NoError(t, err)
	codec := &countingCodec{Codec: compiled}
	want := map[int64]int64{}
	for i := range n {
		want[key(i)] += int64(i)
	}
	rows := Seq[click](func(yield func(click, error) bool) {
		for i := range n {
			if !yield(click{key(i), int64(i)}, nil) {
				return
			}
		}
	})
	sum := Fold[click, int64]{Add: func(sum *int64, c click) { *sum += c.N }}
	opts := AggregateOptions{Codec: codec, Resources: Resources{Memory: memory, Workers: workers, TempDir: t.TempDir()}}
	before, most := liveHeap(), uint64(0)
	groups := 0
	sums := Aggregate(liveAt(rows, n/4, &most), func(c click) int64 { return c.Key }, sum, opts)
	for g, err := range liveAt(sums, len(want)/4, &most) {
		require.NoError(t, err)
		require.Equal(t, want[g.Key], g.Value, "key %d", g.Key)
		groups++
	}
	require.Len(t, want, groups)
	require.Less(t, most, before+3*memory, "live bytes, of which %d were there before", before)
	return codec
}

// A key that comes before the memory is full is settled there: none of its rows, nine of ten here, goes to disk.
func TestAggregate_HotKeyEarly(t *testing.T) {
	const n = 200_000
	for _, workers := range []int{1, 2} {
		codec := aggregateClicks(t, n, workers, func(i int) int64 {
			if i%10 == 9 {
				return int64(i)
			}
			return hotKey
		})
		require.Zero(t, codec.hot.Load())
		require.Positive(t, codec.others.Load(), "nothing was spilled")
	}
}

// A key that comes when the memory is full has all its rows written, and read, once for each level that cannot take it.
func TestAggregate_HotKeyLate(t *testing.T) {
	const others, hot = 20_000, 300_000
	for _, workers := range []int{1, 2} {
		codec := aggregateClicks(t, others+hot, workers, func(i int) int64 {
			if i >= others {
				return hotKey
			}
			return int64(i)
		})
		require.GreaterOrEqual(t, codec.hot.Load(), int64(hot))
		require.Zero(t, codec.hot.Load()%hot, "a level has all of them or none")
		require.Less(t, codec.others.Load(), int64(others), "the keys that came first went to disk too")
	}
}
