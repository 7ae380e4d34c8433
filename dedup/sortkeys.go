package dedup

// sortKeys are the keys of the rows of Sorted, and their order. They are to the sorted engine what keysOf is to the others.
type sortKeys[T any] interface {
	begin() lastKey[T] // of one run
}

// lastKey knows the key of the row at hand, and the last that it kept before.
type lastKey[T any] interface {
	next(row *T, hasLast bool) (order int) // takes the key of the row at hand; negative where it follows the last, or is the first
	keep()                                 // makes it the last
	key() any                              // of the row at hand
	last() any
}

// keyOrder is sortKeys by a key function and an order of keys.
type keyOrder[T, K any] struct {
	key     func(T) K
	compare func(a, b K) int
}

func (o keyOrder[T, K]) begin() lastKey[T] { return &keyPair[T, K]{order: o} }

// keyPair is lastKey.
type keyPair[T, K any] struct {
	order      keyOrder[T, K]
	came, kept K
}

func (p *keyPair[T, K]) next(row *T, hasLast bool) int {
	p.came = p.order.key(*row)
	if !hasLast {
		return -1
	}
	return p.order.compare(p.kept, p.came)
}

func (p *keyPair[T, K]) keep() { p.kept = p.came }

func (p *keyPair[T, K]) key() any { return p.came }

func (p *keyPair[T, K]) last() any { return p.kept }
