package stream_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

func TestOpt_three_states_are_apart(t *testing.T) {
	var zero stream.Opt[int]
	for _, tc := range []struct {
		opt                    stream.Opt[int]
		missing, null, present bool
		text                   string
		or                     int
	}{
		{zero, true, false, false, "missing", 7},
		{stream.Missing[int](), true, false, false, "missing", 7},
		{stream.Null[int](), false, true, false, "null", 7},
		{stream.Present(0), false, false, true, "0", 0},
	} {
		require.Equal(t, tc.missing, tc.opt.IsMissing(), tc.text)
		require.Equal(t, tc.null, tc.opt.IsNull(), tc.text)
		require.Equal(t, tc.present, tc.opt.IsPresent(), tc.text)
		require.Equal(t, tc.text, fmt.Sprint(tc.opt))
		require.Equal(t, tc.or, tc.opt.Or(7))
		_, ok := tc.opt.Get()
		require.Equal(t, tc.present, ok)
	}
	require.NotEqual(t, stream.Null[int](), stream.Missing[int](), "as keys they are two groups")
}

func TestRow_Get(t *testing.T) {
	row := stream.Row{{Name: "user", Value: "ann"}, {Name: "page", Value: nil}}
	require.Equal(t, stream.Present[any]("ann"), row.Get("user"))
	require.True(t, row.Get("page").IsNull())
	require.True(t, row.Get("referrer").IsMissing())
}

func TestResources_Check(t *testing.T) {
	require.NoError(t, stream.Resources{}.Check("stream", "Sort"))
	require.EqualError(t, stream.Resources{Memory: -1}.Check("stream", "Sort"), "stream: Sort: Resources.Memory must be 0 or positive, got -1")
	require.EqualError(t, stream.Resources{Workers: -2}.Check("stream", "Sort"), "stream: Sort: Resources.Workers must be 0 or positive, got -2")
}

func TestAccount_own_bound(t *testing.T) {
	a := stream.Resources{Memory: 100}.Account("stream: Sort")
	require.NoError(t, a.Grow(100))
	err := a.Grow(1)
	require.ErrorIs(t, err, stream.ErrLimit)
	require.EqualError(t, err, "stream: Sort: bytes of live state: limit is 100, need 101: limit exceeded")
	a.Shrink(1)
	require.NoError(t, a.Grow(1))
	require.EqualValues(t, 100, a.Used())
	require.Panics(t, func() { a.Shrink(101) })
}

func TestAccount_shared_budget_is_given_back(t *testing.T) {
	budget, err := stream.NewBudget(100)
	require.NoError(t, err)
	a := stream.Resources{Budget: budget}.Account("a")
	b := stream.Resources{Budget: budget, Memory: 90}.Account("b")
	require.NoError(t, a.Grow(60))
	require.EqualError(t, b.Grow(50), "b: bytes of the shared budget: limit is 100: limit exceeded")
	require.Zero(t, b.Used(), "a refused Grow books nothing")
	require.NoError(t, b.Grow(40))
	require.EqualValues(t, 100, budget.Used())
	a.Close()
	a.Close()
	b.Close()
	require.Zero(t, budget.Used())
	require.Panics(t, func() { budget.Release(1) })

	_, err = stream.NewBudget(0)
	var option *stream.OptionError
	require.ErrorAs(t, err, &option)
}

func TestSink_Into_and_Discard(t *testing.T) {
	var late []int
	sink := stream.Into(&late)
	require.NoError(t, sink(1))
	require.NoError(t, sink(2))
	require.Equal(t, []int{1, 2}, late)
	require.NoError(t, stream.Discard[int]("measured elsewhere")(3))
}
