package dedup

import (
	"cmp"
	"fmt"
	"time"
)

// A Comparator says which of two rows of one key is the better one, or that it cannot tell. Comparators are
// given as an ordered list: the first that can tell decides, the tie rule decides what none of them can.
//
// Make one with Latest, Earliest, Max, Min, Present, their Opt forms for nullable values, MaxFunc and
// MinFunc for an order of your own, or ByBytes for a last one that leaves no tie. The zero Comparator is refused with
// an *stream.OptionError.
type Comparator[T any] struct {
	name string
	// compare is positive where a is the better row, negative where b is, 0 where it cannot tell.
	// Pointers, so that a row is copied only where an accessor of the caller takes it by value.
	compare func(a, b *T) int
	// rank gives of one row the number that compare goes by; nil where there is none (see rank).
	rank *rank[T]
	// nullable makes compare and rank for nulls first (true) or last; nil where the value cannot be null.
	nullable func(nullsFirst bool) (func(a, b *T) int, *rank[T])
	// err says why the comparator cannot be used; an option with it is refused.
	err error

	total      bool // rows that tie are the same row
	nullsFirst bool // see NullsFirst
	named      bool // by Named
}

// Name returns what Loser.DecidedBy says where this comparator decided: the constructor's name, or the one
// given with Named.
func (c Comparator[T]) Name() string { return c.name }

// Named returns the comparator under another name, for Loser.DecidedBy: dedup.Max(Order.Version).Named("version").
// An empty name panics; one that another comparator of the list has is an *stream.OptionError.
func (c Comparator[T]) Named(name string) Comparator[T] {
	if name == "" {
		panic("dedup: Comparator.Named: empty name")
	}
	c.name, c.named = name, true
	return c
}

// Latest prefers the row with the later time. Times compare as instants, whatever their zone and their monotonic
// reading.
func Latest[T any](at func(T) time.Time) Comparator[T] {
	need(at == nil, "Latest", "accessor")
	return Comparator[T]{
		name: "Latest", rank: rankOfTime(at, laterNumber),
		compare: func(a, b *T) int { return later(at(*a), at(*b)) },
	}
}

// Earliest prefers the row with the earlier time. Times compare as under Latest.
func Earliest[T any](at func(T) time.Time) Comparator[T] {
	need(at == nil, "Earliest", "accessor")
	return Comparator[T]{
		name: "Earliest", rank: rankOfTime(at, earlierNumber),
		compare: func(a, b *T) int { return earlier(at(*a), at(*b)) },
	}
}

// Max prefers the row with the greater value; strings compare byte by byte. A float NaN is no measurement:
// it loses to every number and ties with another NaN, under Max and under Min alike.
func Max[T any, V cmp.Ordered](of func(T) V) Comparator[T] {
	need(of == nil, "Max", "accessor")
	return Comparator[T]{
		name: "Max", rank: rankOf(of, false),
		compare: func(a, b *T) int { return greater(of(*a), of(*b)) },
	}
}

// Min prefers the row with the smaller value; strings compare byte by byte. A float NaN loses to every
// number, as under Max.
func Min[T any, V cmp.Ordered](of func(T) V) Comparator[T] {
	need(of == nil, "Min", "accessor")
	return Comparator[T]{
		name: "Min", rank: rankOf(of, true),
		compare: func(a, b *T) int { return smaller(of(*a), of(*b)) },
	}
}

// Present prefers a row for which has is true ("has an updater", "is verified") to one for which it is false.
func Present[T any](has func(T) bool) Comparator[T] {
	need(has == nil, "Present", "predicate")
	number := func(row *T) (hi, lo uint64) {
		if has(*row) {
			lo = 1
		}
		return 0, lo
	}
	return Comparator[T]{name: "Present", rank: &rank[T]{bits: 1, of: number}, compare: func(a, b *T) int {
		x, y := has(*a), has(*b)
		switch {
		case x == y:
			return 0
		case x:
			return 1
		}
		return -1
	}}
}

// MaxFunc prefers the greatest row by compare, as slices.MaxFunc does: compare is negative where a < b,
// 0 where they are equal, positive where a > b. It must be a strict weak order, or the survivors depend on
// the order of the input.
func MaxFunc[T any](compare func(a, b T) int) Comparator[T] {
	need(compare == nil, "MaxFunc", "function")
	return Comparator[T]{name: "MaxFunc", compare: func(a, b *T) int { return compare(*a, *b) }}
}

// MinFunc prefers the smallest row by compare, as slices.MinFunc does.
func MinFunc[T any](compare func(a, b T) int) Comparator[T] {
	need(compare == nil, "MinFunc", "function")
	return Comparator[T]{name: "MinFunc", compare: func(a, b *T) int { return compare(*b, *a) }}
}

// greater is positive where a is greater than b. It is cmp.Compare, which puts NaN below all numbers.
func greater[V cmp.Ordered](a, b V) int { return cmp.Compare(a, b) }

// smaller is positive where a is smaller than b, and NaN is still below all numbers: the plain reversal of
// cmp.Compare would let a NaN win.
func smaller[V cmp.Ordered](a, b V) int {
	aNaN, bNaN := a != a, b != b
	switch {
	case aNaN && bNaN:
		return 0
	case aNaN:
		return -1
	case bNaN:
		return 1
	}
	return cmp.Compare(b, a)
}

// decisionNames are the names of the comparators for Loser.DecidedBy. Where one name occurs twice, the
// later ones carry their index in the list, "Max[2]", so that a name always means one comparator.
func decisionNames[T any](by []Comparator[T]) []string {
	names := make([]string, len(by))
	seen := make(map[string]bool, len(by))
	for i, c := range by {
		name := c.name
		if seen[name] {
			name = fmt.Sprintf("%s[%d]", name, i)
		}
		seen[name] = true
		names[i] = name
	}
	return names
}

// namedAlike returns the name that was given to one comparator of a list by Named, where another has it, and the later of the
// two; -1 where there is none. DecidedBy would name both, and State.Digest could not tell them apart.
func namedAlike[T any](by []Comparator[T]) (name string, later int) {
	names := decisionNames(by)
	for i := range by {
		for j := range i {
			a, b := &by[j], &by[i]
			if a.named && (a.name == b.name || a.name == names[i]) || b.named && (b.name == a.name || b.name == names[j]) {
				return cmp.Or(names[j], b.name), i
			}
		}
	}
	return "", -1
}

// need refuses a caller's mistake at construction, by name (contract E11).
func need(isNil bool, fn, param string) {
	if isNil {
		panic("dedup: " + fn + ": nil " + param)
	}
}
