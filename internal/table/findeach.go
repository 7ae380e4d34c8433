package table

// FindEach looks up a batch of keys, hashes being their seed-0 hashes: at[i] becomes the index of keys[i], or -1 where it is
// not there. The slices have the same length.
//
// It reads all slots of a batch, then all keys that these name, so that the cache misses of a batch overlap: of three that a
// lookup has, each of which the next waits for, few are left to wait for.
func (t *Table[K]) FindEach(keys []K, hashes []uint64, at []int) {
	hashes, at = hashes[:len(keys)], at[:len(keys)]
	if len(t.slots) == 0 {
		for i := range at {
			at[i] = -1
		}
		return
	}
	for len(keys) > 0 {
		n := min(batch, len(keys))
		t.findBatch(keys[:n], hashes[:n], at[:n])
		keys, hashes, at = keys[n:], hashes[n:], at[n:]
	}
}

// findBatch is FindEach of a batch at most.
func (t *Table[K]) findBatch(keys []K, hashes []uint64, at []int) {
	slots, mask := t.slots, len(t.slots)-1
	var seen [batch]uint64 // slots: first the home of each key, then the first that may be its own
	hashes, at = hashes[:len(keys)], at[:len(keys)]
	for i, h := range hashes {
		seen[i&(batch-1)] = slots[t.home(h)&mask]
	}
	for i, h := range hashes {
		s := seen[i&(batch-1)]
		for slot := t.home(h); s != 0 && uint32(s>>32) != uint32(h); s = slots[slot&mask] {
			slot++
		}
		seen[i&(batch-1)] = s
	}
	var same [batch]bool // a pass that nothing branches on
	if t.exact {
		for i := range keys {
			if s := seen[i&(batch-1)]; s != 0 {
				same[i&(batch-1)] = t.keys[uint32(s)-1] == keys[i]
			}
		}
	}
	for i := range keys {
		switch s := seen[i&(batch-1)]; {
		case s == 0:
			at[i] = -1
		case same[i&(batch-1)]:
			at[i] = int(uint32(s)) - 1
		default:
			_, at[i] = t.probe(&keys[i], hashes[i])
		}
	}
}
