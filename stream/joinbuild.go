package stream

import (
	"slices"

	"github.com/millrace-go/millrace/internal/hugepages"
	"github.com/millrace-go/millrace/internal/table"
)

// build is right rows of a join in memory, in input order, and once it is sealed an index that has the first row of
// each key. The rows of one key are a chain.
//
//	slabs   [a 2][b -][. null][c -] [a -][d -]   rows with their keys and the next row of the key; all but the last are full
//	index   a -> 0, b -> 1, c -> 3, d -> 5
//
// A row is where its key is, so that a lookup touches two places in memory, the slot and the row, whatever the size of
// the key. The index is made when the rows are there: in its final size, and from the last row to the first, so that
// each row is put before those of its key that come after it.
type build[R any, K comparable] struct {
	keys  keys[K]
	index *table.Rows
	slabs [][]buildRow[R, K]
	most  int  // rows per slab: a power of two
	shift uint // log2 of it
	rows  int
	space int      // rows that the slabs have room for
	lone  loneRows // what is kept of rows for their being yielded alone
	at    []int64  // positions of the rows, where they are not 0, 1, 2 and so on
	seen  []bool   // rows that matched, once sealed

	bounded bool
	room    int64 // bytes it may take, 0: what the account gives
	floor   int64 // bytes it may take beside what the account gives
	account *Account
	held    int64 // bytes that rows and keys hold outside themselves
	booked  int64
	rowSize int64 // of a row with all that belongs to it but the index, static
}

// buildRow is a row of a build.
type buildRow[R any, K comparable] struct {
	key  K
	row  R
	next int32 // row of the same key; noRow: it is the last one
}

// What next is where there is no next row.
const (
	noRow int32 = -1
	noKey int32 = -2 // the key is null: the row is in no chain, and there to be yielded alone
)

// loneRows says what a build keeps for rows that may be yielded alone.
type loneRows uint8

const (
	loneNever   loneRows = iota
	loneInOrder          // which have matched; their positions are 0, 1, 2 and so on
	loneByPlace          // that, and their positions
)

// buildSlab is how large a slab is, where the bound is not small, in bytes: few slabs, and little beside any bound worth
// setting.
const buildSlab = 1 << 20

// freeSlab is the same where there is no bound: pages enough for the kernel to map large ones.
const freeSlab = 16 << 20

func newBuild[R any, K comparable](keys keys[K], lone loneRows, room int64, bounded bool, account *Account) *build[R, K] {
	b := &build[R, K]{keys: keys, lone: lone}
	b.bounded, b.room, b.account = bounded, room, account
	size := sizeOf[buildRow[R, K]]()
	slab := int64(freeSlab)
	switch {
	case room > 0:
		slab = min(buildSlab, room/32)
	case bounded:
		slab = buildSlab
	}
	for b.most = 1; int64(2*b.most)*size <= slab; b.most *= 2 {
		b.shift++
	}
	b.rowSize = size
	switch lone {
	case loneInOrder:
		b.rowSize++
	case loneByPlace:
		b.rowSize += 1 + 8
	}
	return b
}

// row returns a row; the pointer is valid until the next add.
func (b *build[R, K]) row(i int32) *buildRow[R, K] {
	return &b.slabs[uint(i)>>b.shift][int(i)&(b.most-1)]
}

// bytes is what is live with one more row that holds so much, and its place in the index.
func (b *build[R, K]) bytes(held int64) int64 {
	space := b.space
	if b.rows == space {
		space += b.nextSlab()
	}
	return int64(space)*b.rowSize + table.RowsBytes(b.rows+1) + b.held + held
}

// nextSlab is how many rows of space are added when there is none left. The first slab grows, so that ten rows do not
// take a whole one.
func (b *build[R, K]) nextSlab() int {
	if b.space < b.most {
		return max(b.space, 1)
	}
	return b.most
}

// add takes a row; at is its position, and held is what it holds outside itself. It reports false, and takes nothing,
// where there is no room.
func (b *build[R, K]) add(row *R, at int64, key *K, null bool, held int64) bool {
	if b.rows == table.MaxRows || b.bounded && !b.book(b.bytes(held+b.keys.hasher.Held(key))) {
		return false
	}
	b.take(row, at, key, null, held)
	return true
}

// take is add, whether there is room or not.
func (b *build[R, K]) take(row *R, at int64, key *K, null bool, held int64) {
	if b.bounded {
		b.held += held + b.keys.hasher.Held(key)
	}
	if b.rows == b.space {
		b.grow()
	}
	slab := &b.slabs[b.rows>>b.shift]
	next := noRow
	if null {
		next = noKey
	}
	*slab = append(*slab, buildRow[R, K]{key: *key, row: *row, next: next})
	b.rows++
	if b.lone == loneByPlace {
		b.at = append(b.at, at)
	}
}

func (b *build[R, K]) grow() {
	n := b.nextSlab()
	b.space += n
	last := len(b.slabs) - 1
	if last >= 0 && cap(b.slabs[last]) < b.most { // the first one
		slab := make([]buildRow[R, K], 0, b.space)
		hugepages.Advise(slab)
		b.slabs[last] = append(slab, b.slabs[last]...)
	} else {
		slab := make([]buildRow[R, K], 0, n)
		hugepages.Advise(slab)
		b.slabs = append(b.slabs, slab)
	}
	if b.lone == loneByPlace {
		b.at = append(make([]int64, 0, b.space), b.at...)
	}
}

// book brings the account up to live bytes, ahead by a step where there is one. The first row may take more than the
// room, if the account has it. Where others have the budget, floor bytes, or one row, may be taken beside it.
func (b *build[R, K]) book(live int64) bool {
	if live <= b.booked {
		return true
	}
	if b.room > 0 && live > b.room && b.rows > 0 {
		return false
	}
	for _, step := range [...]int64{bookStep, 0} {
		n := live - b.booked + step
		if (step == 0 || b.room == 0 || b.booked+n <= b.room) && b.account.Grow(n) == nil {
			b.booked += n
			return true
		}
	}
	return live <= b.floor || b.floor > 0 && b.rows == 0 && live <= b.room
}

// reset lets go of all rows, and keeps the memory for as many others.
func (b *build[R, K]) reset() {
	for i, slab := range b.slabs {
		clear(slab)
		b.slabs[i] = slab[:0]
	}
	b.rows, b.held, b.index, b.seen, b.at = 0, 0, nil, nil, b.at[:0]
}

// drop lets go of all rows.
func (b *build[R, K]) drop() {
	b.account.Shrink(b.booked)
	*b = build[R, K]{}
}

// sealBatch is how many rows are hashed and put into the index together.
const sealBatch = 256

// seal makes the index, in what was booked for it.
func (b *build[R, K]) seal() {
	b.index = table.NewRows(b.rows)
	if b.lone != loneNever {
		b.seen = make([]bool, b.rows)
	}
	n := min(sealBatch, b.rows)
	keys, hashes, rows, found := make([]K, n), make([]uint64, n), make([]int32, n), make([]int32, n)
	for to := b.rows; to > 0; {
		n := 0
		for ; to > 0 && n < len(keys); to-- {
			if e := b.row(int32(to - 1)); e.next != noKey {
				keys[n], rows[n] = e.key, int32(to-1)
				n++
			}
		}
		b.keys.hasher.HashEach(keys[:n], hashes[:n])
		b.index.FindEach(hashes[:n], found[:n]) // brings the slots near; what it finds may be old when it is needed
		for i, row := range rows[:n] {
			h := hashes[i]
			first := b.same(&keys[i], h, b.index.Find(h))
			if first < 0 {
				b.index.Insert(h, row)
				continue
			}
			b.row(row).next = first
			b.index.Replace(h, first, row)
		}
	}
}

// same returns the first of the candidates, from row on, that has the key, or noRow.
func (b *build[R, K]) same(key *K, hash uint64, row int32) int32 {
	for row >= 0 && !b.keys.hasher.Equal(&b.row(row).key, key) {
		row = b.index.After(hash, row)
	}
	return row
}

// findEach looks up a batch of keys: first[i] becomes the first row of keys[i], or noRow, and next[i] the one after it.
// It returns which are there, in hits, which is as long as the others.
//
// Nothing that is read of a row depends on what was read of another, and no branch on anything that cannot be guessed,
// so that cache misses overlap; the key is at one end of a row and next at the other, so that all of it comes.
func (b *build[R, K]) findEach(keys []K, hashes []uint64, first, next []int32, hits []uint16) []uint16 {
	b.index.FindEach(hashes, first)
	some := 0
	for i, row := range first {
		hits[some] = uint16(i)
		some += int(^uint32(row) >> 31) // 1 where there is a row
	}
	hits = hits[:some]
	exact, wrong := b.keys.hasher.Exact(), 0
	for _, i := range hits {
		row := first[i]
		e := b.row(row)
		next[i] = e.next
		if exact && e.key == keys[i] {
			continue
		}
		if first[i] = b.same(&keys[i], hashes[i], row); first[i] >= 0 {
			next[i] = b.row(first[i]).next
		} else {
			wrong++
		}
	}
	if wrong == 0 {
		return hits
	}
	return slices.DeleteFunc(hits, func(i uint16) bool { return first[i] < 0 })
}
