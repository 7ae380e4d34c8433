package spill

import "fmt"

// Reader returns the rows of one part. It belongs to one goroutine, and holds one block. It needs no Close; it is of
// no use after its store is closed.
type Reader[T any] struct {
	store  *Store[T]
	part   int
	blocks walk   // still to be read
	at     int64  // offset of the block in src
	buf    []byte // owns what src points to
	src    []byte // rows of the block that are still to be decoded
	left   int    // how many they are
	row    int64  // position of the next row in the part
	err    error  // the first error; it stays
}

// Read begins to read a finished part. Several readers of a part do not disturb one another, whatever goroutines they
// are on, and neither do those of Blocks.
func (s *Store[T]) Read(part int) *Reader[T] {
	return &Reader[T]{store: s, part: part, blocks: s.finished("Read", part).index.walk(part)}
}

// finished returns a part that can be read.
func (s *Store[T]) finished(fn string, part int) *part {
	p := s.part(part)
	if !p.finished {
		panic(fmt.Sprintf("spill: %s: part %d is not finished", fn, part))
	}
	return p
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
	r.left--
	rest, err := r.store.decode(r.src, v, r.row, r.at, r.left == 0)
	if err != nil {
		return false, r.fail(err)
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
	x, ok, err := r.blocks.next(r.store.load)
	if err != nil {
		return false, r.fail(err)
	}
	if !ok {
		r.buf = nil
		return false, nil
	}
	if r.buf, err = r.store.load(r.part, x, r.buf); err != nil {
		return false, r.fail(err)
	}
	r.at, r.src, r.left = x.offset, r.buf, int(x.rows)
	return true, nil
}

// load returns the encoded rows of a block, in raw if they fit there.
func (s *Store[T]) load(part int, x extent, raw []byte) ([]byte, error) {
	begun := s.dir.begun()
	scratch := s.takeScratch()
	size := headerSize + int(x.stored)
	block := scratch
	if cap(block) < size {
		block = make([]byte, size)
		s.buffered.Add(int64(cap(block) - cap(scratch)))
	}
	block = block[:size]
	err := s.file.readAt(block, x.offset)
	if err == nil {
		if raw, err = decodeBlock(raw, block, part, x); err != nil {
			err = s.file.wrap(OpRead, x.offset, err)
		}
	}
	s.giveScratch(block)
	s.dir.passed(begun, size)
	return raw, err
}

// decode decodes one row of the block at that offset from the front of src. row is its position in the part; the last
// one of the block leaves nothing. Beside an error *v is the zero value.
func (s *Store[T]) decode(src []byte, v *T, row, offset int64, last bool) (rest []byte, err error) {
	var zero T
	*v = zero // what it points to may have been given away
	rest, err = s.rows.Decode(src, v)
	switch {
	case err != nil:
		err = fmt.Errorf("row %d: %w: %w", row, ErrBroken, err)
	case len(rest) > len(src):
		err = broken("row %d: the codec returned %d bytes, was given %d", row, len(rest), len(src))
	case last && len(rest) > 0:
		err = broken("row %d: %d bytes are left at the end of the block", row, len(rest))
	default:
		return rest, nil
	}
	*v = zero
	return nil, s.file.wrap(OpRead, offset, err)
}

// fail keeps the first error and frees what the reader holds.
func (r *Reader[T]) fail(err error) error {
	r.err, r.left, r.blocks, r.buf, r.src = err, 0, walk{}, nil, nil
	return err
}
