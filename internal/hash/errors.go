package hash

import (
	"fmt"
	"reflect"
)

// The texts of these errors name no package: they stand in errors of the package whose user has the key.

// KeyTypeError reports a type that cannot be a key: it holds a pointer, a channel or an unsafe.Pointer, whose
// identity means nothing outside this process, or (inside an interface) something Go cannot compare.
type KeyTypeError struct {
	Type reflect.Type // the key type
	Path string       // where inside it, ".User.Next", "[]" for the elements of an array; empty: the type itself
	What string       // what is there, "a pointer"
}

// Error names the type, the place and what is there.
func (e *KeyTypeError) Error() string {
	return fmt.Sprintf("%v%s is %s, want a comparable type without pointers or channels", e.Type, e.Path, e.What)
}

// KeyError reports a key whose interface holds, at run time, a value of a type that cannot be a key.
type KeyError struct {
	Path string        // where in the key the interface is, ".Props[2]"; empty: the key itself
	Err  *KeyTypeError // what it holds
}

// Error says where in the key, and what the interface there holds.
func (e *KeyError) Error() string {
	return fmt.Sprintf("interface key%s holds: %v%s is %s, want a comparable type without pointers or channels",
		e.Path, e.Err.Type, e.Err.Path, e.Err.What)
}

// Unwrap gives the *KeyTypeError.
func (e *KeyError) Unwrap() error { return e.Err }

// within puts the step that leads to the place of the error before its path.
func (e *KeyError) within(step string) *KeyError {
	e.Path = step + e.Path
	return e
}
