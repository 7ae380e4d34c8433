package hash

import "strings"

// Text keeps copies of strings side by side in blocks, of which each is an eighth of what there was before it: so few
// allocations that a copy costs little more than its bytes, and an end that is not used which is no more than what the
// allocator rounds up. A string keeps the block alive that it stands in, 64 KiB at most.
//
// Strings that come again and again, the name of a type say, are kept once: that saves the bytes, and keys that are compared
// with them find those few in the cache, where a copy for each key would be a miss (a third of an Aggregate's time).
//
// The zero Text is empty.
type Text struct {
	block  strings.Builder // grown once: strings that are cut from it stay where they are
	used   int             // bytes copied
	recent []string        // copies, by mark; none in a Text that is small
}

const (
	minText   = 64       // bytes of the first block
	maxText   = 64 << 10 // bytes of the largest
	recents   = 64       // places for copies that may come again
	recentMin = 8 << 10  // bytes copied from which there are such: they take an eighth
)

// Copy returns a copy of s.
func (t *Text) Copy(s string) string {
	if s == "" {
		return ""
	}
	if t.used < recentMin {
		return t.append(s)
	}
	if t.recent == nil {
		t.recent = make([]string, recents)
	}
	known := &t.recent[mark(s)%recents]
	if *known != s {
		*known = t.append(s)
	}
	return *known
}

// mark tells short strings apart by little of them. s is not empty.
func mark(s string) uint32 {
	n := len(s)
	m := uint32(s[0]) | uint32(s[n-1])<<8 | uint32(s[n/2])<<16 | uint32(n)<<24
	return m * 0x9e3779b1 >> 26
}

func (t *Text) append(s string) string {
	t.used += len(s)
	if len(s) > t.block.Cap()-t.block.Len() {
		size := min(max(minText, t.used/8), maxText)
		if len(s) > size/4 {
			return strings.Clone(s)
		}
		t.block.Reset() // the strings keep it
		t.block.Grow(size)
	}
	from := t.block.Len()
	t.block.WriteString(s)
	return t.block.String()[from:]
}
