package dedup

import (
	"cmp"
	"math"
	"reflect"

	"github.com/millrace-go/millrace/stream"
)

// The totals: what is made of the fields of all rows. All but Sum of floats, and a Combine that is not what it has to
// be, are exact: they come to the same whatever the order of the rows.

// number is what can be added up.
type number interface {
	integer | ~float32 | ~float64
}

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

// Greatest keeps the greatest value. A NaN is less than every number, as under Max, and 0 is greater than -0.
func Greatest[T any, V cmp.Ordered](field func(*T) *V) Reducer[T] {
	need(field == nil, "Greatest", "field")
	return totalOf("Greatest", field, kept(greater[V], false))
}

// GreatestOpt keeps the greatest value that is there; see Greatest.
func GreatestOpt[T any, V cmp.Ordered](field func(*T) *stream.Opt[V]) Reducer[T] {
	need(field == nil, "GreatestOpt", "field")
	return totalOfOpt("GreatestOpt", field, kept(greater[V], false))
}

// GreatestPtr keeps the greatest value that is there; see Greatest.
func GreatestPtr[T any, V cmp.Ordered](field func(*T) **V) Reducer[T] {
	need(field == nil, "GreatestPtr", "field")
	return totalOfPtr("GreatestPtr", field, kept(greater[V], false))
}

// Least keeps the least value. A NaN is no measurement: every number is kept rather than it, as under Min. -0 is less
// than 0.
func Least[T any, V cmp.Ordered](field func(*T) *V) Reducer[T] {
	need(field == nil, "Least", "field")
	return totalOf("Least", field, kept(smaller[V], true))
}

// LeastOpt keeps the least value that is there; see Least.
func LeastOpt[T any, V cmp.Ordered](field func(*T) *stream.Opt[V]) Reducer[T] {
	need(field == nil, "LeastOpt", "field")
	return totalOfOpt("LeastOpt", field, kept(smaller[V], true))
}

// LeastPtr keeps the least value that is there; see Least.
func LeastPtr[T any, V cmp.Ordered](field func(*T) **V) Reducer[T] {
	need(field == nil, "LeastPtr", "field")
	return totalOfPtr("LeastPtr", field, kept(smaller[V], true))
}

// Sum adds up. Integers wrap around. Floats are added in input order by one owner, whatever the bound and the
// number of workers, so that the sum is the same in every run; another order of the input may round otherwise, and State.Merge refuses it unless it is declared Exact.
func Sum[T any, V number](field func(*T) *V) Reducer[T] {
	need(field == nil, "Sum", "field")
	return summing[T, V](totalOf("Sum", field, add[V]))
}

// SumOpt adds up the values that are there; see Sum.
func SumOpt[T any, V number](field func(*T) *stream.Opt[V]) Reducer[T] {
	need(field == nil, "SumOpt", "field")
	return summing[T, V](totalOfOpt("SumOpt", field, add[V]))
}

// SumPtr adds up the values that are there; see Sum. The sum of several is a new value; none that came is changed.
func SumPtr[T any, V number](field func(*T) **V) Reducer[T] {
	need(field == nil, "SumPtr", "field")
	return summing[T, V](totalOfPtr("SumPtr", field, add[V]))
}

// AnyTrue is true if any row has true.
func AnyTrue[T any, V ~bool](field func(*T) *V) Reducer[T] {
	need(field == nil, "AnyTrue", "field")
	return totalOf("AnyTrue", field, func(a, b V) V { return a || b })
}

// AllTrue is true if all rows have true.
func AllTrue[T any, V ~bool](field func(*T) *V) Reducer[T] {
	need(field == nil, "AllTrue", "field")
	return totalOf("AllTrue", field, func(a, b V) V { return a && b })
}

// Combine makes a value of two by a function of your own, which must be associative and commutative, as + of integers
// is: combine(a, combine(b, c)) equals combine(combine(a, b), c), and combine(a, b) equals combine(b, a). It must not
// change what its arguments point to. Where it is not commutative, it depends on the order of the input, in which rows
// are combined: what came before is a. State.Merge wants it declared by Exact.
//
//	dedup.Combine(func(u *User) *Rights { return &u.Rights }, func(a, b Rights) Rights { return a | b })
func Combine[T, V any](field func(*T) *V, combine func(a, b V) V) Reducer[T] {
	need(field == nil, "Combine", "field")
	need(combine == nil, "Combine", "combine")
	r := totalOf("Combine", field, combine)
	r.exact = false
	return r
}

// totalOf makes a total of a field that always has a value.
func totalOf[T, V any](name string, field func(*T) *V, combine func(a, b V) V) Reducer[T] {
	r := newReducer(name, wayTotal, field)
	reaches := reachesOut[V]()
	r.total = func(to, from *T) bool {
		sum := field(to)
		*sum = combine(*sum, *field(from))
		return reaches
	}
	return r
}

// totalOfOpt makes a total of a field that may be null.
func totalOfOpt[T, V any](name string, field func(*T) *stream.Opt[V], combine func(a, b V) V) Reducer[T] {
	r := newReducer(name, wayTotal, field).optional(isPresent(field))
	r.there = isPresent(field)
	reaches := reachesOut[V]()
	r.total = func(to, from *T) bool {
		sum := field(to)
		a, _ := sum.Get()
		b, _ := field(from).Get()
		*sum = stream.Present(combine(a, b))
		return reaches
	}
	return r
}

// totalOfPtr makes a total of a field that may be nil.
func totalOfPtr[T, V any](name string, field func(*T) **V, combine func(a, b V) V) Reducer[T] {
	r := newReducer(name, wayTotal, field).optional(isNotNil(field))
	r.there = isNotNil(field)
	reaches := reachesOut[V]()
	r.total = func(to, from *T) bool {
		sum := field(to)
		v := combine(**sum, **field(from)) // new: a row that came may have the old one
		*sum = &v
		return reaches
	}
	return r
}

func add[V number](a, b V) V { return a + b }

// summing says of a sum whether it is exact.
func summing[T any, V number](r Reducer[T]) Reducer[T] {
	r.exact = !isFloat[V]()
	return r
}

// reachesOut says that a V may have memory beside itself.
func reachesOut[V any]() bool {
	kind := reflect.TypeFor[V]().Kind()
	return kind < reflect.Bool || kind > reflect.Complex128
}

func isFloat[V any]() bool {
	kind := reflect.TypeFor[V]().Kind()
	return kind == reflect.Float32 || kind == reflect.Float64
}

// kept returns the better of two values. -0 and 0 are equal to better, and so are NaNs of other bits: one of them must
// win all the same, whichever comes first.
func kept[V cmp.Ordered](better func(a, b V) int, negative bool) func(a, b V) V {
	isFloat := isFloat[V]()
	return func(a, b V) V {
		c := better(a, b)
		var zero V
		if c == 0 && isFloat && (a == zero || a != a) && bitsOf(a) > bitsOf(b) != negative {
			return b
		}
		if c < 0 {
			return b
		}
		return a
	}
}

// bitsOf are the bits of a float; those of -0 are greater than those of 0.
func bitsOf[V any](v V) uint64 { return math.Float64bits(reflect.ValueOf(v).Float()) }
