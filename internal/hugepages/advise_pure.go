//go:build !linux || purego

package hugepages

// Advise does nothing: see its twin, advise_unsafe.go.
func Advise[T any]([]T) {}
