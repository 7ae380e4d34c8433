package stream_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

func init() {
	register(contracttest.Ops{
		"SkipExactly": streaming(func(s stream.Seq[int]) stream.Seq[int] { return stream.SkipExactly(s, 0) }),
		"Resume": func(t *testing.T) {
			for _, every := range []int{0, 1, 3} {
				n := 0
				streamtest.CheckSink(t, func(s stream.Seq[int]) (string, error) {
					n++
					return runSums(filepath.Join(t.TempDir(), fmt.Sprint(n)), func(int64) stream.Seq[int] { return s }, every, true)
				}, 3, 1, 4, 1, 5)
			}
		},
	})
}

// runSums writes running sums, and the last one twice at the end; it returns what the output then is.
func runSums(path string, open func(int64) stream.Seq[int], every int, ends bool) (out string, err error) {
	sum := 0
	state, err := stream.StateOf(&sum)
	if err != nil {
		return "", err
	}
	cp, err := stream.OpenCheckpoint(path, stream.CheckpointOptions{States: map[string]stream.State{"sum": state}})
	if err != nil {
		return "", err
	}
	defer func() {
		err = errors.Join(err, cp.Close())
		b, rerr := os.ReadFile(path + ".out")
		out, err = string(b), errors.Join(err, rerr)
	}()
	f, err := cp.File(path + ".out")
	if err != nil {
		return "", err
	}
	o := stream.ResumeOptions{Every: every}
	if ends {
		o.Finish = func() error { _, err := fmt.Fprintln(f, "total", sum); return err }
	}
	return "", stream.Resume(open, cp, func(v int) error {
		sum += v
		if v == 1000 {
			return errBoom
		}
		_, err := fmt.Fprintln(f, sum)
		return err
	}, o)
}

func TestResume_GoesOnAfterAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "job")
	src := &streamtest.Script[int]{Values: []int{1, 2, 3, 4, 5}, At: 3, Err: errBoom}
	open := func(s stream.Seq[int]) func(int64) stream.Seq[int] {
		return func(position int64) stream.Seq[int] { return stream.SkipExactly(s, position) }
	}
	out, err := runSums(path, open(src.Seq()), 2, true)
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, "1\n3\n6\n", out, "what came before an error of the source is committed")

	// An error of step is not: the state may be half-way.
	out, err = runSums(path, func(position int64) stream.Seq[int] {
		require.EqualValues(t, 3, position)
		return stream.Of(4, 1000)
	}, 0, true)
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, "1\n3\n6\n", out)

	ctx, cancel := context.WithCancel(t.Context())
	out, err = runSums(path, func(position int64) stream.Seq[int] {
		return stream.Tap(stream.WithContext(ctx, stream.Of(4, 5)), func(int) { cancel() })
	}, 0, true)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "1\n3\n6\n10\n", out)

	out, err = runSums(path, open(stream.Of(1, 2, 3, 4, 5)), 0, true)
	require.NoError(t, err)
	require.Equal(t, "1\n3\n6\n10\n15\ntotal 15\n", out)

	out, err = runSums(path, func(int64) stream.Seq[int] { t.Fatal("a finished job reads nothing"); return nil }, 0, true)
	require.NoError(t, err)
	require.Equal(t, "1\n3\n6\n10\n15\ntotal 15\n", out)
}

// Without Finish the job goes on where its source has grown.
func TestResume_SourceGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "job")
	all := []int{}
	want, sum := "", 0
	for round := range 5 {
		for i := range round {
			all = append(all, i+1)
			sum += i + 1
			want += fmt.Sprintln(sum)
		}
		out, err := runSums(path, func(position int64) stream.Seq[int] { return stream.Of(all[position:]...) }, 3, false)
		require.NoError(t, err)
		require.Equal(t, want, out)
	}
}

// A source that was cut off below the position of the job neither finishes it nor moves it.
func TestResume_SourceShorter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "job")
	all := []int{1, 2, 3, 4, 5}
	run := func(n int, then ...error) (string, error) {
		s := stream.Of(all[:n]...)
		for _, err := range then {
			s = stream.Concat(s, stream.Fail[int](err))
		}
		return runSums(path, func(position int64) stream.Seq[int] { return stream.SkipExactly(s, position) }, 2, true)
	}
	out, err := run(3, errBoom)
	require.ErrorIs(t, err, errBoom)
	require.Equal(t, "1\n3\n6\n", out)
	for n := range 3 {
		out, err = run(n)
		require.ErrorIs(t, err, stream.ErrSourceChanged)
		var shorter *stream.ShorterError
		require.ErrorAs(t, err, &shorter)
		require.Equal(t, stream.ShorterError{Func: "SkipExactly", Got: int64(n), Want: 3}, *shorter)
		require.Equal(t, "1\n3\n6\n", out)
		_, err = run(n, errBoom)
		require.ErrorIs(t, err, errBoom, "what the source says of itself comes first")
	}
	out, err = run(3) // nothing new is no change
	require.NoError(t, err)
	require.Equal(t, "1\n3\n6\ntotal 6\n", out)
}

func TestResume_Refuses(t *testing.T) {
	cp := openCheckpoint(t, filepath.Join(t.TempDir(), "job"), stream.CheckpointOptions{})
	open := func(int64) stream.Seq[int] { return stream.Of(1) }
	step := func(int) error { return nil }
	var option *stream.OptionError
	require.ErrorAs(t, stream.Resume(open, cp, step, stream.ResumeOptions{Every: -1}), &option)
	require.PanicsWithValue(t, "stream: Resume: nil open", func() { stream.Resume(nil, cp, step, stream.ResumeOptions{}) })
	require.PanicsWithValue(t, "stream: Resume: nil checkpoint", func() { stream.Resume(open, nil, step, stream.ResumeOptions{}) })
	require.PanicsWithValue(t, "stream: Resume: nil step", func() { stream.Resume(open, cp, nil, stream.ResumeOptions{}) })
	require.PanicsWithValue(t, "stream: Resume: nil sequence", func() {
		stream.Resume(func(int64) stream.Seq[int] { return nil }, cp, step, stream.ResumeOptions{})
	})
	failed := func() error { return errBoom }
	require.ErrorIs(t, stream.Resume(open, cp, step, stream.ResumeOptions{Finish: failed}), errBoom)
	require.False(t, cp.Finished())
	require.NoError(t, cp.Close())
	require.Error(t, stream.Resume(open, cp, step, stream.ResumeOptions{}), "a closed checkpoint cannot commit")
	err := stream.Resume(func(int64) stream.Seq[int] {
		return (&streamtest.Script[int]{Values: []int{1}, At: 1, Err: errBoom}).Seq()
	}, cp, step, stream.ResumeOptions{})
	require.ErrorIs(t, err, errBoom)
	require.ErrorIs(t, err, os.ErrClosed)
}
