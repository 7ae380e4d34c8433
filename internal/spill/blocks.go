package spill

// Blocks hands out the blocks of one part in their order, without reading them: each can then be read by a goroutine of
// its own. It needs no Close; it is of no use after its store is closed.
type Blocks[T any] struct {
	store *Store[T]
	part  int
	left  walk
	row   int64 // position in the part of the first row of left
}

// Block is one block on disk.
type Block[T any] struct {
	store *Store[T]
	part  int
	x     extent
	row   int64 // position in the part of its first row
	err   error // instead of a block: the index could not be read
}

// Blocks begins to read a finished part block by block. Several readers of a part do not disturb one another, as with
// Read.
func (s *Store[T]) Blocks(part int) *Blocks[T] {
	return &Blocks[T]{store: s, part: part, left: s.finished("Blocks", part).index.walk(part)}
}

// Next returns the next block; ok is false at the end. Where the index on disk cannot be read, it returns a last one, whose
// Read says why.
func (b *Blocks[T]) Next() (block Block[T], ok bool) {
	x, ok, err := b.left.next(b.store.load)
	if err != nil {
		return Block[T]{err: err}, true
	}
	block = Block[T]{store: b.store, part: b.part, x: x, row: b.row}
	b.row += int64(x.rows)
	return block, ok
}

// Read reads the block and returns its rows, in into if they fit there, or those before an error. Beyond them, into is
// cleared. raw is room for the encoded rows; what is returned of it may be larger, and serves other blocks.
func (b *Block[T]) Read(into []T, raw []byte) (rows []T, _ []byte, err error) {
	var src []byte
	if err = b.err; err == nil {
		src, err = b.store.load(b.part, b.x, raw)
	}
	if err != nil {
		clear(into)
		return into[:0], raw, err
	}
	raw = src[:0]
	if n := int(b.x.rows); cap(into) < n {
		into = make([]T, n)
	}
	clear(into[min(int(b.x.rows), len(into)):])
	rows = into[:b.x.rows]
	for i := range rows {
		if src, err = b.store.decode(src, &rows[i], b.row+int64(i), b.x.offset, i == len(rows)-1); err != nil {
			clear(rows[i:])
			return rows[:i], raw, err
		}
	}
	return rows, raw, nil
}
