package session

import "slices"

// sortKey stands for a session while its place in the output is found: 16 bytes, moved in place of 40.
type sortKey struct {
	end   uint64 // monotone in the end of the session, not always injective
	index int    // of the session
}

// byOutput gives the indices of n sessions in the order of output. It sorts by end with a radix sort, a byte
// at a time from the lowest, and settles ties by compare. The plain version is slices.SortFunc on the
// sessions, with the same result; it took a third of the time of ByGap.
func byOutput(n int, at func(int) *span, compare func(a, b *span) int) []sortKey {
	if n == 0 {
		return nil
	}
	keys := endKeys(n, at)
	keys = radixSort(keys, make([]sortKey, n))
	for from := 0; from < n; {
		to := from + 1
		for to < n && keys[to].end == keys[from].end {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(keys[from:to], func(a, b sortKey) int { return compare(at(a.index), at(b.index)) })
		}
		from = to
	}
	return keys
}

// endKeys counts from the least end: in nanoseconds where the ends lie within 272 years, so that 63 bits hold
// them, otherwise in seconds, which leaves more ties.
func endKeys(n int, at func(int) *span) []sortKey {
	least, most := at(0).endSec, at(0).endSec
	for i := range n {
		least, most = min(least, at(i).endSec), max(most, at(i).endSec)
	}
	nanoseconds := uint64(most)-uint64(least) < 1<<33
	keys := make([]sortKey, n)
	for i := range keys {
		s := at(i)
		end := uint64(s.endSec) - uint64(least)
		if nanoseconds {
			end = end*1e9 + uint64(s.endNsec)
		}
		keys[i] = sortKey{end: end, index: i}
	}
	return keys
}

// radixSort sorts keys by end, stably, and gives the one of its arguments that ends up sorted. A byte that
// is the same in all keys costs nothing.
func radixSort(keys, other []sortKey) []sortKey {
	var counts [8][256]int
	for i := range keys {
		for b := range counts {
			counts[b][byte(keys[i].end>>(8*b))]++
		}
	}
	for b := range counts {
		next := &counts[b]
		if next[byte(keys[0].end>>(8*b))] == len(keys) {
			continue
		}
		from := 0
		for v, n := range next {
			next[v] = from
			from += n
		}
		for _, k := range keys {
			v := byte(k.end >> (8 * b))
			other[next[v]] = k
			next[v]++
		}
		keys, other = other, keys
	}
	return keys
}
