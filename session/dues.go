package session

// dues is a binary heap of watermarks at which a key must be settled, the least first. An entry whose watermark is no
// longer that of its key is passed over when its turn comes: moving one would cost more than most of them ever do.
type dues []dueKey

type dueKey struct {
	at  instant
	key int
}

func (d *dues) push(at instant, key int) {
	s := append(*d, dueKey{at, key})
	*d = s
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if s[parent].at <= s[i].at {
			return
		}
		s[parent], s[i] = s[i], s[parent]
		i = parent
	}
}

// pop takes the least; there must be one.
func (d *dues) pop() dueKey {
	s := *d
	least, last := s[0], len(s)-1
	s[0] = s[last]
	s = s[:last]
	*d = s
	for i := 0; ; {
		next := 2*i + 1
		if next >= last {
			return least
		}
		if next+1 < last && s[next+1].at < s[next].at {
			next++
		}
		if s[i].at <= s[next].at {
			return least
		}
		s[i], s[next] = s[next], s[i]
		i = next
	}
}
