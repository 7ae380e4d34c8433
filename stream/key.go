package stream

import (
	"fmt"

	"github.com/millrace-go/millrace/internal/hash"
)

// KeyError reports a key that cannot be a key: an interface inside it holds something that cannot be compared
// (a slice, a map, a func) or that has no stable value (a pointer, a channel). Or a key that came back from disk as
// another one, for the key function is not pure or the codec drops something of what it looks at. It matches ErrSchema.
type KeyError struct {
	Func  string // the operator, "Aggregate"
	Index int64  // position of the element, from 0; -1: one of those that came back from disk
	Err   error  // what is wrong with its key
}

// Error says which element has the key, and what is wrong with it.
func (e *KeyError) Error() string {
	if e.Index < 0 {
		return fmt.Sprintf("stream: %s: key of an element that came back from disk: %v", e.Func, e.Err)
	}
	return fmt.Sprintf("stream: %s: key of element %d: %v", e.Func, e.Index, e.Err)
}

// Unwrap gives ErrSchema and the cause.
func (e *KeyError) Unwrap() []error { return []error{ErrSchema, e.Err} }

// keys applies the key rules for one operator.
type keys[K comparable] struct {
	hasher *hash.Hasher[K]
	fn     string
}

// newKeys returns an *OptionError where K has pointers or channels inside.
func newKeys[K comparable](fn string) (keys[K], error) {
	hasher, err := hash.New[K]()
	if err != nil {
		var zero K
		return keys[K]{}, &OptionError{Package: "stream", Func: fn, Option: "key type", Got: fmt.Sprintf("%T (%v)", zero, err), Want: "comparable without pointers or channels"}
	}
	return keys[K]{hasher: hasher, fn: fn}, nil
}

// check returns a *KeyError where the key of the element at index breaks the rules.
func (k keys[K]) check(key *K, index int64) error {
	if !k.hasher.Dynamic() {
		return nil
	}
	if err := k.hasher.Check(key); err != nil {
		return &KeyError{Func: k.fn, Index: index, Err: err}
	}
	return nil
}
