package dedup

import (
	"cmp"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// The Opt forms compare values that may be null or missing; the two are alike here: there is no value.
// By default a row without a value loses to every row with one ("nulls last"), and two without tie; NullsFirst
// turns the first half round.

// LatestOpt is Latest for a time that may be null: a null loses to every time.
func LatestOpt[T any](at func(T) stream.Opt[time.Time]) Comparator[T] {
	need(at == nil, "LatestOpt", "accessor")
	return nullable("LatestOpt", at, time.Time.Compare)
}

// EarliestOpt is Earliest for a time that may be null: a null loses to every time.
func EarliestOpt[T any](at func(T) stream.Opt[time.Time]) Comparator[T] {
	need(at == nil, "EarliestOpt", "accessor")
	return nullable("EarliestOpt", at, func(a, b time.Time) int { return b.Compare(a) })
}

// MaxOpt is Max for a value that may be null: a null loses to every value, to NaN as well.
func MaxOpt[T any, V cmp.Ordered](of func(T) stream.Opt[V]) Comparator[T] {
	need(of == nil, "MaxOpt", "accessor")
	return nullable("MaxOpt", of, greater[V])
}

// MinOpt is Min for a value that may be null: a null loses to every value, to NaN as well.
func MinOpt[T any, V cmp.Ordered](of func(T) stream.Opt[V]) Comparator[T] {
	need(of == nil, "MinOpt", "accessor")
	return nullable("MinOpt", of, smaller[V])
}

// NullsFirst returns the comparator with null winning over every value, as ORDER BY ... NULLS FIRST does.
// It is for the Opt forms; on another comparator it panics, for that one would never see a null.
func (c Comparator[T]) NullsFirst() Comparator[T] {
	if c.nullable == nil {
		panic("dedup: Comparator.NullsFirst: " + c.name + " has no nulls: use LatestOpt, EarliestOpt, MaxOpt or MinOpt")
	}
	c.compare = c.nullable(true)
	return c
}

// nullable lifts better, which is positive where its first value wins, to values that may be absent.
func nullable[T, V any](name string, of func(T) stream.Opt[V], better func(a, b V) int) Comparator[T] {
	lift := func(nullsFirst bool) func(a, b *T) int {
		presentWins := 1
		if nullsFirst {
			presentWins = -1
		}
		return func(a, b *T) int {
			x, hasX := of(*a).Get()
			y, hasY := of(*b).Get()
			switch {
			case hasX && hasY:
				return better(x, y)
			case hasX:
				return presentWins
			case hasY:
				return -presentWins
			}
			return 0
		}
	}
	return Comparator[T]{name: name, compare: lift(false), nullable: lift}
}
