package session

import (
	"math"
	"math/bits"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/hugepages"
	"github.com/millrace-go/millrace/stream"
)

// openSessions are the sessions that later events may join, by key. A session has a number until it closes; numbers of
// closed ones are given again, and a key without an open session leaves nothing behind.
//
//	words  [ . ][5c.. 2][61.. 0][ . ][ . ][c8.. 3]   the high half of a mark, number + 1
//	heads  0 [ann 10:31 7]  1 [free]  2 [bob 10:30 1]  3 [cy 10:29 4]
//	from     10:02                      10:30            10:11
//
// A mark is the hash of a key times an odd constant: another order, so that keys which come in the order of their hashes do
// not crowd one end. The place of a key is given by the leading bits of its mark; what was pushed on stands behind
// it, and moves up when the key goes.
//
// What events read and write stands apart from what they do not: there are more open sessions than fit in the nearer caches.
//
// Invariants:
//  1. len(words) is a power of two, or 0 before the first key, and live <= half of it.
//  2. Each number of an open session is in one word, beside the high half of the mark of its key.
//  3. From the place of a key to its word, no word is 0.
//  4. heads and from have the same length; heads[i].count is 0 exactly where i is free, and from[i] is then the next one
//     that is, or none.
type openSessions[K comparable, A any] struct {
	hasher *hash.Hasher[K]
	exact  bool // == is the equality of keys
	acct   *stream.Account
	where  string // for errors
	words  []uint64
	shift  uint // 64 - log2(len(words))
	heads  []openHead[K, A]
	from   []instant // of the first event
	booked []int64   // bytes of acc, by Fold.Size; nil without
	free   int       // the first free number, or none
	live   int       // open sessions
}

// openHead is what events of a session change, and how they find it.
type openHead[K comparable, A any] struct {
	key   K       // of the first event
	to    instant // of the last event
	count int     // events
	acc   A       // of the events so far
}

const none = -1

const (
	markFactor = 0x9e3779b97f4a7c15 // odd, of no pattern
	minWords   = 16                 // two cache lines
	wordBytes  = 8
)

func newOpenSessions[K comparable, A any](h *hash.Hasher[K], acct *stream.Account, where string, sized bool) openSessions[K, A] {
	o := openSessions[K, A]{hasher: h, exact: h.Exact(), acct: acct, where: where, free: none}
	if sized {
		o.booked = []int64{}
	}
	return o
}

// is says whether a number is of *k.
func (o *openSessions[K, A]) is(number int, k *K) bool {
	key := &o.heads[number].key
	return o.exact && *key == *k || !o.exact && o.hasher.Equal(key, k)
}

// find returns the number of the open session of *k, whose mark is m, or none and the slot where its word belongs.
func (o *openSessions[K, A]) find(k *K, m uint64) (number, slot int) {
	words := o.words
	if len(words) == 0 {
		return none, 0
	}
	mask := uint64(len(words) - 1)
	for i := m >> (o.shift & 63); ; i++ {
		i &= mask
		w := words[i]
		if w == 0 {
			return none, int(i)
		}
		if w>>32 == m>>32 && o.is(int(uint32(w))-1, k) {
			return int(uint32(w)) - 1, int(i)
		}
	}
}

// open opens the session of a key that find did not find, with its first event.
func (o *openSessions[K, A]) open(k *K, m uint64, slot int, at instant, acc A) (number int, err error) {
	if o.live >= len(o.words)/2 {
		if err := o.growWords(); err != nil {
			return 0, err
		}
		slot = o.vacant(m)
	}
	if number = o.free; number == none {
		if err := o.growNumbers(); err != nil {
			return 0, err
		}
		number = len(o.heads)
		o.heads = append(o.heads, openHead[K, A]{})
		o.from = append(o.from, none)
		if o.booked != nil {
			o.booked = append(o.booked, 0)
		}
	}
	if err := o.acct.Grow(o.hasher.Held(k)); err != nil {
		return 0, err
	}
	if number == o.free {
		o.free = int(o.from[number])
	}
	o.heads[number] = openHead[K, A]{key: *k, to: at, count: 1, acc: acc}
	o.from[number] = at
	o.words[slot] = m>>32<<32 | uint64(number+1)
	o.live++
	return number, nil
}

// vacant returns the slot where the word of a new key belongs.
func (o *openSessions[K, A]) vacant(m uint64) int {
	mask := len(o.words) - 1
	i := int(m >> (o.shift & 63))
	for o.words[i] != 0 {
		i = (i + 1) & mask
	}
	return i
}

// growWords doubles the words. The high half of a mark says where it belongs, as long as no more than 2^32 words do.
func (o *openSessions[K, A]) growWords() error {
	n := max(minWords, 2*len(o.words))
	if uint64(n) > math.MaxUint32 {
		return &stream.LimitError{Where: o.where, What: "open sessions", Limit: int64(o.live)}
	}
	if err := o.acct.Grow(int64(n) * wordBytes); err != nil {
		return err
	}
	old := o.words
	o.words = make([]uint64, n)
	hugepages.Advise(o.words)
	o.shift = uint(64 - bits.Len(uint(n-1)))
	for _, w := range old {
		if w != 0 {
			o.words[o.vacant(w)] = w
		}
	}
	o.acct.Shrink(int64(len(old)) * wordBytes)
	return nil
}

// growNumbers makes place for one more number.
func (o *openSessions[K, A]) growNumbers() (err error) {
	if len(o.heads) < min(cap(o.heads), cap(o.from)) && (o.booked == nil || len(o.booked) < cap(o.booked)) {
		return nil
	}
	n := max(2*len(o.heads), blockMin)
	if o.heads, err = resizeHuge(o.acct, o.heads, n); err != nil {
		return err
	}
	if o.from, err = resize(o.acct, o.from, n); err != nil {
		return err
	}
	if o.booked != nil {
		o.booked, err = resize(o.acct, o.booked, n)
	}
	return err
}

// resizeHuge is resize with huge pages, asked for before anything is written.
func resizeHuge[E any](acct *stream.Account, s []E, n int) ([]E, error) {
	size := sizeOf[E]()
	if err := acct.Grow(int64(n) * size); err != nil {
		return s, err
	}
	to := make([]E, 0, n)
	hugepages.Advise(to)
	old := cap(s)
	s = append(to, s...)
	acct.Shrink(int64(old) * size)
	return s, nil
}

// remove frees a number, whose key has the mark m.
func (o *openSessions[K, A]) remove(number int, m uint64) {
	words, mask := o.words, len(o.words)-1
	hole := int(m >> (o.shift & 63))
	for uint32(words[hole]) != uint32(number+1) {
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; words[i] != 0; i = (i + 1) & mask {
		place := int(words[i] >> (o.shift & 63))
		if (i-place)&mask >= (i-hole)&mask { // its place is not behind the hole
			words[hole] = words[i]
			hole = i
		}
	}
	words[hole] = 0
	h := &o.heads[number]
	o.acct.Shrink(o.hasher.Held(&h.key))
	if o.booked != nil {
		o.acct.Shrink(o.booked[number])
		o.booked[number] = 0
	}
	*h = openHead[K, A]{}
	o.from[number] = instant(o.free)
	o.free = number
	o.live--
}
