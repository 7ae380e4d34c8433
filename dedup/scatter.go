package dedup

// scatter makes of the hash of a key the one by which a table finds it. Rows may come in the order of their hashes: out of
// an Aggregate, whose order that is, and out of a snapshot. A table starts to look for a key at the leading bits of its
// hash; as long as it has yet to grow, such rows begin at a few places all of them, and the n-th would take n steps.
// Multiplied by an odd number, the leading bits depend on all that follow.
func scatter(h uint64) uint64 { return h * 0x9e3779b97f4a7c15 }

func scatterEach(hashes []uint64) {
	for i, h := range hashes {
		hashes[i] = scatter(h)
	}
}
