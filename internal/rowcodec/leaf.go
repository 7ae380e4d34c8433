package rowcodec

import (
	"encoding/binary"
	"math/bits"
)

// oneByte is the number of integers that take one byte; the other first bytes say how many follow, 1 to 8.
const oneByte = 248

// appendUint appends x. It needs no room behind what it appends: for two bytes and more, it writes the two halves of a
// word that may overlap. appendAt has a shorter way where there is room.
func appendUint(dst []byte, x uint64) []byte {
	if x < oneByte {
		return append(dst, byte(x))
	}
	n := (bits.Len64(x) + 7) / 8
	at := len(dst)
	if cap(dst)-at <= n {
		dst = append(dst, make([]byte, 1+n)...)
	} else {
		dst = dst[:at+1+n]
	}
	b := dst[at : at+1+n]
	b[0] = byte(oneByte - 1 + n)
	b = b[1:]
	switch {
	case n >= 4:
		binary.LittleEndian.PutUint32(b, uint32(x))
		binary.LittleEndian.PutUint32(b[n-4:], uint32(x>>(8*(n-4)&63)))
	case n >= 2:
		binary.LittleEndian.PutUint16(b, uint16(x))
		binary.LittleEndian.PutUint16(b[n-2:], uint16(x>>(8*(n-2)&63)))
	default:
		b[0] = byte(x)
	}
	return dst
}

// AppendUint appends x as a row's integers are written, for what stands beside rows.
func AppendUint(dst []byte, x uint64) []byte {
	if x < oneByte {
		return append(dst, byte(x))
	}
	return appendUint(dst, x)
}

// TakeUint reads what AppendUint wrote from the front of src, and returns how many bytes it took; 0: there is none.
func TakeUint(src []byte) (x uint64, n int) { return takeUint(src) }

// takeUint reads an integer and how many bytes it took; 0 bytes: src is cut, or the form is not the shortest.
func takeUint(src []byte) (x uint64, n int) {
	if len(src) > 0 && src[0] < oneByte {
		return uint64(src[0]), 1
	}
	return takeLong(src)
}

func takeLong(src []byte) (x uint64, n int) {
	if len(src) == 0 {
		return 0, 0
	}
	n = int(src[0]) - (oneByte - 1)
	if len(src) >= 9 {
		unused := uint(64-8*n) & 63
		x = binary.LittleEndian.Uint64(src[1:9]) << unused >> unused
	} else {
		if len(src) <= n {
			return 0, 0
		}
		for i := n; i > 0; i-- {
			x = x<<8 | uint64(src[i])
		}
	}
	if x>>(8*(n-1)&63) == 0 || x < oneByte {
		return 0, 0
	}
	return x, 1 + n
}

func zigzag(x int64) uint64   { return uint64(x)<<1 ^ uint64(x>>63) }
func unzigzag(x uint64) int64 { return int64(x>>1) ^ -int64(x&1) }

// badUint tells why takeUint took nothing.
func badUint(src []byte) *Error {
	if len(src) == 0 || int(src[0]) > oneByte-1 && len(src) <= int(src[0])-(oneByte-1) {
		return broken("the bytes end within an integer")
	}
	return broken("an integer is not in its shortest form")
}

// takeLen reads the length of what has elements of at least least bytes each, and refuses one that cannot be.
func takeLen(src []byte, least int) (n int, rest []byte, err *Error) {
	x, took := takeUint(src)
	if took == 0 {
		return 0, src, badUint(src)
	}
	if least > 0 && x > uint64(len(src)-took)/uint64(least) || x > maxInt {
		return 0, src, broken("length is %d, %d bytes are left", x, len(src)-took)
	}
	return int(x), src[took:], nil
}

// takeCount is takeLen of what may be nil.
func takeCount(src []byte, least int) (n int, isNil bool, rest []byte, err *Error) {
	x, took := takeUint(src)
	switch {
	case took == 0:
		return 0, false, src, badUint(src)
	case x == 0:
		return 0, true, src[took:], nil
	}
	x--
	if least > 0 && x > uint64(len(src)-took)/uint64(least) || x > maxInt {
		return 0, false, src, broken("length is %d, %d bytes are left", x, len(src)-took)
	}
	return int(x), false, src[took:], nil
}

const maxInt = 1<<(bits.UintSize-1) - 1

// takeText reads the length of a string and returns its bytes, which still lie in src.
func takeText(src []byte) (text, rest []byte, err *Error) {
	n, rest, err := takeLen(src, 1)
	if err != nil {
		return nil, src, err
	}
	return rest[:n], rest[n:], nil
}

// takeFlag reads one byte that is at most most.
func takeFlag(src []byte, most byte) (b byte, rest []byte, err *Error) {
	switch {
	case len(src) == 0:
		return 0, src, broken("the bytes end")
	case src[0] > most:
		return 0, src, broken("byte is %d, want at most %d", src[0], most)
	}
	return src[0], src[1:], nil
}

// cut is the error of a leaf of fixed size that is not whole.
func cut(src []byte, want int) *Error {
	return broken("%d bytes are left, want %d", len(src), want)
}
