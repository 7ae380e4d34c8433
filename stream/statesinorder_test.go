package stream_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

// firstByHash are n keys that come first in order of hash, of ten times as many: what their tables have to fear.
func firstByHash(t *testing.T, n int) []float64 {
	h, err := hash.New[float64]()
	require.NoError(t, err)
	var keys []float64
	for k := range 10 * n {
		keys = append(keys, float64(k))
	}
	slices.SortFunc(keys, func(a, b float64) int { return cmp.Compare(h.Hash(&a, 0), h.Hash(&b, 0)) })
	return keys[:n]
}

// A snapshot holds keys in order of hash, and that is how they are restored. Whether they came so to begin with, came so
// out of a snapshot, or came in any order: the same state to the byte, which goes on alike. It was quadratic to restore.
func TestStates_KeysInOrderOfHash(t *testing.T) {
	keys := firstByHash(t, 3000)
	shuffled := slices.Clone(keys)
	rand.New(rand.NewPCG(3, 3)).Shuffle(len(keys), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	type state = stream.State
	// made makes a state, and gives it with what pushes all keys, in an order, with their time and position, and tells what
	// came out.
	check := func(t *testing.T, made func() (s state, push func(keys []float64, at int64) string)) {
		same := func(want, got []byte) {
			t.Helper()
			require.True(t, bytes.Equal(want, got), "other bytes")
		}
		ordered, pushOrdered := made()
		pushOrdered(keys, 5)
		any, pushAny := made()
		pushAny(shuffled, 5)
		restored, pushRestored := made()
		saved := snapshotOf(t, ordered)
		require.NoError(t, restored.Restore(bytes.NewReader(saved)))
		same(saved, snapshotOf(t, any))
		for range 2 {
			same(saved, snapshotOf(t, restored))
		}
		want := pushOrdered(shuffled, 7)
		require.Equal(t, want, pushAny(shuffled, 7))
		require.Equal(t, want, pushRestored(shuffled, 7))
		same(snapshotOf(t, ordered), snapshotOf(t, restored))
		want = pushOrdered(keys[:10], 500) // windows close, states are over
		require.Equal(t, want, pushAny(keys[:10], 500))
		require.Equal(t, want, pushRestored(keys[:10], 500))
		same(snapshotOf(t, ordered), snapshotOf(t, restored))
	}
	pushTo := func(push func(tick) error) func(keys []float64, at int64) {
		return func(keys []float64, at int64) {
			for _, k := range keys {
				require.NoError(t, push(tick{Key: k, T: at, Pos: int(k)}))
			}
		}
	}
	t.Run("Windows", func(t *testing.T) {
		check(t, func() (state, func([]float64, int64) string) {
			w := newTicks(t, 100, stream.WindowOptions[tick]{})
			return w, func(keys []float64, at int64) string {
				var out []tickWindow
				pushTo(func(v tick) error { return w.Push(v, stream.Into(&out)) })(keys, at)
				return fmt.Sprint(windowText(out))
			}
		})
	})
	t.Run("Trails", func(t *testing.T) {
		check(t, func() (state, func([]float64, int64) string) {
			w := newTickTrails(t, 100, order, stream.TrailingOptions[tick]{})
			return w, func(keys []float64, at int64) string {
				var out []tickTrail
				pushTo(func(v tick) error { return w.Push(v, stream.Into(&out)) })(keys, at)
				slices.SortFunc(out, func(a, b tickTrail) int { return cmp.Compare(a.First.Key, b.First.Key) })
				return fmt.Sprint(out)
			}
		})
	})
	t.Run("Scans", func(t *testing.T) {
		check(t, func() (state, func([]float64, int64) string) {
			w := newTickScans(t, stream.ScanByOptions[tick]{At: tick.at, TTL: 100})
			return w, func(keys []float64, at int64) string {
				var out [][]int
				pushTo(func(v tick) error { return w.Push(v, stream.Into(&out)) })(keys, at)
				return fmt.Sprint(out)
			}
		})
	})
}

// A side of a join that comes in order of hash joins as in any other order: its index takes the first tenth of all hashes
// as well as any keys.
func TestJoin_KeysInOrderOfHash(t *testing.T) {
	keys := firstByHash(t, 20_000)
	shuffled := slices.Clone(keys)
	rand.New(rand.NewPCG(4, 4)).Shuffle(len(keys), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	key := func(k float64) float64 { return k }
	for _, memory := range []int64{0, 64 << 10, 512 << 10} {
		run := func(right []float64) []stream.Joined[float64, float64] {
			return collect(t, stream.Join(stream.Of(keys...), stream.Of(right...), key, key, stream.JoinOptions{
				Resources: stream.Resources{Memory: memory, TempDir: t.TempDir()},
			}))
		}
		got := run(keys)
		require.Len(t, got, len(keys))
		require.Equal(t, run(shuffled), got)
	}
}
