package streamtest

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"
)

// Random makes n values of T from a seed: the same ones for the same T, seed and n, on every machine. They are
// small, so that keys recur, with an edge here and there (empty, extreme, negative, multi-byte); floats are
// finite, times lie in one day; slices, maps and pointers are sometimes nil. Unexported fields, channels and
// functions stay zero.
func Random[T any](seed uint64, n int) []T {
	return randomValues[T](randomizer{Rand: newRand(seed), span: 10}, n)
}

// newRand is the generator of a seed.
func newRand(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, 0x6d696c6c72616365)) // the stream of this kit: "millrace"
}

func randomValues[T any](r randomizer, n int) []T {
	values := make([]T, n)
	for i := range values {
		r.fill(reflect.ValueOf(&values[i]).Elem(), 0)
	}
	return values
}

type randomizer struct {
	*rand.Rand
	low, span int64 // most integers are in [low, low+span)
}

// maxDepth ends recursive types.
const maxDepth = 4

func (r randomizer) fill(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.integer(v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(uint64(r.integer(v.Type().Bits())) & (math.MaxUint64 >> (64 - v.Type().Bits())))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(r.float())
	case reflect.Complex64, reflect.Complex128:
		v.SetComplex(complex(r.float(), r.float()))
	case reflect.String:
		v.SetString(r.text())
	case reflect.Struct:
		r.structure(v, depth)
	case reflect.Array:
		for i := range v.Len() {
			r.fill(v.Index(i), depth+1)
		}
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface:
		if depth < maxDepth && r.IntN(8) > 0 {
			r.reference(v, depth)
		}
	}
}

// integer is small four times out of five, so that keys recur; otherwise any of its width.
func (r randomizer) integer(bits int) int64 {
	switch r.IntN(20) {
	case 0:
		return int64(r.Uint64()) >> (64 - bits)
	case 1:
		return math.MinInt64 >> (64 - bits)
	case 2:
		return math.MaxInt64 >> (64 - bits)
	case 3:
		return -1 - r.Int64N(r.span)
	}
	return r.low + r.Int64N(r.span)
}

func (r randomizer) float() float64 {
	switch r.IntN(20) {
	case 0:
		return math.Copysign(0, -1)
	case 1:
		return math.MaxFloat32
	case 2:
		return -r.Float64()
	}
	return float64(r.IntN(1000)) / 8
}

var words = [...]string{"", "a", "b", "c", "ab", "click", "view", "purchase", "null", "0", "é", "日本", " spaced ", "tab\t", "quote\"", "line\n"}

func (r randomizer) text() string {
	if r.IntN(10) == 0 {
		return strings.Repeat(words[1+r.IntN(len(words)-1)], 1+r.IntN(12))
	}
	return words[r.IntN(len(words))]
}

// day is when random times lie.
var day = time.Date(2024, time.February, 29, 0, 0, 0, 0, time.UTC)

func (r randomizer) structure(v reflect.Value, depth int) {
	if v.Type() == timeType {
		v.Set(reflect.ValueOf(day.Add(time.Duration(r.Int64N(24*3600)) * time.Second)))
		return
	}
	if isOpt(v.Type()) {
		r.opt(v, depth)
		return
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			r.fill(v.Field(i), depth+1)
		}
	}
}

// opt makes a stream.Opt: present three times out of five, otherwise null or missing. Its fields are
// unexported; that they are the value and then the state, in the order missing, null, present, is pinned by
// a test.
func (r randomizer) opt(v reflect.Value, depth int) {
	state := min(r.Uint64N(5), 2)
	field(v, 1).SetUint(state)
	if state == 2 {
		r.fill(field(v, 0), depth+1)
	}
}

func (r randomizer) reference(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		r.fill(v.Elem(), depth+1)
	case reflect.Interface:
		if v.NumMethod() > 0 {
			return // nothing is known that implements it
		}
		if r.IntN(2) == 0 {
			v.Set(reflect.ValueOf(r.integer(64)))
		} else {
			v.Set(reflect.ValueOf(r.text()))
		}
	case reflect.Slice:
		n := r.IntN(5)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			r.fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(4) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			r.fill(key, depth+1)
			r.fill(value, depth+1)
			if key.Comparable() {
				v.SetMapIndex(key, value)
			}
		}
	}
}
