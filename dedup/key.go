package dedup

import (
	"fmt"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

// KeyError reports a row whose key cannot be used: an interface inside it holds something that cannot be
// compared (a slice, a map, a func) or has no stable value (a pointer, a channel), or it is null where null
// keys are rejected and there is no place for them, or it came back from disk as another one. It matches stream.ErrSchema.
type KeyError struct {
	Position int64 // of the row in the input, from 0
	Err      error // what is wrong with its key
}

// Error says which element has the key, and what is wrong with it.
func (e *KeyError) Error() string {
	return fmt.Sprintf("dedup: key of element %d: %v: %v", e.Position, e.Err, stream.ErrSchema)
}

// Unwrap gives stream.ErrSchema and the cause.
func (e *KeyError) Unwrap() []error { return []error{stream.ErrSchema, e.Err} }

// newHasher returns an *OptionError where K has pointers or channels inside: two runs would not agree on
// what is equal.
func newHasher[K comparable](fn string) (*hash.Hasher[K], error) {
	h, err := hash.New[K]()
	if err != nil {
		var zero K
		return nil, &stream.OptionError{Package: "dedup", Func: fn, Option: "key type",
			Got: fmt.Sprintf("%T (%v)", zero, err), Want: "comparable without pointers or channels"}
	}
	return h, nil
}

// keyed checks what every operator over a stream by key is given: nil functions panic, and err, of its options, comes
// before one of the key type.
func keyed[T any, K comparable](fn string, s stream.Seq[T], key func(T) K, err error) (*hash.Hasher[K], error) {
	need(s == nil, fn, "stream")
	need(key == nil, fn, "key")
	if err != nil {
		return nil, err
	}
	return newHasher[K](fn)
}

// keyText prints a key for an error. A nil key is the group of null keys.
func keyText(key any) string {
	switch k := key.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("%q", k)
	}
	return fmt.Sprintf("%v", key)
}
