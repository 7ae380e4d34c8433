package stream

// ring is a first-in, first-out queue in one array that doubles when it is full.
//
//	buf  [ 5 ][ 6 ][ . ][ . ][ 2 ][ 3 ][ 4 ]...     head = 4, n = 5: pop gives 2, push writes after 6
//
// Invariants:
//  1. len(buf) is 0 or a power of two.
//  2. The elements are buf[(head+i) % len(buf)] for i in [0, n); all other places are zero, so that the queue
//     keeps nothing alive that has left it.
type ring[T any] struct {
	buf  []T
	head int // place of the first element
	n    int // elements
}

// minRing is the first array: a queue of one element is common (Lag by 1), one of four costs no more.
const minRing = 4

func (r *ring[T]) push(v T) {
	if r.n == len(r.buf) {
		r.resize(max(minRing, 2*len(r.buf)))
	}
	*r.at(r.n) = v
	r.n++
}

// pop takes the first element; there must be one.
func (r *ring[T]) pop() T {
	p := r.at(0)
	v := *p
	var zero T
	*p = zero
	r.head = (r.head + 1) & (len(r.buf) - 1)
	r.n--
	return v
}

// at points to the element of index i, which must be in the queue. The pointer is valid until the next push.
func (r *ring[T]) at(i int) *T { return &r.buf[(r.head+i)&(len(r.buf)-1)] }

// clear removes all elements and keeps the array.
func (r *ring[T]) clear() {
	clear(r.buf)
	r.head, r.n = 0, 0
}

func (r *ring[T]) resize(n int) {
	buf := make([]T, n)
	for i := range r.n {
		buf[i] = *r.at(i)
	}
	r.buf, r.head = buf, 0
}
