package stream

import (
	"sync"

	"github.com/millrace-go/millrace/internal/spill"
)

// spillParts is what a level has on disk of one kind: a part per radix partition, in a file that is made when the
// first row comes. Different partitions may be appended to by different goroutines.
type spillParts[T any] struct {
	fn    string // for errors
	dir   *spill.Dir
	rows  spill.Rows[T]
	block int // bytes of encoded rows per block
	parts int

	make  sync.Once
	store *spill.Store[T] // nil: nothing was spilled
	keys  []keyTrace      // by part, of its rows
	err   error           // of making it
}

func newSpillParts[T any](fn string, dir *spill.Dir, rows spill.Rows[T], plan radixPlan) *spillParts[T] {
	return &spillParts[T]{fn: fn, dir: dir, rows: rows, block: plan.block, parts: 1 << plan.bits}
}

// append writes a row, whose key has this hash.
func (s *spillParts[T]) append(part int, hash uint64, v *T) error {
	s.make.Do(func() {
		store, err := spill.NewStore(s.dir, s.rows, s.block)
		if err != nil {
			s.err = spillError(s.fn, err)
			return
		}
		for range s.parts {
			store.AddPart()
		}
		s.store, s.keys = store, make([]keyTrace, s.parts)
	})
	if s.err != nil {
		return s.err
	}
	s.keys[part].add(hash)
	return spillError(s.fn, s.store.Append(part, v))
}

// trace is that of the keys of a part.
func (s *spillParts[T]) trace(part int) keyTrace {
	if s.store == nil {
		return 0
	}
	return s.keys[part]
}

// any reports whether something was spilled. Nobody may append meanwhile; so with what follows.
func (s *spillParts[T]) any() bool { return s.store != nil }

// count is the number of rows of a part.
func (s *spillParts[T]) count(part int) int64 {
	if s.store == nil {
		return 0
	}
	return s.store.Rows(part)
}

// finish makes all parts readable.
func (s *spillParts[T]) finish() error {
	if s.store == nil {
		return nil
	}
	for part := range s.parts {
		if err := s.store.Finish(part); err != nil {
			return spillError(s.fn, err)
		}
	}
	return nil
}

// close removes the file. What cannot be removed is tried again with the directory, whose error counts.
func (s *spillParts[T]) close() {
	if s.store != nil {
		s.store.Close()
	}
}
