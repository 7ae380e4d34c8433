package worker_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/millrace-go/millrace/internal/worker"
)

func wrapped(v any) any { return fmt.Sprintf("wrapped %v", v) }

// ended runs fn on a goroutine of its own, and says how that one ended.
func ended(fn func()) (recovered any, returned bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { recovered = recover() }()
		fn()
		returned = true
	}()
	<-done
	return recovered, returned
}

func TestWorker_JoinEndsAsItDid(t *testing.T) {
	for _, c := range []struct {
		name      string
		fn        func()
		recovered any
		returned  bool
	}{
		{"returns", func() {}, nil, true},
		{"panics", func() { panic("boom") }, "wrapped boom", false},
		{"exits", runtime.Goexit, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := worker.Go(wrapped, c.fn)
			<-w.Done()
			if got := w.Failed(); got == c.returned {
				t.Errorf("Failed() = %v", got)
			}
			recovered, returned := ended(w.Join)
			if recovered != c.recovered || returned != c.returned {
				t.Errorf("Join: panicked with %v, returned %v, want %v, %v", recovered, returned, c.recovered, c.returned)
			}
			if recovered, returned := ended(w.Join); recovered != nil || !returned {
				t.Errorf("a second Join: panicked with %v, returned %v", recovered, returned)
			}
		})
	}
}
