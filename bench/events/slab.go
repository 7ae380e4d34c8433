package events

import (
	"runtime"
	"sync"
)

// Slab makes all events in memory that the collector does not see (see allocate): it neither scans them nor counts
// them when it decides how much garbage may pile up. A side is then measured as in a service whose input passes
// through, and its live heap is its own.
func Slab(o Options) ([]Event, error) { return slab(o, (*Source).At) }

// Deliveries are the rows of 80 bytes, in the same memory.
func Deliveries(o Options) ([]Delivery, error) { return slab(o, (*Source).Delivery) }

// IDs are the events' identifiers alone, in the same memory.
func IDs(o Options) ([]uint64, error) {
	return slab(o, func(s *Source, i int) uint64 { return s.id(s.origin(i)) })
}

// Firsts says of each row whether it is the first copy of its event, in the same memory.
func Firsts(o Options) ([]bool, error) {
	return slab(o, func(s *Source, i int) bool { return s.origin(i) == i })
}

func slab[T any](o Options, at func(*Source, int) T) ([]T, error) {
	s, err := New(o)
	if err != nil {
		return nil, err
	}
	rows, err := allocate[T](o.Rows)
	if err != nil {
		return nil, err
	}
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := len(rows) * w / workers; i < len(rows)*(w+1)/workers; i++ {
				rows[i] = at(&s, i)
			}
		})
	}
	wg.Wait()
	return rows, nil
}
