package dedup_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// How many rows are looked up together must not be seen in anything.

func inBatches(batch int) engine {
	return func(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
		return dedup.RunInBatches(batch, stream.Of(rows...), reading.Key, o)
	}
}

// requireSame compares all that a run gives.
func requireSame(t require.TestingT, want, got result) {
	require.Equal(t, fmt.Sprint(want.err), fmt.Sprint(got.err))
	require.Equal(t, text(want.survivors), text(got.survivors))
	require.Equal(t, fmt.Sprint(want.losers), fmt.Sprint(got.losers))
	require.Equal(t, fmt.Sprint(want.rejected), fmt.Sprint(got.rejected))
	require.Equal(t, want.stats, got.stats)
}

func TestRun_Law_BatchesAreNotSeen(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		if rapid.IntRange(0, 3).Draw(t, "bounded") == 0 {
			p.o.Resources.Memory = rapid.Int64Range(1, 32<<10).Draw(t, "memory")
		}
		losers := rapid.Bool().Draw(t, "losers")
		batch := rapid.SampledFrom([]int{2, 3, 7, 8, 9, 16, 40, 256}).Draw(t, "batch")
		requireSame(t, p.run(inBatches(1), losers), p.run(inBatches(batch), losers))
	})
}

// failing yields rows and then an error.
func failing[T any](rows []T, err error) stream.Seq[T] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
		var zero T
		yield(zero, err)
	}
}

// An error in the input, wherever it stands in a batch, leaves what one row at a time leaves.
func TestRun_Law_ErrorInABatch(t *testing.T) {
	broken := errors.New("broken")
	law(t, func(t *rapid.T) {
		p := drawProgram(t)
		batch := rapid.SampledFrom([]int{2, 3, 8, 256}).Draw(t, "batch")
		with := func(batch int) result {
			return p.run(func(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
				return dedup.RunInBatches(batch, failing(rows, broken), reading.Key, o)
			}, true)
		}
		want := with(1)
		require.Error(t, want.err)
		requireSame(t, want, with(batch))
	})
}

// row has a key of any kind.
type row struct {
	Key any
	At  int
}

// A sink that fails, a key that cannot be one, and a bound that is reached end a run at the same row, however many are
// looked up together.
func TestRun_BatchesEndAtTheSameRow(t *testing.T) {
	full := errors.New("full")
	rows := make([]row, 600)
	for i := range rows {
		rows[i] = row{i * 7 % 200, i}
	}
	for name, o := range map[string]func(n int) dedup.Options[row]{
		"losers": func(n int) dedup.Options[row] {
			return dedup.Options[row]{Losers: func(dedup.Loser[row]) error {
				if n--; n < 0 {
					return full
				}
				return nil
			}}
		},
		"rejects": func(n int) dedup.Options[row] {
			return dedup.Options[row]{NullKey: func(r row) bool { return r.At%3 == 0 }, NullKeys: dedup.NullsReject,
				Rejects: func(dedup.Reject[row]) error {
					if n--; n < 0 {
						return full
					}
					return nil
				}}
		},
		"bad_key": func(n int) dedup.Options[row] {
			rows := rows
			rows[n].Key = []int{1}
			return dedup.Options[row]{}
		},
		"bound": func(n int) dedup.Options[row] {
			return dedup.Options[row]{Resources: stream.Resources{Memory: int64(100 * n)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for n := 0; n < 300; n += 7 {
				var want dedup.Stats
				var wantErr error
				key := rows[n].Key
				for _, batch := range []int{1, 2, 255, 256} {
					var stats dedup.Stats
					o := o(n)
					o.Tie, o.Stats = dedup.TieLast, &stats
					got, err := stream.Collect(dedup.RunInBatches(batch, stream.Of(rows...), func(r row) any { return r.Key }, o))
					if batch == 1 {
						want, wantErr = stats, err
						continue
					}
					require.Equal(t, fmt.Sprint(wantErr), fmt.Sprint(err), "batch of %d", batch)
					require.Equal(t, want, stats)
					require.Equal(t, err == nil, len(got) > 0)
				}
				rows[n].Key = key
			}
		})
	}
}

// Sizes on the edges of batches and of growth, with every tenth key a hot one, null keys at the edges of batches, NaN and
// interfaces for keys.
func TestRun_BatchEdges(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 11, 255, 256, 257, 511, 512, 513, 1000, 2561, 5000} {
		for hotShare := 0; hotShare <= 9; hotShare += 9 {
			t.Run(fmt.Sprintf("rows=%d/hot=%d", n, hotShare), func(t *testing.T) {
				rows := make([]row, n)
				for i := range rows {
					switch h := mix(uint64(i)); {
					case int(h%10) < hotShare:
						rows[i].Key = "hot"
					case h>>8%16 == 0:
						rows[i].Key = math.NaN()
					case h>>8%16 == 1:
						rows[i].Key = fmt.Sprint(h >> 16 % uint64(n))
					default:
						rows[i].Key = int(h >> 16 % uint64(n))
					}
					rows[i].At = int(mix(uint64(i)^1<<40) % 8)
				}
				isNull := func(r row) bool { return false }
				for nulls := range 2 {
					if nulls == 1 {
						at := map[row]bool{}
						for i, r := range rows {
							if i%256 == 0 || i%256 == 255 {
								at[r] = true
							}
						}
						isNull = func(r row) bool { return at[r] }
					}
					// By hand: keys and rows in order of first sight.
					var want []row
					number := map[any]int{}
					for _, r := range rows {
						key := r.Key
						if f, ok := key.(float64); ok && f != f {
							key = "NaN"
						}
						i, known := number[key]
						switch {
						case isNull(r):
							want = append(want, r)
						case !known:
							number[key] = len(want)
							want = append(want, r)
						case r.At >= want[i].At:
							want[i] = r
						}
					}
					for _, batch := range []int{1, 2, 255, 256} {
						got, err := stream.Collect(dedup.RunInBatches(batch, stream.Of(rows...), func(r row) any { return r.Key }, dedup.Options[row]{
							By:  []dedup.Comparator[row]{dedup.Max(func(r row) int { return r.At })},
							Tie: dedup.TieLast, NullKey: isNull,
						}))
						require.NoError(t, err)
						require.Equal(t, fmt.Sprint(want), fmt.Sprint(got), "batch of %d", batch)
					}
				}
			})
		}
	}
}
