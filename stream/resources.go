package stream

import (
	"fmt"
	"sync/atomic"

	"github.com/millrace-go/millrace/internal/spill"
)

// Resources bounds a stateful operator; it is always a field of the operator's options. The zero value:
// memory unbounded, one worker, spill to os.TempDir when bounded.
//
// An operator that does not spill says so in its doc: it ends with a *LimitError where its live state would pass
// Memory, never by taking more of what it counts than it was allowed.
//
// What counts: keys with their strings; rows with their strings, slices and maps, where a codec can be compiled from
// their type (see Codec); the states of ScanBy, and accumulators, by their static size and what Fold.Size adds. So of a
// state or an accumulator that keeps rows, as fold.Collect, fold.Top, fold.First and fold.Last do, what the rows point to
// is not counted: rows of 4 KB strings under fold.Collect took 79 MiB under a bound of 8. GroupBy counts it; elsewhere
// give the fold a Size that knows the rows.
//
// What goes to disk comes back the same but for the monotonic reading of a time, which has no meaning outside of its
// process.
type Resources struct {
	Memory  int64   // bytes of live state (rows, tables, slabs, accumulators); 0: unbounded
	Budget  *Budget // shared by several operators of one pipeline, if set
	TempDir string  // where to spill; empty: os.TempDir
	Workers int     // goroutines; 0 and 1: the consumer's own
	Stage   *Stage  // of the operator's meter, if set: told what spilling takes, in time and bytes
}

// spillDir is the directory of one run, with the stage that wants to know of it.
func (r Resources) spillDir() *spill.Dir {
	d := spill.NewDir(r.TempDir)
	if r.Stage != nil {
		d.Watch(r.Stage.Now, r.Stage.AddSpill)
	}
	return d
}

// bounded reports whether live state must be counted.
func (r Resources) bounded() bool { return r.Memory > 0 || r.Budget != nil }

// Check returns an *OptionError if a field is out of range. Operators call it before they touch a source.
func (r Resources) Check(pkg, fn string) error {
	if r.Memory < 0 {
		return &OptionError{Package: pkg, Func: fn, Option: "Resources.Memory", Got: r.Memory, Want: "0 or positive"}
	}
	if r.Workers < 0 {
		return &OptionError{Package: pkg, Func: fn, Option: "Resources.Workers", Got: r.Workers, Want: "0 or positive"}
	}
	return nil
}

// Budget is a memory bound that several operators share. All methods are safe for concurrent use.
type Budget struct {
	total int64        // bytes
	used  atomic.Int64 // bytes reserved now
}

// NewBudget makes a budget of total bytes. It returns an *OptionError if total is not positive.
func NewBudget(total int64) (*Budget, error) {
	if total <= 0 {
		return nil, &OptionError{Package: "stream", Func: "NewBudget", Option: "total", Got: total, Want: "positive"}
	}
	return &Budget{total: total}, nil
}

// Reserve takes n bytes if they are left, and reports whether it did. n must not be negative.
func (b *Budget) Reserve(n int64) bool {
	if n < 0 {
		panic(fmt.Sprintf("stream: Budget.Reserve: negative size %d", n))
	}
	for {
		used := b.used.Load()
		if n > b.total-used {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// Release gives n bytes back. To give back more than was reserved is a caller's mistake and panics.
func (b *Budget) Release(n int64) {
	if n < 0 {
		panic(fmt.Sprintf("stream: Budget.Release: negative size %d", n))
	}
	if left := b.used.Add(-n); left < 0 {
		panic(fmt.Sprintf("stream: Budget.Release: %d bytes more than were reserved", -left))
	}
}

// Used returns the bytes reserved now.
func (b *Budget) Used() int64 { return b.used.Load() }

// Total returns the bound in bytes.
func (b *Budget) Total() int64 { return b.total }
