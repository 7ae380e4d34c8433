package dedup_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// twoPassContract judges TwoPass in every way that it takes. An operator may start its source once in a run, so the
// source that the kit watches is the one of the first pass, and the second reads what the first has seen; then all
// of it is judged as a source, which it is. What befalls the second pass is TestTwoPass_FaultsOfTheSecondPass.
func twoPassContract(t *testing.T) {
	for name, w := range ways {
		o := w.o
		if o.Keep == dedup.KeepMerge {
			continue // it is refused: TestTwoPass_RefusesMerge
		}
		o.Losers = nil
		if name == "ambiguous" { // by strings, which have no rank
			o.By = []dedup.Comparator[click]{dedup.Present(func(click) bool { return true })}
		}
		o.Order = dedup.OrderWinner
		t.Run(name, func(t *testing.T) {
			streamtest.CheckWith(t, func(s stream.Seq[click]) stream.Seq[click] {
				return func(yield func(click, error) bool) {
					var seen []click
					isFirst := true
					dedup.TwoPass(func() stream.Seq[click] {
						if !isFirst {
							return stream.Of(seen...)
						}
						isFirst = false
						return stream.Map(s, func(c click) click { seen = append(seen, c); return c })
					}, click.Key, o)(yield)
				}
			}, streamtest.CheckOptions[click]{Fails: w.fails || w.failsTwoPass, Streaming: w.streaming}, shuffledClicks()...)
			if w.fails || w.failsTwoPass {
				return
			}
			streamtest.CheckSource(t, func() stream.Seq[click] { return dedup.TwoPass(again(shuffledClicks()), click.Key, o) })
		})
	}
}

// An error and a panic at every position of the second pass come out, behind the rows before them, and the source has
// been cleaned up when they do.
func TestTwoPass_FaultsOfTheSecondPass(t *testing.T) {
	rows := shuffledClicks()
	o := lastByWinner(nil)
	whole, err := stream.Collect(dedup.TwoPass(again(rows), click.Key, o))
	require.NoError(t, err)
	broken := errors.New("disk gone")
	for at := range len(rows) + 1 {
		for _, faulty := range []*streamtest.Script[click]{
			{Values: rows, At: at, Err: broken}, {Values: rows, At: at, Panic: broken},
		} {
			var got []click
			failed := func() (err error) {
				defer func() {
					if p := recover(); p != nil {
						err = p.(error)
					}
				}()
				for c, err := range dedup.TwoPass(script(&streamtest.Script[click]{Values: rows}, faulty), click.Key, o) {
					if err != nil {
						require.Zero(t, c)
						return err
					}
					got = append(got, c)
				}
				return nil
			}()
			require.Equal(t, broken, failed, "at %d", at)
			require.Equal(t, ids(whole[:len(got)]), ids(got))
			for _, c := range whole[len(got):] {
				require.NotContains(t, rows[:at], c, "a row that came before the fault at %d is missing", at)
			}
			require.Equal(t, 1, faulty.Counts().Cleanups)
		}
	}
}

// A panic in a callback comes out of either pass, with the memory given back.
func TestTwoPass_PanicsOfCallbacks(t *testing.T) {
	rows := shuffledClicks()
	budget, err := stream.NewBudget(1 << 20)
	require.NoError(t, err)
	for at := range 2 * len(rows) {
		for _, which := range []string{"key", "null key", "accessor"} {
			calls := 0
			call := func(what string) {
				if what != which {
					return
				}
				if calls++; calls == at+1 {
					panic(which)
				}
			}
			source := &streamtest.Script[click]{Values: rows}
			s := dedup.TwoPass(source.Seq, func(c click) int { call("key"); return c.ID }, dedup.Options[click]{
				By:        []dedup.Comparator[click]{dedup.Max(func(c click) int { call("accessor"); return c.At })},
				NullKey:   func(c click) bool { call("null key"); return false },
				Order:     dedup.OrderWinner,
				Resources: stream.Resources{Budget: budget},
			})
			require.PanicsWithValue(t, which, func() { _ = stream.Drain(s) })
			require.Zero(t, budget.Used())
			require.Equal(t, source.Counts().Starts, source.Counts().Cleanups)
			require.Equal(t, 1+at/len(rows), source.Counts().Starts)
		}
	}
}
