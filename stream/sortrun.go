package stream

import "reflect"

// sortRun is a part of the input in memory, in input order, and the order in which it comes out once it is sorted.
//
//	slabs   [ c a ][ d b ][ a . ]         rows, as they came; all slabs but the last are full
//	items   [a 1][a 4][b 3][c 0][d 2]     prefix of the key, position of the row
//
// Sorting moves items, 16 bytes each, whatever the size of a row.
type sortRun[T any] struct {
	order sortOrder[T]
	size  int64 // static bytes of a row
	most  int   // rows per slab: a power of two
	shift uint  // log2 of it

	slabs   [][]T
	rows    int
	room    int64 // rows that the slabs have room for
	held    int64 // bytes that the rows hold beyond their static size, by the codec
	items   []sortItem
	scratch []sortItem // as many, while they are sorted
	common  int        // where keys are text: bytes that all have in common at the beginning, once sorted
}

type sortItem struct {
	prefix uint64
	row    uint32
}

// itemsSize is what a row takes in items and scratch, in bytes.
const itemsSize = 2 * 16

// slabBytes is how large a slab is, where the bound is not small: enough rows that few slabs are needed, little
// beside any bound worth setting.
const slabBytes = 32 << 10

// maxRunRows is how many rows a sortItem can number.
const maxRunRows = 1<<32 - 1

// newSortRun makes a run that is going to take some limit bytes; 0: unbounded.
func newSortRun[T any](order sortOrder[T], limit int64) *sortRun[T] {
	r := &sortRun[T]{order: order, size: max(int64(reflect.TypeFor[T]().Size()), 1)}
	slab := int64(slabBytes)
	if limit > 0 {
		slab = min(slab, limit/16)
	}
	for r.most = 1; int64(2*r.most)*r.size <= slab; r.most *= 2 {
		r.shift++
	}
	return r
}

func (r *sortRun[T]) row(i uint32) *T {
	return &r.slabs[i>>r.shift][int(i)&(r.most-1)]
}

// bytes is what the run takes, once it is sorted, with one more row that holds so much.
func (r *sortRun[T]) bytes(more int, held int64) int64 {
	room := r.room
	if int64(r.rows+more) > room {
		room += int64(r.nextSlab())
	}
	return room*r.size + int64(max(r.rows+more, cap(r.items)))*itemsSize + r.held + held
}

// nextSlab is how many rows of room are added when there is none left. The first slab grows, so that ten rows do
// not take a whole one.
func (r *sortRun[T]) nextSlab() int {
	if r.room < int64(r.most) {
		return int(min(max(r.room, 1), int64(r.most)-r.room))
	}
	return r.most
}

func (r *sortRun[T]) add(v T, held int64) {
	at := r.rows >> r.shift
	if at == len(r.slabs) {
		n := r.nextSlab()
		r.slabs = append(r.slabs, make([]T, 0, n))
		r.room += int64(n)
	} else if slab := r.slabs[at]; len(slab) == cap(slab) { // the first
		n := r.nextSlab()
		r.slabs[at] = append(make([]T, 0, cap(slab)+n), slab...)
		r.room += int64(n)
	}
	r.slabs[at] = append(r.slabs[at], v)
	r.rows++
	r.held += held
}

// reset empties the run and keeps its memory, but for what rows hold.
func (r *sortRun[T]) reset() {
	for i, slab := range r.slabs {
		clear(slab)
		r.slabs[i] = slab[:0]
	}
	r.rows, r.held = 0, 0
}
