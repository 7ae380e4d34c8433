package hash

import "reflect"

// Interfaces: a leaf whose type is known only when it is met. It hashes as the word 0 if it is nil, otherwise
// as the word of its type's name followed by the leaves of its value; it counts as one leaf.

// foldInterface appends what an interface holds: v is the zero Value for a nil interface.
func foldInterface(h uint64, v reflect.Value) uint64 {
	if !v.IsValid() {
		return foldWord(h, 0)
	}
	n, err := nodeOf(v.Type())
	if err != nil {
		panic(&KeyError{Err: err})
	}
	return n.fold(foldWord(h, n.name), v)
}

// equalInterface compares what two interfaces hold: same type, and equal by the rules of keys.
func equalInterface(a, b reflect.Value) bool {
	if !a.IsValid() || !b.IsValid() {
		return a.IsValid() == b.IsValid()
	}
	if a.Type() != b.Type() {
		return false
	}
	n, err := nodeOf(a.Type())
	if err != nil {
		panic(&KeyError{Err: err})
	}
	return n.equal(a, b)
}

// checkInterface looks whether what an interface holds can be a key.
func checkInterface(v reflect.Value) *KeyError {
	if !v.IsValid() {
		return nil
	}
	n, err := nodeOf(v.Type())
	if err != nil {
		return &KeyError{Err: err}
	}
	return n.check(v)
}
