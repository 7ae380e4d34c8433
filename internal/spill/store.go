package spill

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Rows turns rows into bytes and back. It must be safe for concurrent use; stream.Codec and rowcodec.Codec are.
type Rows[T any] interface {
	// Append appends the bytes of *v to dst.
	Append(dst []byte, v *T) ([]byte, error)
	// Decode reads a row from the front of src into *v, which is its zero value, and returns the rest of src. *v must not
	// point into src afterwards.
	Decode(src []byte, v *T) (rest []byte, err error)
}

// DefaultBlock is the bytes of encoded rows in a block where the caller does not say: see docs/decisions/0009.
const DefaultBlock = 64 << 10

// firstBuffer is what a part's buffer begins with, in bytes: a radix partition of a few rows need not have a
// block's size.
const firstBuffer = 1 << 10

// Store is one file with several parts.
//
//	part 0   [rows rows rows] (buffer: rows)         index: [block at 0][block at 9040]
//	part 1   [rows rows]      (buffer: empty)        index: [block at 4520]
//
//	file     [header part 0 rows][header part 1 rows][header part 0 rows]
//	         0                   4520                9040                13600 = end
//
// One part belongs to one goroutine at a time, from AddPart to Finish; different parts may be filled by different
// goroutines at the same time. Finished parts may be read by any number. AddPart, Buffered and Close may be called
// by any, Close once nobody fills or reads.
type Store[T any] struct {
	dir       *Dir
	rows      Rows[T]
	blockSize int // bytes of encoded rows

	parts    atomic.Pointer[[]*part]
	buffered atomic.Int64          // bytes of part buffers, scratch and index
	err      atomic.Pointer[Error] // the first failed write: everything later fails with it
	packing  packing

	mu      sync.Mutex // guards the following
	file    *file
	end     int64    // where the next block goes
	scratch [][]byte // for stored blocks, free
}

// part is one sequence of rows.
type part struct {
	buf      []byte // encoded rows, not yet written
	rows     int    // in buf
	widest   int    // bytes of the largest row so far
	total    int64  // rows, written or not
	index    index
	largest  uint32 // raw bytes of the largest block
	finished bool
}

// NewStore makes a file in d; blockSize is the bytes of encoded rows per block, 0 means DefaultBlock. A row that is
// larger than two blocks is written at once, with those before it.
func NewStore[T any](d *Dir, rows Rows[T], blockSize int) (*Store[T], error) {
	if blockSize < 0 {
		panic(fmt.Sprintf("spill: NewStore: blockSize must be positive or 0, got %d", blockSize))
	}
	if blockSize == 0 {
		blockSize = DefaultBlock
	}
	f, err := d.create()
	if err != nil {
		return nil, err
	}
	s := &Store[T]{dir: d, rows: rows, blockSize: blockSize, file: f}
	s.parts.Store(new([]*part))
	return s, nil
}

// AddPart begins an empty part and returns its number: 0, 1, 2 and so on.
func (s *Store[T]) AddPart() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Those who hold the old slice never look beyond its length.
	parts := append(*s.parts.Load(), &part{})
	s.parts.Store(&parts)
	return len(parts) - 1
}

func (s *Store[T]) part(i int) *part { return (*s.parts.Load())[i] }

// Parts is how many parts there are.
func (s *Store[T]) Parts() int { return len(*s.parts.Load()) }

// Rows is how many rows a part has.
func (s *Store[T]) Rows(part int) int64 { return s.part(part).total }

// Append adds a row to a part that is not finished. An error of the codec leaves the part as it was; after an error
// of the file the store is of no use any more.
func (s *Store[T]) Append(part int, v *T) error {
	p := s.part(part)
	if p.finished {
		panic(fmt.Sprintf("spill: Append: part %d is finished", part))
	}
	if err := s.err.Load(); err != nil {
		return err
	}
	if room := cap(p.buf) - len(p.buf); room < p.widest || room == 0 || len(p.buf) >= s.blockSize || p.rows == maxRows {
		if err := s.makeRoom(part, p); err != nil {
			return err
		}
	}
	before, held := len(p.buf), cap(p.buf)
	buf, err := s.rows.Append(p.buf, v)
	if err == nil && len(buf) < before {
		err = fmt.Errorf("the codec returned %d bytes, was given %d", len(buf), before)
	}
	if err != nil {
		return fmt.Errorf("spill: encode row %d: %w", p.total, err)
	}
	p.buf = buf
	p.widest = max(p.widest, len(buf)-before)
	p.rows++
	p.total++
	if cap(buf) != held {
		s.buffered.Add(int64(cap(buf) - held))
	}
	if len(buf) > 2*s.blockSize { // a large row, which must not wait in memory for the next one
		return s.flush(part, p)
	}
	return nil
}

// makeRoom grows the buffer up to the size of a block, and writes it out when it is full: when no more than a row
// like the largest, or a quarter of a block if that is less, would still go in.
func (s *Store[T]) makeRoom(i int, p *part) error {
	reserve := min(p.widest, s.blockSize/4)
	if len(p.buf) > 0 && (len(p.buf)+reserve >= s.blockSize || p.rows == maxRows) {
		if err := s.flush(i, p); err != nil {
			return err
		}
	}
	if cap(p.buf)-len(p.buf) < max(reserve, 1) && cap(p.buf) < s.blockSize {
		size := min(max(2*cap(p.buf), firstBuffer), s.blockSize)
		s.buffered.Add(int64(size - cap(p.buf)))
		p.buf = append(make([]byte, 0, size), p.buf...)
	}
	return nil
}

// flush writes the buffered rows of a part as one block.
func (s *Store[T]) flush(i int, p *part) error {
	if p.rows == 0 {
		return nil
	}
	pack := s.packing.next()
	x, err := s.write(i, p.rows, p.buf, pack)
	if err != nil {
		return err
	}
	if pack {
		s.packing.tried(x)
	}
	p.largest = max(p.largest, x.raw)
	p.buf, p.rows = p.buf[:0], 0
	if cap(p.buf) > 2*s.blockSize {
		s.dropBuffer(p)
	}
	return s.indexed(p, func() error { return p.index.add(0, x, s.indexWriter(i)) })
}

// write writes rows of a part, or extents of its index, as one block, packed or not.
func (s *Store[T]) write(part, rows int, raw []byte, pack bool) (extent, error) {
	begun := s.dir.begun()
	scratch := s.takeScratch()
	block, x, err := encodeBlock(scratch, part, rows, raw, pack)
	s.buffered.Add(int64(cap(block) - cap(scratch)))
	if err == nil {
		x.offset = s.reserve(len(block))
		err = s.file.writeAt(block, x.offset)
		s.dir.passed(begun, len(block))
	} else {
		err = s.file.wrap(OpWrite, 0, err)
	}
	s.giveScratch(block)
	if err != nil {
		s.err.CompareAndSwap(nil, err.(*Error))
		return extent{}, s.err.Load()
	}
	return x, nil
}

// indexWriter writes extents of a part's index.
func (s *Store[T]) indexWriter(part int) func([]extent) (extent, error) {
	return func(extents []extent) (extent, error) {
		return s.write(part, len(extents), appendExtents(make([]byte, 0, fanOut*extentSize), extents), false)
	}
}

// indexed counts what the change makes of the memory of a part's index.
func (s *Store[T]) indexed(p *part, change func() error) error {
	before := p.index.bytes()
	err := change()
	s.buffered.Add(p.index.bytes() - before)
	return err
}

func (s *Store[T]) dropBuffer(p *part) {
	s.buffered.Add(-int64(cap(p.buf)))
	p.buf = nil
}

// reserve returns where a block of n bytes goes.
func (s *Store[T]) reserve(n int) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.end
	s.end += int64(n)
	return at
}

// takeScratch returns a buffer for a stored block, nil if none is free.
func (s *Store[T]) takeScratch() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.scratch)
	if n == 0 {
		return nil
	}
	b := s.scratch[n-1]
	s.scratch = s.scratch[:n-1]
	return b
}

// giveScratch keeps a buffer for the next block, unless one large row made it much larger than blocks are.
func (s *Store[T]) giveScratch(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cap(b) > 4*s.blockSize && cap(b) > firstBuffer {
		s.buffered.Add(-int64(cap(b)))
		return
	}
	s.scratch = append(s.scratch, b[:0])
}

// Pending is how many rows are in the block that a part is filling.
func (s *Store[T]) Pending(part int) int { return s.part(part).rows }

// EndBlock ends the block that a part is filling: no row after it is in one block with one before it.
func (s *Store[T]) EndBlock(part int) error {
	if err := s.err.Load(); err != nil {
		return err
	}
	return s.flush(part, s.part(part))
}

// Finish writes what a part has left in its buffer and frees it; the part can be read after that, and no longer
// appended to. It can be called again.
func (s *Store[T]) Finish(part int) error {
	p := s.part(part)
	if err := s.err.Load(); err != nil {
		return err
	}
	if p.finished {
		return nil
	}
	if err := s.flush(part, p); err != nil {
		return err
	}
	s.dropBuffer(p)
	if err := s.indexed(p, func() error { return p.index.finish(s.indexWriter(part)) }); err != nil {
		return err
	}
	p.finished = true
	return nil
}

// FinishAll finishes every part.
func (s *Store[T]) FinishAll() error {
	for i := range s.Parts() {
		if err := s.Finish(i); err != nil {
			return err
		}
	}
	return nil
}

// Buffered is the live bytes of the store: the buffers of unfinished parts, of blocks on their way, and the index.
// What readers hold is theirs: see ReadSize.
func (s *Store[T]) Buffered() int64 { return s.buffered.Load() }

// ReadSize is the live bytes that a reader of a finished part takes beside IndexSize: those of the part's largest block.
func (s *Store[T]) ReadSize(part int) int64 { return int64(s.part(part).largest) }

// IndexSize is the live bytes that the way through the index of a finished part takes.
func (s *Store[T]) IndexSize(part int) int64 {
	return int64(len(s.part(part).index.levels)) * 2 * fanOut * extentSize
}

// Close removes the file. It can be called again, and after the directory is closed.
func (s *Store[T]) Close() error {
	s.mu.Lock()
	s.scratch = nil
	s.mu.Unlock()
	s.parts.Store(new([]*part))
	s.buffered.Store(0)
	return s.file.remove()
}
