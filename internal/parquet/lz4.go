package parquet

import (
	"encoding/binary"
	"errors"
)

// An LZ4 block is a run of sequences:
//
//	token  literal length (high 4 bits, 15: add bytes up to and including one below 255), match length - 4 (low)
//	literals
//	offset 2 bytes little-endian, 1..written so far; then the rest of the match length
//
// The last sequence ends after its literals.

var errLZ4 = errors.New("not an LZ4 block")

// lz4Block decodes src into dst, which it must fill exactly.
func lz4Block(dst, src []byte) ([]byte, error) {
	n := 0 // bytes written
	for i := 0; i < len(src); {
		token := src[i]
		i++
		lit, next, ok := lz4Length(src, i, int(token>>4))
		if !ok || lit > len(src)-next || lit > len(dst)-n {
			return nil, errLZ4
		}
		copy(dst[n:], src[next:next+lit])
		n += lit
		i = next + lit
		if i == len(src) {
			break
		}
		if len(src)-i < 2 {
			return nil, errLZ4
		}
		offset := int(binary.LittleEndian.Uint16(src[i:]))
		match, next, ok := lz4Length(src, i+2, int(token&15))
		match += 4
		if !ok || offset == 0 || offset > n || match > len(dst)-n {
			return nil, errLZ4
		}
		i = next
		for end := n + match; n < end; { // the match may overlap what it writes
			n += copy(dst[n:end], dst[n-offset:n])
		}
	}
	if n != len(dst) {
		return nil, errLZ4
	}
	return dst, nil
}

// lz4Length finishes a length that began with four bits at src[i:].
func lz4Length(src []byte, i, n int) (length, next int, ok bool) {
	if n < 15 {
		return n, i, true
	}
	for i < len(src) {
		c := int(src[i])
		i++
		n += c
		if c < 255 {
			return n, i, true
		}
	}
	return 0, 0, false
}

// lz4Hadoop decodes Hadoop's framing: big-endian length of the decoded bytes, then blocks with their big-endian
// encoded length until there are as many; this repeats.
func lz4Hadoop(dst, src []byte) ([]byte, error) {
	n := 0
	for len(src) > 0 {
		if len(src) < 8 {
			return nil, errLZ4
		}
		whole := uint64(binary.BigEndian.Uint32(src))
		part := uint64(binary.BigEndian.Uint32(src[4:]))
		if whole > uint64(len(dst)-n) || part > uint64(len(src)-8) {
			return nil, errLZ4
		}
		if _, err := lz4Block(dst[n:n+int(whole)], src[8:8+part]); err != nil {
			return nil, err
		}
		n += int(whole)
		src = src[8+part:]
	}
	if n != len(dst) {
		return nil, errLZ4
	}
	return dst, nil
}
