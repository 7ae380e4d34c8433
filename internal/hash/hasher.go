package hash

import "reflect"

// Hasher hashes and compares keys of type K. It is immutable and safe for concurrent use.
type Hasher[K comparable] struct {
	node *node
}

// New compiles K. It returns a *KeyTypeError, which names the path, if K holds a pointer, a channel or an
// unsafe.Pointer.
func New[K comparable]() (*Hasher[K], error) {
	n, err := nodeOf(reflect.TypeFor[K]())
	if err != nil {
		return nil, err
	}
	return &Hasher[K]{node: n}, nil
}

// Hash returns the seeded hash of *k: a function of the key's value, the seed and, where there are interfaces,
// their dynamic types' names; the same in every process, on every platform, in every release. It panics with a
// *KeyError where Check would return one.
func (h *Hasher[K]) Hash(k *K, seed uint64) uint64 { return hashKey(h.node, k, seed) }

// HashEach sets hashes[i] to the seed-0 hash of keys[i]; the slices have the same length. What is known of the type is
// looked up once for all of them.
func (h *Hasher[K]) HashEach(keys []K, hashes []uint64) { hashEach(h.node, keys, hashes) }

// Exact reports whether Go's == is the equality of keys, so that a caller can compare without a call.
func (h *Hasher[K]) Exact() bool { return h.node.exact }

// Equal reports whether *a and *b are one key. It panics with a *KeyError where Check would return one.
func (h *Hasher[K]) Equal(a, b *K) bool {
	if h.node.exact {
		return *a == *b
	}
	return equalKeys(h.node, a, b)
}

// Dynamic reports whether K holds an interface, so that a key may have to be refused at run time.
func (h *Hasher[K]) Dynamic() bool { return h.node.dynamic }

// Check returns a *KeyError if an interface inside *k holds what cannot be a key. It costs nothing unless
// Dynamic.
func (h *Hasher[K]) Check(k *K) error {
	if !h.node.dynamic {
		return nil
	}
	if err := checkKey(h.node, k); err != nil {
		return err
	}
	return nil
}

// Held returns the bytes that *k holds outside itself: the bytes of its strings, the values inside its
// interfaces. Strings that share memory are counted each.
func (h *Hasher[K]) Held(k *K) int64 {
	if !h.node.holds {
		return 0
	}
	return heldBy(h.node, k)
}

// Own gives *k copies of its strings in text, so that it keeps alive no more of what they were cut from, and returns what
// Held does. What interfaces hold stays as it is, but for a string in an any; so do, under the purego tag,
// strings in unexported fields.
func (h *Hasher[K]) Own(k *K, text *Text) int64 {
	if !h.node.holds {
		return 0
	}
	own(h.node, k, text)
	return heldBy(h.node, k)
}
