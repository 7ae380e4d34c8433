package spill

import (
	"path/filepath"
	"sync"
	"sync/atomic"
)

// Faults is one thing that goes wrong with the files below a directory, for tests of what stands on this package.
// The zero value does nothing.
type Faults struct {
	Op Op  // what goes wrong
	At int // at which call of it, from 1; 0: Do alone, at every one

	// Err makes the call and all later ones of Op fail. A write has then stored the first half of its bytes, as a
	// full disk does.
	Err error
	// Lost makes a write that stores the first half of its bytes look like a success.
	Lost bool
	// Flip turns one bit over, in what a write stores or in what a read returns: bit Bit, counted from the first of
	// the block, modulo the block's bits.
	Flip bool
	Bit  int
	// Do is called first: a test that kills its process does it here.
	Do func()
}

// injection is Faults at work in one directory.
type injection struct {
	Faults
	calls atomic.Int64 // of Op
	over  atomic.Bool  // restored: directories that still have it see no more of it
}

// injections holds the faults by cleaned directory.
var injections sync.Map

// Inject lets f happen to directories made in parent, until restore is called. Other parents are not touched, so
// tests that use their own may run side by side.
func Inject(parent string, f Faults) (restore func()) {
	key := parentDir(parent)
	in := &injection{Faults: f}
	injections.Store(key, in)
	return func() { in.over.Store(true); injections.CompareAndDelete(key, in) }
}

func injected(parent string) *injection {
	if in, ok := injections.Load(parent); ok {
		return in.(*injection)
	}
	return nil
}

// strike counts a call of op and reports whether the fault is due. A nil injection has none.
func (in *injection) strike(op Op) bool {
	if in == nil || in.Op != op || in.over.Load() {
		return false
	}
	n := in.calls.Add(1)
	if (n == int64(in.At) || in.At == 0) && in.Do != nil {
		in.Do()
	}
	return n == int64(in.At) || n > int64(in.At) && in.At > 0 && in.Err != nil
}

// fail is strike for calls that can do nothing but fail.
func (in *injection) fail(op Op) error {
	if in.strike(op) {
		return in.Err
	}
	return nil
}

// flip returns p with the bit turned over, in a copy.
func (in *injection) flip(p []byte) []byte {
	if len(p) == 0 {
		return p
	}
	out := append([]byte(nil), p...)
	bit := in.Bit % (8 * len(p))
	out[bit/8] ^= 1 << (bit % 8)
	return out
}

// parentDir is the form in which parents are compared.
func parentDir(parent string) string {
	if abs, err := filepath.Abs(parent); err == nil {
		return abs
	}
	return filepath.Clean(parent)
}
