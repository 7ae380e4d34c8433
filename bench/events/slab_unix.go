//go:build unix

package events

import (
	"fmt"
	"syscall"
	"unsafe"
)

// allocate maps memory for n rows. It is never given back: the process of a side ends with its run. The only
// pointers that rows hold are those of Types, which are constants: nothing depends on the collector to see them.
func allocate[T any](n int) ([]T, error) {
	if n == 0 {
		return nil, nil
	}
	size := n * int(unsafe.Sizeof(*new(T)))
	b, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("events: mapping %d bytes: %w", size, err)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n), nil
}
