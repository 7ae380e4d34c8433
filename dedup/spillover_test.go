package dedup_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// visit is a row with text that does not compress away, and of which several are of one key.
type visit struct {
	ID   int
	At   int
	Page string
}

func (v visit) Key() int { return v.ID }

// visits are n rows of n/2 keys, in which the last row of a key is the longest.
func visits(n int) []visit {
	rows := make([]visit, n)
	for i := range rows {
		rows[i] = visit{ID: i * 7919 % (n / 2), At: i, Page: fmt.Sprintf("page-%d-%s", i*31%n, strings.Repeat("x", 20*i/n))}
	}
	return rows
}

func latestVisit() dedup.Comparator[visit] { return dedup.Max(func(v visit) int { return v.At }) }

// spillingWays are runs that take another way through what is on disk each.
var spillingWays = map[string]dedup.Options[visit]{
	"on_sight":    {},
	"best":        {By: []dedup.Comparator[visit]{latestVisit()}},
	"by_position": {By: []dedup.Comparator[visit]{latestVisit()}, Order: dedup.OrderWinner},
	"none":        {Keep: dedup.KeepNone},
	"losers":      {By: []dedup.Comparator[visit]{latestVisit()}, Losers: stream.Discard[dedup.Loser[visit]]("the survivors are judged")},
	"nulls": {NullKey: func(v visit) bool { return v.ID%5 == 0 }, Tie: dedup.TieLast,
		Same: func(a, b visit) bool { return a.Page == b.Page }},
}

// Over a disk that fails: right rows or an error, and nothing left.
func TestRun_faultyDisk(t *testing.T) {
	rows := visits(1500)
	for name, o := range spillingWays {
		t.Run(name, func(t *testing.T) {
			streamtest.CheckFaultsWith(t, func(s stream.Seq[visit], dir string) stream.Seq[string] {
				o := o
				o.Resources = stream.Resources{Memory: 20 << 10, TempDir: dir}
				return stream.Map(dedup.Run(s, visit.Key, o), func(v visit) string { return fmt.Sprint(v) })
			}, streamtest.FaultOptions[string]{Positions: 3}, rows...)
		})
	}
}

// Trouble with a file names the function, the file and what was done, and its class; what came before it is right.
func TestRun_SpillErrors(t *testing.T) {
	rows := visits(3000)
	full := errors.New("no space left")
	for name, o := range spillingWays {
		for _, op := range []spill.Op{spill.OpCreate, spill.OpWrite, spill.OpRead, spill.OpRemove} {
			t.Run(name+"/"+string(op), func(t *testing.T) {
				o, dir := o, t.TempDir()
				want, err := stream.Collect(dedup.Run(stream.Of(rows...), visit.Key, o))
				require.NoError(t, err)
				failed := 0
				for at := 1; at < 200; at += 1 + at/2 {
					o.Resources = stream.Resources{Memory: 20 << 10, TempDir: dir}
					restore := spill.Inject(dir, spill.Faults{Op: op, At: at, Err: full})
					got, err := stream.Collect(dedup.Run(stream.Of(rows...), visit.Key, o))
					restore()
					require.Equal(t, append([]visit{}, want[:len(got)]...), append([]visit{}, got...))
					if err == nil {
						require.Len(t, got, len(want))
						break
					}
					failed++
					var typed *stream.SpillError
					require.ErrorAs(t, err, &typed)
					require.ErrorIs(t, err, full)
					require.True(t, strings.HasPrefix(err.Error(), "dedup: Run: spill: "+string(op)+" "+dir), "%v", err)
					if op == spill.OpRemove { // what could not be removed is swept by the next run
						os.RemoveAll(dir)
						require.NoError(t, os.MkdirAll(dir, 0o700))
					}
				}
				require.Positive(t, failed, "nothing failed")
				left, err := os.ReadDir(dir)
				require.NoError(t, err)
				require.Empty(t, left)
			})
		}
	}
}

// What is live stays in the bound while the input is read and while the survivors come out.
func TestRun_SpillingStaysWithinTheBound(t *testing.T) {
	const memory, n, size = 2 << 20, 6000, 1000 // of 6 MB
	for name, o := range map[string]dedup.Options[visit]{
		"on_sight":    {},
		"last":        {Tie: dedup.TieLast},
		"by_position": {Tie: dedup.TieLast, Order: dedup.OrderWinner},
		"growing":     {By: []dedup.Comparator[visit]{dedup.Max(func(v visit) int { return len(v.Page) })}},
	} {
		t.Run(name, func(t *testing.T) {
			var most int64
			before := liveHeap()
			rows := stream.Seq[visit](func(yield func(visit, error) bool) {
				for i := range 2 * n {
					if i%1000 == 0 {
						most = max(most, liveHeap()-before)
					}
					row := visit{ID: i % n, At: i, Page: strings.Repeat(string(rune('a'+i%26)), size*(1+i/n))}
					if !yield(row, nil) {
						return
					}
				}
			})
			o.Resources = stream.Resources{Memory: memory, TempDir: t.TempDir()}
			out := 0
			for _, err := range dedup.Run(rows, visit.Key, o) {
				require.NoError(t, err)
				if out++; out%1000 == 0 {
					most = max(most, liveHeap()-before)
				}
			}
			require.Equal(t, n, out)
			require.LessOrEqual(t, float64(most), 1.1*memory+float64(256<<10), "live bytes")
		})
	}
}

// A key that has nine rows in ten is in memory early, and its rows stay off the disk. That they come longer and shorter
// makes no difference: new keys leave room for it.
func TestRun_HotKeyStaysInMemory(t *testing.T) {
	const n = 40_000
	text := strings.Repeat("x", 1000)
	for name, page := range map[string]func(i int) string{
		"rows of one length": func(int) string { return "" },
		"rows that grow":     func(i int) string { return strings.Clone(text[:mix(uint64(i))%1000]) },
	} {
		t.Run(name, func(t *testing.T) {
			rows := stream.Seq[visit](func(yield func(visit, error) bool) {
				for i := range n {
					row := visit{ID: i, At: i}
					if i%10 != 9 {
						row.ID, row.Page = 0, page(i)
					}
					if !yield(row, nil) {
						return
					}
				}
			})
			got, spilled := spilledBytes(t, 64<<10, func(r stream.Resources) stream.Seq[visit] {
				return dedup.Run(rows, visit.Key, dedup.Options[visit]{Tie: dedup.TieLast, Resources: r})
			})
			require.Len(t, got, n/10+1)
			require.Equal(t, visit{At: n - 2, Page: page(n - 2)}, got[0])
			require.Less(t, spilled, int64(n*10), "the rows of the others alone")
		})
	}
}

// spilledBytes runs what goes to disk under a bound, and returns the bytes written and read.
func spilledBytes[T any](t *testing.T, memory int64, run func(stream.Resources) stream.Seq[T]) (got []T, n int64) {
	m := stream.NewMeters(stream.MetersOptions{})
	r := stream.Resources{Memory: memory, TempDir: t.TempDir(), Stage: m.Stage("dedup")}
	got, err := stream.Collect(stream.Meter(run(r), r.Stage))
	require.NoError(t, err)
	n = m.Stats().Stages[0].SpillBytes
	require.Positive(t, n)
	return got, n
}

// A row for which the bound has room is settled, be it so wide that a block of some would pass the bound.
func TestRun_WideRowsUnderASmallBound(t *testing.T) {
	type wide [4104]byte
	key := func(w wide) byte { return w[0] }
	rows := make([]wide, 200)
	for i := range rows {
		rows[i][0], rows[i][1] = byte(i%100), byte(i/100)
	}
	got, _ := spilledBytes(t, 64<<10, func(r stream.Resources) stream.Seq[wide] {
		return dedup.Run(stream.Of(rows...), key, dedup.Options[wide]{Tie: dedup.TieLast, Resources: r})
	})
	require.Len(t, got, 100)
	for i, w := range got {
		require.Equal(t, [2]byte{byte(i), 1}, [2]byte(w[:2]))
	}
}

// What Losers are told of rows that are merged is the rows, so no more of them goes to disk, however much was gathered.
func TestMerge_LosersOnDiskAreRowsAlone(t *testing.T) {
	const n = 20_000
	rows := stream.Seq[profile](func(yield func(profile, error) bool) {
		for i := range n {
			row := profile{ID: i, Serial: i, Tags: []string{"one"}}
			if i%2 == 0 {
				row.ID, row.Tags = 0, []string{strconv.Itoa(i % 500)}
			}
			if !yield(row, nil) {
				return
			}
		}
	})
	told := 0
	o := dedup.Options[profile]{
		Keep: dedup.KeepMerge, Merge: []dedup.Reducer[profile]{dedup.Union(func(v *profile) *[]string { return &v.Tags })},
		Losers: func(dedup.Loser[profile]) error { told++; return nil },
	}
	kept, spilled := spilledBytes(t, 256<<10, func(r stream.Resources) stream.Seq[profile] {
		o.Resources = r
		return dedup.Run(rows, profile.Key, o)
	})
	require.Len(t, kept, n/2+1)
	require.Equal(t, n/2-1, told)
	require.Less(t, spilled, int64(n*200), "a set of 250 tags would be a thousand bytes beside every loser")
}

// A type without a codec is refused, where there is a bound; a codec of the caller's is what it needs.
func TestRun_CodecIsNeededUnderABound(t *testing.T) {
	type secret struct{ id int }
	key := func(s secret) int { return s.id }
	rows := make([]secret, 3000)
	for i := range rows {
		rows[i].id = i % 2000
	}
	require.NoError(t, stream.Drain(dedup.Run(stream.Of(rows...), key, dedup.Options[secret]{})))
	o := dedup.Options[secret]{Tie: dedup.TieLast, Resources: stream.Resources{Memory: 20 << 10, TempDir: t.TempDir()}}
	err := stream.Drain(dedup.Run(stream.Of(rows...), key, o))
	var option *stream.OptionError
	require.ErrorAs(t, err, &option)
	require.Equal(t, "dedup", option.Package)
	require.Equal(t, "Codec", option.Option)
	require.ErrorContains(t, err, "id")
	o.Codec = intCodec[secret]{func(s *secret) *int { return &s.id }}
	n, err := stream.Count(dedup.Run(stream.Of(rows...), key, o))
	require.NoError(t, err)
	require.Equal(t, 2000, int(n))
}

// A codec that gives back another key than it was given would have rows of one key taken for those of several.
func TestRun_KeysThatChangeOnDiskAreFound(t *testing.T) {
	rows := make([]visit, 5000)
	for i := range rows {
		rows[i].ID = i % 2500
	}
	o := dedup.Options[visit]{
		Tie: dedup.TieLast, Resources: stream.Resources{Memory: 20 << 10, TempDir: t.TempDir()},
		Codec: otherKeys{intCodec[visit]{func(v *visit) *int { return &v.ID }}},
	}
	err := stream.Drain(dedup.Run(stream.Of(rows...), visit.Key, o))
	var key *dedup.KeyError
	require.ErrorAs(t, err, &key)
	require.ErrorContains(t, err, fmt.Sprintf("dedup: key of element %d: it is another one", key.Position))
}

// otherKeys decodes other numbers than were written.
type otherKeys struct{ intCodec[visit] }

func (c otherKeys) Decode(src []byte, v *visit) ([]byte, error) {
	rest, err := c.intCodec.Decode(src, v)
	v.ID++
	return rest, err
}

// A codec which says that a row holds less than nothing is named, with the row, in the row's turn: what comes before it is
// settled.
func TestRun_CodecThatHoldsLessThanNothing(t *testing.T) {
	rows := make([]visit, 3000)
	for i := range rows {
		rows[i].ID = i % 2000
	}
	of := func(v *visit) *int { return &v.ID }
	for name, o := range map[string]dedup.Options[visit]{
		"on_sight": {}, "last": {Tie: dedup.TieLast}, "workers": {Tie: dedup.TieLast, Resources: stream.Resources{Workers: 2}},
		"merge": {Keep: dedup.KeepMerge, Merge: []dedup.Reducer[visit]{dedup.Last(of)}},
	} {
		for _, memory := range []int64{16 << 10, 1 << 20} {
			var stats dedup.Stats
			o.Codec, o.Stats = lessThanNothing{intCodec[visit]{of}}, &stats
			o.Resources.Memory, o.Resources.TempDir = memory, t.TempDir()
			err := stream.Drain(dedup.Run(stream.Of(rows...), visit.Key, o))
			var option *stream.OptionError
			require.ErrorAs(t, err, &option, name)
			require.Equal(t, "Codec", option.Option)
			require.ErrorContains(t, err, "-7 from dedup_test.lessThanNothing.Held for element 1234", name)
			require.EqualValues(t, 1235, stats.In)
		}
	}
}

type lessThanNothing struct{ intCodec[visit] }

func (c lessThanNothing) Held(v *visit) int64 {
	if v.ID == 1234 {
		return -7
	}
	return 0
}

// intCodec writes rows that are a number.
type intCodec[T any] struct{ of func(*T) *int }

func (c intCodec[T]) Append(dst []byte, v *T) ([]byte, error) {
	n := *c.of(v)
	return append(dst, byte(n), byte(n>>8)), nil
}

func (c intCodec[T]) Decode(src []byte, v *T) ([]byte, error) {
	if len(src) < 2 {
		return src, errors.New("cut")
	}
	*c.of(v) = int(src[0]) | int(src[1])<<8
	return src[2:], nil
}

func (c intCodec[T]) Held(*T) int64 { return 0 }

// Whatever of the caller's panics or exits, no file is left and the budget is given back.
func TestRun_SpillingPanics(t *testing.T) {
	rows := visits(3000)
	for name, o := range spillingWays {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			play := func(at int, off func()) (calls int, end string) {
				budget, err := stream.NewBudget(20 << 10)
				require.NoError(t, err)
				o.Resources = stream.Resources{Budget: budget, TempDir: dir}
				key := func(v visit) int {
					if calls++; calls == at {
						off()
					}
					return v.ID
				}
				done := make(chan struct{})
				go func() {
					defer close(done)
					end = "exit"
					defer func() {
						if v := recover(); v != nil {
							end = "panic"
						}
					}()
					if err := stream.Drain(dedup.Run(stream.Of(rows...), key, o)); err != nil {
						end = err.Error()
						return
					}
					end = "done"
				}()
				<-done
				left, err := os.ReadDir(dir)
				require.NoError(t, err)
				require.Empty(t, left, "call %d: files are left", at)
				require.Zero(t, budget.Used(), "call %d: booked bytes are left", at)
				return calls, end
			}
			calls, end := play(-1, nil)
			require.Equal(t, "done", end)
			require.Greater(t, calls, len(rows), "rows come back from disk")
			for at := 1; at <= calls; at += max(calls/20, 1) {
				_, end := play(at, func() { panic("of the caller") })
				require.Equal(t, "panic", end, "call %d of %d", at, calls)
				_, end = play(at, runtime.Goexit)
				require.Equal(t, "exit", end, "call %d of %d", at, calls)
			}
		})
	}
}
