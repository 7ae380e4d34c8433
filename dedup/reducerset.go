package dedup

import (
	"math/bits"
	"slices"
)

// Union keeps all values that any row has, each once, ascending: the field is a set. It is nil only if it is nil in all
// rows. That of a row alone is sorted and cleared of repetitions too; no slice that came is changed. A row takes time in
// proportion to its own values, and to the square of the logarithm of the set so far.
func Union[T any, V integer | ~string](field func(*T) *[]V) Reducer[T] {
	need(field == nil, "Union", "field")
	r := newReducer("Union", wayTotal, field)
	r.tidy = func(row *T) { *field(row) = asSet(*field(row)) }
	r.own = func(row *T) { *field(row) = sortSet(slices.Clone(*field(row))) }
	r.total = func(to, from *T) bool {
		set := field(to)
		was := cap(*set)
		n := len(*set)
		*set = addToSet(*set, *field(from))
		return len(*set) != n || cap(*set) != was
	}
	return r
}

// A set that grows is a slice of sorted runs, of which no two have a value in common. Their lengths are the powers of two that
// its length is the sum of, the longest first:
//
//	13 values   [ a c f g k m p z ][ b h q w ][ e ]      13 = 8 + 4 + 1
//
// So a set needs nothing but its length to be searched in, a sorted one of whatever length is such runs, and a value that is
// new is sorted in among as many others as there are behind the last 1 of that length: among few, nearly always.

// addToSet adds the values of more to a set, whose memory it changes.
func addToSet[V integer | ~string](set, more []V) []V {
	if set == nil && more != nil {
		set = make([]V, 0, len(more))
	}
	for _, v := range more {
		if inSet(set, v) {
			continue
		}
		set = append(set, v)
		n := len(set)
		slices.Sort(set[n-n&-n:])
	}
	return set
}

// inSet says that a set has a value.
func inSet[V integer | ~string](set []V, v V) bool {
	for len(set) > 0 {
		run := 1 << (bits.Len(uint(len(set))) - 1)
		if _, found := slices.BinarySearch(set[:run], v); found {
			return true
		}
		set = set[run:]
	}
	return false
}

// asSet returns the values sorted, each once: the slice itself if it is so already.
func asSet[V integer | ~string](values []V) []V {
	for i := 1; i < len(values); i++ {
		if values[i-1] >= values[i] {
			return sortSet(slices.Clone(values))
		}
	}
	return values
}

// sortSet sorts the values and drops repetitions, in their memory.
func sortSet[V integer | ~string](values []V) []V {
	slices.Sort(values)
	return slices.Compact(values)
}
