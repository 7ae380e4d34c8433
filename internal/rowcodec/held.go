package rowcodec

// mostHeld is more than a process can address.
const mostHeld = 1 << 48 // bytes

// CanBeHeld reports whether n is a number of bytes that one value can hold: what a Held that is not from here says must be
// asked, before it goes into sums.
func CanBeHeld(n int64) bool { return uint64(n) <= mostHeld }
