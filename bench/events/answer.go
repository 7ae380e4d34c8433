package events

// HashType is what a group of (user, type) adds to an answer.
func HashType(user uint64, kind uint32, n int) uint64 {
	return Mix(user<<8 ^ uint64(kind) ^ uint64(n)<<40)
}

// HashName is the same of a group of (user, name of the type).
func HashName(user uint64, kind string, n int) uint64 {
	h := uint64(len(kind))
	for _, c := range []byte(kind) {
		h = h*31 + uint64(c)
	}
	return Mix(user ^ h<<20 ^ uint64(n)<<40)
}
