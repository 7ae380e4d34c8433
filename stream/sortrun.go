package stream

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/millrace-go/millrace/internal/merge"
)

// sortRun is a part of the input in memory, in input order, and the order in which it comes out once it is sorted.
//
//	slabs   [ c a ][ d b ][ a . ]         rows, as they came; all slabs but the last are full
//	items   [a 1][a 4][b 3][c 0][d 2]     prefix of the key, position of the row
//
// Sorting moves items, 16 bytes each, whatever the size of a row.
type sortRun[T any] struct {
	order merge.Order[T]
	size  int64 // static bytes of a row
	most  int   // rows per slab: a power of two
	shift uint  // log2 of it

	slabs   [][]T
	rows    int
	room    int64 // rows that the slabs have room for
	held    int64 // bytes that the rows hold beyond their static size, by the codec
	items   []sortItem
	scratch []sortItem // of radix sort
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
func newSortRun[T any](order merge.Order[T], limit int64) *sortRun[T] {
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

// sort puts the items in order.
func (r *sortRun[T]) sort() {
	if cap(r.items) < r.rows {
		r.items = make([]sortItem, r.rows)
	}
	r.items = r.items[:r.rows]
	ordered, before := true, uint64(0)
	for i := range r.items {
		item := sortItem{row: uint32(i)}
		if r.order.Prefix != nil {
			item.prefix = r.order.Prefix(r.row(uint32(i)))
		}
		ordered = ordered && before <= item.prefix
		before = item.prefix
		r.items[i] = item
	}
	if !ordered {
		r.byPrefix()
	}
	if r.order.Compare == nil {
		return
	}
	for from, to := 0, 0; from < len(r.items); from = to {
		prefix := r.items[from].prefix
		for to = from + 1; to < len(r.items) && r.items[to].prefix == prefix; to++ {
		}
		if to-from > 1 {
			slices.SortFunc(r.items[from:to], func(a, b sortItem) int {
				if c := r.order.Compare(r.row(a.row), r.row(b.row)); c != 0 {
					return c
				}
				return cmp.Compare(a.row, b.row)
			})
		}
	}
}

// radixRows is from how many rows on a pass over all of them per byte is cheaper than comparing:
// BenchmarkSort/rows=1K.
const radixRows = 256

// byPrefix sorts items, which are in order of row, by prefix and then row: by comparing where they are few, else by
// counting, one stable pass for each byte that is not the same in all.
func (r *sortRun[T]) byPrefix() {
	if len(r.items) < radixRows {
		slices.SortFunc(r.items, func(a, b sortItem) int {
			if c := cmp.Compare(a.prefix, b.prefix); c != 0 {
				return c
			}
			return cmp.Compare(a.row, b.row)
		})
		return
	}
	var counts [8][256]uint32
	for _, item := range r.items {
		for b := range counts {
			counts[b][byte(item.prefix>>(8*b))]++
		}
	}
	if cap(r.scratch) < len(r.items) {
		r.scratch = make([]sortItem, len(r.items))
	}
	from, to := r.items, r.scratch[:len(r.items)]
	for b := range counts {
		count := &counts[b]
		if int(count[byte(from[0].prefix>>(8*b))]) == len(from) {
			continue
		}
		at := uint32(0)
		for i, n := range count {
			count[i] = at
			at += n
		}
		for _, item := range from {
			digit := byte(item.prefix >> (8 * b))
			to[count[digit]] = item
			count[digit]++
		}
		from, to = to, from
	}
	r.items, r.scratch = from, to
}
