package stream_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

var errBoom = errors.New("boom")

// failAfter yields the items and then err.
func failAfter[T any](err error, items ...T) stream.Seq[T] {
	return stream.Concat(stream.Of(items...), stream.Fail[T](err))
}

func collect[T any](t *testing.T, s stream.Seq[T]) []T {
	t.Helper()
	got, err := stream.Collect(s)
	require.NoError(t, err)
	return got
}

func TestFrom_runs_again_if_the_iterator_can(t *testing.T) {
	s := stream.From(slices.Values([]string{"a", "b"}))
	require.Equal(t, []string{"a", "b"}, collect(t, s))
	require.Equal(t, []string{"a", "b"}, collect(t, s))
}

func TestConcat_first_error_ends_it(t *testing.T) {
	started := false
	last := func(yield func(int, error) bool) { started = true }
	got, err := stream.Collect(stream.Concat(stream.Of(1), failAfter(errBoom, 2), last))
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, []int{1, 2}, got)
	require.False(t, started, "a sequence behind the error was started")
}

func TestChan_ends_when_closed_and_is_single_use(t *testing.T) {
	ch := make(chan int, 2)
	ch <- 1
	ch <- 2
	close(ch)
	s := stream.Chan(t.Context(), ch)
	require.Equal(t, []int{1, 2}, collect(t, s))
	_, err := stream.Collect(s)
	require.ErrorIs(t, err, stream.ErrConsumed)
}

func TestChan_cancelled_while_waiting_and_before(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	ch := make(chan int)
	go func() {
		ch <- 1
		cancel(errBoom)
	}()
	got, err := stream.Collect(stream.Chan(ctx, ch))
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, []int{1}, got)

	full := make(chan int, 1)
	full <- 7
	got, err = stream.Collect(stream.Chan(ctx, full))
	require.ErrorIs(t, err, errBoom)
	require.Empty(t, got)
	require.Len(t, full, 1, "a cancelled Chan took an element and dropped it")
}

func TestWithContext_ends_with_the_cause_between_elements(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	source := stream.Tap(stream.Of(1, 2, 3, 4), func(v int) {
		if v == 3 {
			cancel(errBoom)
		}
	})
	got, err := stream.Collect(stream.WithContext(ctx, source))
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, []int{1, 2}, got)

	untouched := func(yield func(int, error) bool) { t.Error("source started under a done context") }
	_, err = stream.Collect(stream.WithContext(ctx, untouched))
	require.ErrorIs(t, err, errBoom)
}

func TestNil_arguments_panic_by_name(t *testing.T) {
	s := stream.Of(1)
	for want, call := range map[string]func(){
		"stream: Map: nil sequence":     func() { stream.Map(nil, func(int) int { return 0 }) },
		"stream: Map: nil function":     func() { stream.Map[int, int](s, nil) },
		"stream: TryMap: nil function":  func() { stream.TryMap[int, int](s, nil) },
		"stream: FlatMap: nil function": func() { stream.FlatMap[int, int](s, nil) },
		"stream: FlatMap: nil sequence": func() {
			_ = stream.Drain(stream.FlatMap(stream.Of(1), func(int) stream.Seq[int] { return nil }))
		},
		"stream: Tap: nil function":                func() { stream.Tap(s, nil) },
		"stream: Filter: nil predicate":            func() { stream.Filter(s, nil) },
		"stream: TakeWhile: nil predicate":         func() { stream.TakeWhile(s, nil) },
		"stream: SkipWhile: nil predicate":         func() { stream.SkipWhile(s, nil) },
		"stream: Scan: nil function":               func() { stream.Scan[int, int](s, 0, nil) },
		"stream: ChunkBy: nil key":                 func() { stream.ChunkBy[int, int](s, nil) },
		"stream: Zip: nil sequence":                func() { stream.Zip[int, int](s, nil) },
		"stream: Pull: nil sequence":               func() { stream.Pull[int](nil, stream.PullOptions{}) },
		"stream: Fail: nil error":                  func() { stream.Fail[int](nil) },
		"stream: From: nil iterator":               func() { stream.From[int](nil) },
		"stream: Concat: nil sequence":             func() { stream.Concat(s, nil) },
		"stream: Chan: nil channel":                func() { stream.Chan[int](t.Context(), nil) },
		"stream: Lines: nil reader":                func() { stream.Lines(nil, stream.LinesOptions{}) },
		"stream: ForEach: nil function":            func() { _ = stream.ForEach(s, nil) },
		"stream: Reduce: nil fold.Add":             func() { _, _ = stream.Reduce(s, stream.Fold[int, int]{}) },
		"stream: Try: nil error pointer":           func() { stream.Try(s, nil) },
		"stream: Into: nil destination":            func() { stream.Into[int](nil) },
		"stream: Discard: empty reason":            func() { stream.Discard[int](" ") },
		"stream: Account.Grow: negative size -1":   func() { _ = stream.Resources{}.Account("x").Grow(-1) },
		"stream: Budget.Reserve: negative size -1": func() { new(stream.Budget).Reserve(-1) },
	} {
		require.PanicsWithValue(t, want, call, want)
	}
}
