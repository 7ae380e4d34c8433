//go:build !purego

package sortkey

import "unsafe"

// The kind of K decides which of these is called; the size decides how it reads. Both are constants of the
// instantiation.

func readString[K any](k K) string { return *(*string)(unsafe.Pointer(&k)) }

func readFloat[K any](k K) float64 {
	if unsafe.Sizeof(k) == 4 {
		return float64(*(*float32)(unsafe.Pointer(&k)))
	}
	return *(*float64)(unsafe.Pointer(&k))
}

func readInt[K any](k K) int64 {
	switch unsafe.Sizeof(k) {
	case 1:
		return int64(*(*int8)(unsafe.Pointer(&k)))
	case 2:
		return int64(*(*int16)(unsafe.Pointer(&k)))
	case 4:
		return int64(*(*int32)(unsafe.Pointer(&k)))
	}
	return *(*int64)(unsafe.Pointer(&k))
}

func readUint[K any](k K) uint64 {
	switch unsafe.Sizeof(k) {
	case 1:
		return uint64(*(*uint8)(unsafe.Pointer(&k)))
	case 2:
		return uint64(*(*uint16)(unsafe.Pointer(&k)))
	case 4:
		return uint64(*(*uint32)(unsafe.Pointer(&k)))
	}
	return *(*uint64)(unsafe.Pointer(&k))
}
