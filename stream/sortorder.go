package stream

import (
	"cmp"
	"slices"

	"github.com/millrace-go/millrace/internal/merge"
	"github.com/millrace-go/millrace/internal/sortkey"
)

// sortOrder is what rows are sorted by: a number, a text, or a comparison.
type sortOrder[T any] struct {
	number  func(v *T) uint64 // rows with equal numbers are equal
	text    func(v *T) string // compared as by compare
	compare func(a, b T) int  // nil where there is a number
	turned  uint64            // all ones where numbers and texts descend
}

// prefix is a number that does not fall in sorted order, of rows whose texts have so much in common.
func (o *sortOrder[T]) prefix(v *T, common int) uint64 {
	switch {
	case o.number != nil:
		return o.number(v) ^ o.turned
	case o.text != nil:
		return sortkey.OfText(o.text(v)[common:]) ^ o.turned
	}
	return 0
}

// ofMerge is the order for a merge.
func (o *sortOrder[T]) ofMerge(common int) merge.Order[T] {
	m := merge.Order[T]{Compare: o.compare}
	if o.number != nil || o.text != nil {
		m.Prefix = func(v *T) uint64 { return o.prefix(v, common) }
	}
	return m
}

// sort puts the items in order: by number, by text in steps of eight bytes, or by comparing.
func (r *sortRun[T]) sort() {
	if cap(r.items) < r.rows {
		r.items = make([]sortItem, r.rows)
		r.scratch = make([]sortItem, r.rows)
	}
	r.items = r.items[:r.rows]
	for i := range r.items {
		r.items[i].row = uint32(i)
	}
	switch {
	case r.order.number != nil:
		r.byPrefix(r.items, 0)
	case r.order.text != nil:
		r.common, _ = r.inCommon(r.items)
		r.byText(r.items, r.common)
	default:
		r.byCompare(r.items)
	}
}

// fewTexts is up to how many texts are compared rather than cut once more.
const fewTexts = 16

// byText sorts items whose texts have so much in common: by the eight bytes behind it, and where these are equal by
// what is behind those. Rows are visited once per step, wherever in memory they are, and not once per comparison.
func (r *sortRun[T]) byText(items []sortItem, common int) {
	r.byPrefix(items, common)
	for from, to := 0, 0; from < len(items); from = to {
		prefix := items[from].prefix
		for to = from + 1; to < len(items) && items[to].prefix == prefix; to++ {
		}
		equal := items[from:to]
		if len(equal) == 1 {
			continue
		}
		more, same := r.inCommon(equal)
		switch {
		case same: // and in order of row already
		case len(equal) > fewTexts && more >= common+8:
			r.byText(equal, more)
		default: // few, or texts that differ in zero bytes at their ends
			r.byCompare(equal)
		}
	}
}

// inCommon is how many bytes the texts of items have in common at the beginning, and whether that is all of them.
func (r *sortRun[T]) inCommon(items []sortItem) (common int, same bool) {
	if len(items) == 0 {
		return 0, true
	}
	first := r.order.text(r.row(items[0].row))
	common, same = len(first), true
	for _, item := range items[1:] {
		text := r.order.text(r.row(item.row))
		common = sortkey.Common(first, text, common)
		same = same && common == len(first) && common == len(text)
		if common == 0 && !same {
			break
		}
	}
	return common, same
}

// radixItems is from how many items on a pass over all of them per byte is cheaper than comparing.
const radixItems = 256

// byPrefix sorts items, which are in order of row, by prefix and then row: by comparing where they are few, else by
// counting, one stable pass for each byte that is not the same in all.
func (r *sortRun[T]) byPrefix(items []sortItem, common int) {
	ordered, before := true, uint64(0)
	for i := range items {
		prefix := r.order.prefix(r.row(items[i].row), common)
		ordered = ordered && before <= prefix
		before = prefix
		items[i].prefix = prefix
	}
	switch {
	case ordered:
	case len(items) < radixItems:
		slices.SortFunc(items, func(a, b sortItem) int {
			if c := cmp.Compare(a.prefix, b.prefix); c != 0 {
				return c
			}
			return cmp.Compare(a.row, b.row)
		})
	default:
		radixSort(items, r.scratch[:len(items)])
	}
}

func radixSort(items, scratch []sortItem) {
	var counts [8][256]uint32
	for _, item := range items {
		for b := range counts {
			counts[b][byte(item.prefix>>(8*b))]++
		}
	}
	from, to := items, scratch
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
	if &from[0] != &items[0] {
		copy(items, from)
	}
}

// nearRows is how many rows are sorted by comparing before the results are merged: so many stay in the cache, where
// comparing does not wait for memory: a fifth less time in BenchmarkSort/memory=unbounded/by=func.
const nearRows = 1024

// byCompare sorts items, which are in order of row, by comparing their rows, and then by row.
func (r *sortRun[T]) byCompare(items []sortItem) {
	var parts []merge.Cursor[sortItem]
	for part := range slices.Chunk(items, nearRows) {
		slices.SortFunc(part, func(a, b sortItem) int {
			if c := r.order.compare(*r.row(a.row), *r.row(b.row)); c != 0 {
				return c
			}
			return cmp.Compare(a.row, b.row)
		})
		parts = append(parts, &itemCursor{part})
	}
	if len(parts) < 2 {
		return
	}
	tree := merge.New(merge.Order[sortItem]{Compare: func(a, b sortItem) int {
		return r.order.compare(*r.row(a.row), *r.row(b.row))
	}}, parts)
	merged := r.scratch[:0]
	for range items {
		item, _ := tree.Next() // the cursors do not fail
		merged = append(merged, *item)
	}
	copy(items, merged)
}

// itemCursor gives its items at once.
type itemCursor struct{ items []sortItem }

// Next returns the items, and then none.
func (c *itemCursor) Next() ([]sortItem, error) {
	items := c.items
	c.items = nil
	return items, nil
}
