package stream

// minHeap is a binary heap: items[0] is a least one, and before says which of two comes first.
type minHeap[E any] struct {
	items  []E
	before func(a, b *E) bool
}

func (h *minHeap[E]) len() int { return len(h.items) }

// first points to a least item; there must be one. The pointer is valid until the next push or pop.
func (h *minHeap[E]) first() *E { return &h.items[0] }

func (h *minHeap[E]) push(v E) {
	h.items = append(h.items, v)
	s := h.items
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.before(&s[i], &s[parent]) {
			return
		}
		s[parent], s[i] = s[i], s[parent]
		i = parent
	}
}

// pop takes a least item; there must be one.
func (h *minHeap[E]) pop() E {
	s := h.items
	least, last := s[0], len(s)-1
	s[0] = s[last]
	var zero E
	s[last] = zero // keeps nothing alive
	s = s[:last]
	h.items = s
	for i := 0; ; {
		next := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if h.before(&s[child], &s[next]) {
				next = child
			}
		}
		if next == i {
			return least
		}
		s[i], s[next] = s[next], s[i]
		i = next
	}
}
