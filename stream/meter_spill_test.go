package stream_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// Each operator that spills tells its stage of the blocks it writes and reads; without a bound there are none.
func TestMeter_SpillOfOperators(t *testing.T) {
	const n = 20_000
	ints := stream.From(upTo(n))
	key := func(v int) int { return v * 7919 % n }
	for name, run := range map[string]func(r stream.Resources, st *stream.Stage) error{
		"Aggregate": func(r stream.Resources, st *stream.Stage) error {
			return stream.Drain(stream.Meter(stream.Aggregate(ints, key, sum, stream.AggregateOptions{Resources: r}), st))
		},
		"Sort": func(r stream.Resources, st *stream.Stage) error {
			return stream.Drain(stream.Meter(stream.Sort(ints, key, stream.SortOptions{Resources: r}), st))
		},
		"Join": func(r stream.Resources, st *stream.Stage) error {
			return stream.Drain(stream.Meter(stream.Join(ints, ints, key, key, stream.JoinOptions{Resources: r}), st))
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, memory := range []int64{0, 32 << 10} {
				m := stream.NewMeters(stream.MetersOptions{})
				st := m.Stage(name)
				require.NoError(t, run(stream.Resources{Memory: memory, TempDir: t.TempDir(), Stage: st}, st))
				got := stageNamed(t, m.Stats(), name)
				if memory == 0 {
					require.Zero(t, got.SpillBytes)
					require.Zero(t, got.Spill)
					continue
				}
				require.Greater(t, got.SpillBytes, int64(n))
				require.Positive(t, got.Spill)
			}
		})
	}
}

// A Stage that no Meters made has no clock, and is told nothing.
func TestResources_StageOfNobody(t *testing.T) {
	r := stream.Resources{Memory: 4 << 10, TempDir: t.TempDir(), Stage: &stream.Stage{}}
	got, err := stream.Count(stream.Sort(stream.From(upTo(5000)), func(v int) int { return -v }, stream.SortOptions{Resources: r}))
	require.NoError(t, err)
	require.Equal(t, 5000, got)
}
