package spill

import "fmt"

// Reader returns the rows of one part. It belongs to one goroutine, and holds one block. It needs no Close; it is of
// no use after its store is closed.
type Reader[T any] struct {
	store  *Store[T]
	part   int
	blocks []extent // still to be read
	at     int64    // offset of the block in src
	buf    []byte   // owns what src points to
	src    []byte   // rows of the block that are still to be decoded
	left   int      // how many they are
	row    int64    // position of the next row in the part
	err    error    // the first error; it stays
}

// Read begins to read a finished part. Several readers of a part do not disturb one another.
func (s *Store[T]) Read(part int) *Reader[T] {
	p := s.part(part)
	if !p.finished {
		panic(fmt.Sprintf("spill: Read: part %d is not finished", part))
	}
	return &Reader[T]{store: s, part: part, blocks: p.blocks}
}

// Next reads the next row into *v, or reports that there is none. After an error *v is the zero value, and every
// further Next returns the error.
func (r *Reader[T]) Next(v *T) (ok bool, err error) {
	if r.left == 0 {
		if ok, err := r.load(); !ok {
			var zero T
			*v = zero
			return false, err
		}
	}
	rest, err := r.store.rows.Decode(r.src, v)
	r.left--
	switch {
	case err != nil:
		err = fmt.Errorf("row %d: %w: %w", r.row, ErrBroken, err)
	case len(rest) > len(r.src):
		err = broken("row %d: the codec returned %d bytes, was given %d", r.row, len(rest), len(r.src))
	case r.left == 0 && len(rest) > 0:
		err = broken("row %d: %d bytes are left at the end of the block", r.row, len(rest))
	}
	if err != nil {
		var zero T
		*v = zero
		return false, r.fail(r.store.file.wrap(OpRead, r.at, err))
	}
	r.src = rest
	r.row++
	return true, nil
}

// load reads the next block.
func (r *Reader[T]) load() (ok bool, err error) {
	if r.err != nil {
		return false, r.err
	}
	if len(r.blocks) == 0 {
		r.buf = nil
		return false, nil
	}
	x := r.blocks[0]
	begun := r.store.dir.begun()
	scratch := r.store.takeScratch()
	size := headerSize + int(x.stored)
	block := scratch
	if cap(block) < size {
		block = make([]byte, size)
		r.store.buffered.Add(int64(cap(block) - cap(scratch)))
	}
	block = block[:size]
	err = r.store.file.readAt(block, x.offset)
	if err == nil {
		if r.buf, err = decodeBlock(r.buf, block, r.part, x); err != nil {
			err = r.store.file.wrap(OpRead, x.offset, err)
		}
	}
	r.store.giveScratch(block)
	r.store.dir.passed(begun, size)
	if err != nil {
		return false, r.fail(err)
	}
	r.blocks, r.at, r.src, r.left = r.blocks[1:], x.offset, r.buf, int(x.rows)
	return true, nil
}

// fail keeps the first error and frees what the reader holds.
func (r *Reader[T]) fail(err error) error {
	r.err, r.left, r.blocks, r.buf, r.src = err, 0, nil, nil, nil
	return err
}
