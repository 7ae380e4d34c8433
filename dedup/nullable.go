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
	return nullable("LatestOpt", at, later, timeBits, laterNumber)
}

// EarliestOpt is Earliest for a time that may be null: a null loses to every time.
func EarliestOpt[T any](at func(T) stream.Opt[time.Time]) Comparator[T] {
	need(at == nil, "EarliestOpt", "accessor")
	return nullable("EarliestOpt", at, earlier, timeBits, earlierNumber)
}

// MaxOpt is Max for a value that may be null: a null loses to every value, to NaN as well.
func MaxOpt[T any, V cmp.Ordered](of func(T) stream.Opt[V]) Comparator[T] {
	need(of == nil, "MaxOpt", "accessor")
	return nullableValue("MaxOpt", of, greater[V], false)
}

// MinOpt is Min for a value that may be null: a null loses to every value, to NaN as well.
func MinOpt[T any, V cmp.Ordered](of func(T) stream.Opt[V]) Comparator[T] {
	need(of == nil, "MinOpt", "accessor")
	return nullableValue("MinOpt", of, smaller[V], true)
}

// NullsFirst returns the comparator with null winning over every value, as ORDER BY ... NULLS FIRST does.
// It is for the Opt forms; on another comparator it panics, for that one would never see a null.
func (c Comparator[T]) NullsFirst() Comparator[T] {
	if c.nullable == nil {
		panic("dedup: Comparator.NullsFirst: " + c.name + " has no nulls: use LatestOpt, EarliestOpt, MaxOpt or MinOpt")
	}
	c.compare, c.rank = c.nullable(true)
	c.nullsFirst = true
	return c
}

// nullableValue is nullable for ordered values.
func nullableValue[T any, V cmp.Ordered](name string, of func(T) stream.Opt[V], better func(a, b V) int, smallest bool) Comparator[T] {
	width, number := numbered[V](smallest)
	if number == nil {
		return nullable(name, of, better, 0, nil)
	}
	return nullable(name, of, better, width, func(v V) (hi, lo uint64) { return 0, number(v) })
}

// nullable lifts better, which is positive where its first value wins, and number, which is greater for the better
// value, of width bits, to values that may be absent. Without number there is no rank.
func nullable[T, V any](name string, of func(T) stream.Opt[V], better func(a, b V) int,
	width uint, number func(V) (hi, lo uint64),
) Comparator[T] {
	lift := func(nullsFirst bool) (func(a, b *T) int, *rank[T]) {
		presentWins := 1
		if nullsFirst {
			presentWins = -1
		}
		compare := func(a, b *T) int {
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
		if number == nil {
			return compare, nil
		}
		return compare, &rank[T]{bits: 1 + width, of: func(row *T) (hi, lo uint64) {
			v, present := of(*row).Get()
			if present {
				hi, lo = number(v)
			}
			if present != nullsFirst { // the bit in front
				if width < 64 {
					lo |= 1 << width
				} else {
					hi |= 1 << (width - 64)
				}
			}
			return hi, lo
		}}
	}
	c := Comparator[T]{name: name, nullable: lift}
	c.compare, c.rank = lift(false)
	return c
}
