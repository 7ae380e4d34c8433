package hash_test

import "unsafe"

type unsafePointer = unsafe.Pointer

// reinterpret reads a value as another type of the same layout: the tests need keys that Go cannot write down
// (bits in a blank field, a time after a clock step).
func reinterpret[A, B any](a *A) *B { return (*B)(unsafe.Pointer(a)) }
