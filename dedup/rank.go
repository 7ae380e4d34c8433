package dedup

import (
	"cmp"
	"math"
	"math/bits"
	"reflect"
	"time"
)

// A rank is what a comparator has to say of one row alone: a number of a fixed width, the greater for the better
// row, equal where the comparator cannot tell. So rows can be compared that nobody holds any more.
//
//	comparator          bits  number
//	Present                1  1 where it is there
//	Max of an integer   8-64  the value; of a signed one the sign bit turned, so that -1 is below 0
//	Max of a float     32-64  IEEE 754 bits put in order; -0 is 0; NaN is 0, below -Inf
//	Latest                94  64 bits of seconds, the sign bit turned, 30 of nanoseconds
//	Min, Earliest             the complement, but for NaN, which stays 0
//	Opt forms             +1  a bit in front says whether there is a value; without one the rest is 0
//
// Strings and functions of the caller's have no rank: none of a fixed width would be exact.
//
// Invariant: hi and lo are one number below 1<<bits, and for any two rows its order is that of compare.
type rank[T any] struct {
	bits uint // at most 95
	of   func(row *T) (hi, lo uint64)
}

// timeBits is 64 bits of seconds and 30 bits that hold 999,999,999 nanoseconds.
const (
	nanoBits = 30
	timeBits = 64 + nanoBits
)

// yearOneToUnix brings Time.Unix back to the seconds since the year 1 that a Time counts in, so that no time that
// can be made wraps round.
const yearOneToUnix = 62135596800

// instant returns the two parts by which times compare: as instants, without zone and monotonic reading, so that a
// row read from a file compares as it did in the process that made it.
func instant(t time.Time) (seconds, nanos int64) {
	return t.Unix() + yearOneToUnix, int64(t.Nanosecond())
}

// later is positive where a is the later instant.
func later(a, b time.Time) int {
	aSeconds, aNanos := instant(a)
	bSeconds, bNanos := instant(b)
	if aSeconds != bSeconds {
		return cmp.Compare(aSeconds, bSeconds)
	}
	return cmp.Compare(aNanos, bNanos)
}

// earlier is positive where a is the earlier instant.
func earlier(a, b time.Time) int { return later(b, a) }

// laterNumber is the number of Latest.
func laterNumber(t time.Time) (hi, lo uint64) {
	seconds, nanos := instant(t)
	s := ordered(seconds)
	return s >> (64 - nanoBits), s<<nanoBits | uint64(nanos)
}

// earlierNumber is the number of Earliest.
func earlierNumber(t time.Time) (hi, lo uint64) {
	hi, lo = laterNumber(t)
	return ^hi & (1<<nanoBits - 1), ^lo
}

// ordered puts signed integers in the order of unsigned ones.
func ordered(v int64) uint64 { return uint64(v) ^ 1<<63 }

// numbered returns the width of V and the function from a value to its number, for Max, or for Min where smallest.
// of is nil for strings.
func numbered[V cmp.Ordered](smallest bool) (width uint, of func(V) uint64) {
	var greatest func(V) uint64
	t := reflect.TypeFor[V]()
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		width = uint(t.Bits())
		bias := uint64(1) << (width - 1)
		greatest = func(v V) uint64 { return uint64(reflect.ValueOf(v).Int()) + bias }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		width = uint(t.Bits())
		greatest = func(v V) uint64 { return reflect.ValueOf(v).Uint() }
	case reflect.Float32, reflect.Float64:
		return 64, func(v V) uint64 { return floatNumber(reflect.ValueOf(v).Float(), smallest) }
	default:
		return 0, nil
	}
	if !smallest {
		return width, greatest
	}
	all := ^uint64(0) >> (64 - width)
	return width, func(v V) uint64 { return ^greatest(v) & all }
}

// floatNumber puts floats in order. A float32 is one of the float64s; numbers run from 1<<52 - 1 for -Inf to
// its complement for +Inf, so that 0 is free for NaN.
func floatNumber(f float64, smallest bool) uint64 {
	if f != f {
		return 0
	}
	b := math.Float64bits(f + 0) // -0 + 0 is 0
	if b>>63 == 1 {
		b = ^b
	} else {
		b |= 1 << 63
	}
	if smallest {
		b = ^b
	}
	return b
}

// rankOf is the rank of a comparator of values that are always there; nil where V has none.
func rankOf[T any, V cmp.Ordered](value func(T) V, smallest bool) *rank[T] {
	width, number := numbered[V](smallest)
	if number == nil {
		return nil
	}
	return &rank[T]{bits: width, of: func(row *T) (hi, lo uint64) { return 0, number(value(*row)) }}
}

// rankOfTime is the rank of Latest, or of Earliest.
func rankOfTime[T any](at func(T) time.Time, number func(time.Time) (hi, lo uint64)) *rank[T] {
	return &rank[T]{bits: timeBits, of: func(row *T) (hi, lo uint64) { return number(at(*row)) }}
}

// ranking packs the numbers of a list of comparators, the first in front, into as few words as hold them: rows
// compare by the list as their words do, the first word that differs deciding.
//
//	Latest, Present:  [ seconds 64 ] [ nanoseconds 30 | present 1 | 0 ... ]    16 bytes a row
type ranking[T any] struct {
	ranks []*rank[T]
	words int
}

// newRanking returns the index of the first comparator that has no rank, or -1.
func newRanking[T any](by []Comparator[T]) (r ranking[T], without int) {
	width := uint(0)
	for i, c := range by {
		if c.rank == nil {
			return r, i
		}
		r.ranks = append(r.ranks, c.rank)
		width += c.rank.bits
	}
	r.words = int((width + 63) / 64)
	return r, -1
}

// put writes the words of a row; len(words) is r.words.
func (r *ranking[T]) put(row *T, words []uint64) {
	clear(words)
	at := uint(0) // bits written
	for _, k := range r.ranks {
		hi, lo := k.of(row)
		if k.bits > 64 {
			putBits(words, at, k.bits-64, hi)
			putBits(words, at+k.bits-64, 64, lo)
		} else {
			putBits(words, at, k.bits, lo)
		}
		at += k.bits
	}
}

// putBits writes a number of n bits, 1 to 64, behind the first at bits.
func putBits(words []uint64, at, n uint, v uint64) {
	v = bits.RotateLeft64(v, int(64-n)) // to the left end of a word
	word, shift := at/64, at%64
	words[word] |= v >> shift
	if shift+n > 64 {
		words[word+1] |= v << (64 - shift)
	}
}
