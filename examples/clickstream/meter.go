package main

import (
	"sync/atomic"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// meter watches one boundary between two stages: how many elements passed, and how long the stages above it
// took to make them.
type meter struct {
	passed atomic.Int64  // elements; the progress display reads it while the job runs
	above  time.Duration // time spent above the boundary
}

// watch counts and times s. The time of the stages below is not counted: the clock stands still while the
// consumer has the element.
func watch[T any](m *meter, s stream.Seq[T]) stream.Seq[T] {
	return func(yield func(T, error) bool) {
		started := time.Now()
		defer func() { m.above += time.Since(started) }()
		for v, err := range s {
			m.above += time.Since(started)
			if err == nil {
				m.passed.Add(1)
			}
			more := yield(v, err)
			started = time.Now()
			if !more || err != nil {
				return
			}
		}
	}
}
