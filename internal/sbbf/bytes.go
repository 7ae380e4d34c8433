package sbbf

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/internal/hugepages"
)

// ErrBroken is the class of errors about bytes that are not a filter.
var ErrBroken = errors.New("broken filter")

// Append appends the bytes of the filter: its blocks in order, each as eight little-endian words of 32 bits.
func (f *Filter) Append(dst []byte) []byte {
	for i := range f.blocks {
		for _, w := range f.blocks[i] {
			dst = binary.LittleEndian.AppendUint64(dst, w)
		}
	}
	return dst
}

// Decode makes f the filter whose bytes src is, all of it; f may be the zero Filter. The bytes have no length of
// their own: they must be whole blocks, from one to MaxBlocks, and any such bytes are a filter. Where they are not,
// f is unchanged and the error wraps ErrBroken. It allocates as much as src has.
func (f *Filter) Decode(src []byte) error {
	switch {
	case len(src) == 0:
		return fmt.Errorf("sbbf: no bytes, want one block of %d at least: %w", BlockBytes, ErrBroken)
	case len(src)%BlockBytes != 0:
		return fmt.Errorf("sbbf: %d bytes, want whole blocks of %d: %w", len(src), BlockBytes, ErrBroken)
	case len(src)/BlockBytes > MaxBlocks:
		return fmt.Errorf("sbbf: %d blocks, want at most %d: %w", len(src)/BlockBytes, MaxBlocks, ErrBroken)
	}
	blocks := make([]block, len(src)/BlockBytes)
	hugepages.Advise(blocks)
	for i := range blocks {
		for w := range blocks[i] {
			blocks[i][w] = binary.LittleEndian.Uint64(src)
			src = src[8:]
		}
	}
	f.blocks = blocks
	return nil
}
