package session

import "slices"

// sortKey stands for a session while its place in the output is found: 16 bytes, moved in place of 32.
type sortKey struct {
	end   uint64 // of the session, counted from the least one
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

// endKeys counts from the least end, so that the high bytes of near ends are all zero and cost nothing.
func endKeys(n int, at func(int) *span) []sortKey {
	least := at(0).end()
	for i := range n {
		least = min(least, at(i).end())
	}
	keys := make([]sortKey, n)
	for i := range keys {
		keys[i] = sortKey{end: uint64(at(i).end()) - uint64(least), index: i}
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
