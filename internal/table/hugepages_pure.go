//go:build !linux || purego

package table

// adviseHuge does nothing: see its twin, hugepages_unsafe.go.
func adviseHuge[T any]([]T) {}
