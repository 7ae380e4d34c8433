//go:build linux && !purego

package hugepages

import (
	"syscall"
	"unsafe"
)

// size is that of the larger pages of amd64 and, with small pages of 4 KiB, of arm64. Where they are larger still, the
// hint is for a range that they do not fill, and does nothing.
const size = 2 << 20 // bytes

// Advise asks for huge pages behind s, its capacity included, if at least one fits however it lies. Where the system
// does not follow, nothing changes, and no error matters.
//
// Invariant: the range lies wholly inside the array of s, which is alive during the call; the call reads and writes
// nothing in it.
func Advise[T any](s []T) {
	n := uintptr(cap(s)) * unsafe.Sizeof(*new(T))
	if n < 2*size {
		return
	}
	p := unsafe.Pointer(unsafe.SliceData(s))
	before := -uintptr(p) & (size - 1)
	_ = syscall.Madvise(unsafe.Slice((*byte)(unsafe.Add(p, before)), (n-before)&^(size-1)), syscall.MADV_HUGEPAGE)
}
