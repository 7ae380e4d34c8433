package stream

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millrace-go/millrace/internal/worker"
)

// ends joins a worker on a goroutine of its own and returns how that one ended.
func ends(w *worker.Worker) (recovered any, returned bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { recovered = recover() }()
		w.Join()
		returned = true
	}()
	<-done
	return recovered, returned
}

func TestWorker(t *testing.T) {
	defer goleak.VerifyNone(t)

	ran := false
	recovered, returned := ends(goWorker(func() { ran = true }))
	require.True(t, ran)
	require.True(t, returned)
	require.Nil(t, recovered)

	left := goWorker(runtime.Goexit)
	recovered, returned = ends(left)
	require.False(t, returned, "Goexit continues on the joining goroutine")
	require.Nil(t, recovered)
	_, returned = ends(left)
	require.True(t, returned, "it is passed on once")

	boom := errors.New("boom")
	recovered, _ = ends(goWorker(func() { explode(boom) }))
	var p *PanicError
	require.ErrorAs(t, recovered.(error), &p)
	require.ErrorIs(t, p, boom)
	require.Contains(t, string(p.Stack), "stream.explode", "the stack of the worker")
	require.Contains(t, p.Error(), "stream: panic on a worker: boom\n\nthe worker's stack:\n")

	inner := p
	recovered, _ = ends(goWorker(func() { panic(inner) }))
	require.Same(t, inner, recovered, "a panic of a worker's worker keeps its stack")

	recovered, _ = ends(goWorker(func() { explode("text") }))
	require.NoError(t, recovered.(*PanicError).Unwrap())
}

//go:noinline
func explode(v any) { panic(v) }
