package table

import "math/bits"

// flagSort sorts slots by hash, in place and not stably: by eight bits of it at a time, skip bits left out, each key moved
// to where those with its bits belong and the one found there taken on (an American flag sort). Hashes are as good as
// random, so that three steps do for a million keys, where a sort by comparison takes twenty.
func flagSort[K comparable, V any](slots []Slot[K, V], skip uint) {
	if len(slots) <= fewSlots {
		insertionSort(slots)
		return
	}
	// Leading bits that all share, those of an early part of all hashes say, are no reason for a step.
	least, all := ^uint64(0), uint64(0)
	for i := range slots {
		least &= slots[i].Hash
		all |= slots[i].Hash
	}
	skip = max(skip, uint(bits.LeadingZeros64(least^all)))
	if skip >= 64 {
		return
	}
	digit := func(h uint64) uint8 { return uint8(h << (skip & 63) >> 56) }
	var next, ends [256]int
	for i := range slots {
		ends[digit(slots[i].Hash)]++
	}
	for d, sum := 0, 0; d < len(ends); d++ {
		next[d] = sum
		sum += ends[d]
		ends[d] = sum
	}
	for d := range next {
		for next[d] < ends[d] {
			s := slots[next[d]]
			for to := digit(s.Hash); int(to) != d; to = digit(s.Hash) {
				s, slots[next[to]] = slots[next[to]], s
				next[to]++
			}
			slots[next[d]] = s
			next[d]++
		}
	}
	from := 0
	for _, to := range ends {
		flagSort(slots[from:to], skip+8)
		from = to
	}
}

// fewSlots are sorted by insertion.
const fewSlots = 32

func insertionSort[K comparable, V any](slots []Slot[K, V]) {
	for i := 1; i < len(slots); i++ {
		if slots[i-1].Hash <= slots[i].Hash {
			continue
		}
		one, j := slots[i], i
		for ; j > 0 && slots[j-1].Hash > one.Hash; j-- {
			slots[j] = slots[j-1]
		}
		slots[j] = one
	}
}
