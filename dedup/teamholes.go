package dedup

import "math/bits"

// Rows move down where too many places between them were let go of: those behind the first such place, in their order.
// They do so when half as many places are gone as rows are held, and 4 MiB of them, so that each row that loses pays for two
// that move at most; and in the order of first sight a row moves once, for the places that are let go of stand behind
// all that have moved.
//
//	rows     a . b . . c d          moves   from 1, held .b..cd
//	         a b c d . . .                  to(2) = 2 - 1 = 1, to(5) = 5 - 3 = 2
//
// moves says where the row at a place went: down by the places before it that were gone.
//
// Invariants:
//  1. Bit i of held[w] says that place from + 64w + i was not gone; those behind the last place are 0.
//  2. before[w] is how many were gone in front of held[w].
type moves struct {
	from   int // the first place that was gone
	held   []uint64
	before []int
}

// newMoves says where rows go that have these marks, of which those before from are known not to be gone; nil where none
// is.
func newMoves(marks *blocks[mark], from int) *moves {
	for ; from < marks.n && *marks.at(from) != nothing; from++ {
	}
	if from == marks.n {
		return nil
	}
	words := (marks.n - from + 63) >> 6
	m := &moves{from: from, held: make([]uint64, words), before: make([]int, words)}
	gone := 0
	for w := range words {
		m.before[w] = gone
		n := min(64, marks.n-from-w<<6)
		held := uint64(0)
		for i := range n {
			held |= notZero(uint64(*marks.at(from + w<<6 + i))) << i
		}
		m.held[w] = held
		gone += n - bits.OnesCount64(held)
	}
	return m
}

// to returns the place of a row that stood at place, from m.from on.
func (m *moves) to(place int) int {
	at := place - m.from
	w, before := at>>6, uint64(1)<<(at&63)-1
	return place - m.before[w] - bits.OnesCount64(^m.held[w]&before)
}

// move moves what stands at places. What is behind the last becomes zero, as what was gone is; its blocks are kept for
// what comes.
func move[E any](b *blocks[E], m *moves) {
	var zero E
	to := m.from
	for w, held := range m.held {
		for ; held != 0; held &= held - 1 {
			from := b.at(m.from + w<<6 + bits.TrailingZeros64(held))
			*b.at(to) = *from
			*from = zero
			to++
		}
	}
	b.n = to
}
