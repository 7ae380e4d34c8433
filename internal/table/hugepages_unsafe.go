//go:build linux && !purego

package table

import (
	"syscall"
	"unsafe"
)

// hugePage is the size of the larger pages of amd64 and, with small pages of 4 KiB, of arm64. Where pages are larger
// still, the hint is for a range that they do not fill, and does nothing.
const hugePage = 2 << 20 // bytes

// adviseHuge asks the kernel to back new slots with huge pages: a table of 128 MiB is then touched in 64 places that
// the processor's translation caches hold, not in 32,768, and is mapped by 64 page faults. It is a hint: where the system does not
// follow it, nothing changes, and no error matters.
//
// Invariant: the range lies wholly inside s, which is alive during the call; the call reads and writes nothing in it.
func adviseHuge[T any](s []T) {
	size := uintptr(len(s)) * unsafe.Sizeof(*new(T))
	if size < 2*hugePage {
		return
	}
	p := unsafe.Pointer(unsafe.SliceData(s))
	before := -uintptr(p) & (hugePage - 1)
	n := (size - before) &^ (hugePage - 1)
	_ = syscall.Madvise(unsafe.Slice((*byte)(unsafe.Add(p, before)), n), syscall.MADV_HUGEPAGE)
}
