package stream

// Row windows look at the neighbours of an element inside its group: a run of adjacent elements with one key, as
// ChunkBy makes them. Input that comes by key (sorted, or the rows of one session) has one group per key.

// Lag yields each element with the one n places before it in its group, Missing where the group has none: the
// change since the last reading, the time since the last click. A group is a run of adjacent elements with the same
// key, as in ChunkBy: where a key comes again later, it starts anew.
//
// It holds n elements. Keys compare by the key rules; a key type with pointers or channels inside, and an n below 1,
// is an *OptionError, an interface key that holds something that cannot be compared a *KeyError.
func Lag[T any, K comparable](s Seq[T], key func(T) K, n int) Seq[Pair[T, Opt[T]]] {
	needSeq(s, "Lag")
	needFunc(key == nil, "Lag", "key")
	return func(yield func(Pair[T, Opt[T]], error) bool) {
		if n < 1 {
			yield(Pair[T, Opt[T]]{}, distanceError("Lag", n))
			return
		}
		var before ring[T] // the last n elements of the group
		for e, err := range inGroups(s, "Lag", key) {
			if err != nil {
				yield(Pair[T, Opt[T]]{}, err)
				return
			}
			if e.first {
				before.clear()
			}
			out := Pair[T, Opt[T]]{First: e.value}
			if before.n == n {
				out.Second = Present(before.pop())
			}
			before.push(e.value)
			if !yield(out, nil) {
				return
			}
		}
	}
}

// Lead yields each element with the one n places after it in its group, Missing where the group has none. A group is
// a run of adjacent elements with the same key, as in ChunkBy.
//
// It holds n elements: one comes out when the n-th after it, another key, or the end is seen. Before an error of the
// input the ones that still wait are not yielded, for nobody knows what comes after them. Keys and options are those
// of Lag.
func Lead[T any, K comparable](s Seq[T], key func(T) K, n int) Seq[Pair[T, Opt[T]]] {
	needSeq(s, "Lead")
	needFunc(key == nil, "Lead", "key")
	return func(yield func(Pair[T, Opt[T]], error) bool) {
		if n < 1 {
			yield(Pair[T, Opt[T]]{}, distanceError("Lead", n))
			return
		}
		var waiting ring[T] // up to n elements of one group
		release := func() bool {
			for waiting.n > 0 {
				if !yield(Pair[T, Opt[T]]{First: waiting.pop()}, nil) {
					return false
				}
			}
			return true
		}
		for e, err := range inGroups(s, "Lead", key) {
			if err != nil {
				yield(Pair[T, Opt[T]]{}, err)
				return
			}
			if e.first && !release() {
				return
			}
			if waiting.n == n && !yield(Pair[T, Opt[T]]{First: waiting.pop(), Second: Present(e.value)}, nil) {
				return
			}
			waiting.push(e.value)
		}
		release()
	}
}

// RowNumber yields each element with its position in its group, from 0. A group is a run of adjacent elements with
// the same key, as in ChunkBy. Keys are those of Lag.
func RowNumber[T any, K comparable](s Seq[T], key func(T) K) Seq[Indexed[T]] {
	needSeq(s, "RowNumber")
	needFunc(key == nil, "RowNumber", "key")
	return func(yield func(Indexed[T], error) bool) {
		i := 0
		for e, err := range inGroups(s, "RowNumber", key) {
			if err != nil {
				yield(Indexed[T]{}, err)
				return
			}
			if e.first {
				i = 0
			}
			if !yield(Indexed[T]{Index: i, Value: e.value}, nil) {
				return
			}
			i++
		}
	}
}

// Running yields each element with the fold of its group up to and with it: running totals, the highest so far. A
// group is a run of adjacent elements with the same key, as in ChunkBy; each starts from the empty accumulator.
//
// An accumulator that holds slices, maps or pointers is valid until the next element is asked for, since the fold
// goes on with it. It holds one accumulator. Keys are those of Lag.
func Running[T any, K comparable, A any](s Seq[T], key func(T) K, fold Fold[T, A]) Seq[Pair[T, A]] {
	needSeq(s, "Running")
	needFunc(key == nil, "Running", "key")
	needFunc(fold.Add == nil, "Running", "fold.Add")
	return func(yield func(Pair[T, A], error) bool) {
		var acc A
		for e, err := range inGroups(s, "Running", key) {
			if err != nil {
				yield(Pair[T, A]{}, err)
				return
			}
			if e.first {
				acc = fold.Init()
			}
			fold.Add(&acc, e.value)
			if !yield(Pair[T, A]{First: e.value, Second: acc}, nil) {
				return
			}
		}
	}
}

func distanceError(fn string, n int) error {
	return &OptionError{Package: "stream", Func: fn, Option: "n", Got: n, Want: "positive"}
}

// grouped is an element, and whether its key differs from that of the one before it.
type grouped[T any] struct {
	value T
	first bool
}

// inGroups tells where the groups of s begin, for the operator fn.
func inGroups[T any, K comparable](s Seq[T], fn string, key func(T) K) Seq[grouped[T]] {
	return func(yield func(grouped[T], error) bool) {
		keys, err := newKeys[K](fn)
		if err != nil {
			yield(grouped[T]{}, err)
			return
		}
		var (
			group K     // the key of the element before
			index int64 // position of the element
		)
		for v, err := range s {
			if err != nil {
				yield(grouped[T]{}, err)
				return
			}
			k := key(v)
			if err := keys.check(&k, index); err != nil {
				yield(grouped[T]{}, err)
				return
			}
			first := index == 0 || !keys.hasher.Equal(&group, &k)
			if first {
				group = k
			}
			index++
			if !yield(grouped[T]{value: v, first: first}, nil) {
				return
			}
		}
	}
}
