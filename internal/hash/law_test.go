package hash

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type named string

type defined time.Time

// leafTypes are the types that random keys are made of.
var leafTypes = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](),
	reflect.TypeFor[int32](), reflect.TypeFor[int64](), reflect.TypeFor[uint](), reflect.TypeFor[uint8](),
	reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](), reflect.TypeFor[uintptr](),
	reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[complex64](),
	reflect.TypeFor[complex128](), reflect.TypeFor[string](), reflect.TypeFor[named](),
	reflect.TypeFor[time.Time](), reflect.TypeFor[defined](), reflect.TypeFor[any](),
	reflect.TypeFor[fmt.Stringer](), reflect.TypeFor[[3]byte](), reflect.TypeFor[struct{}](),
}

// drawType draws a key type: a leaf, an array or a struct, also with blank fields and unexported ones.
func drawType(t *rapid.T, depth int) reflect.Type {
	shape := 0
	if depth > 0 {
		shape = rapid.IntRange(0, 3).Draw(t, "shape")
	}
	switch shape {
	case 1:
		return reflect.ArrayOf(rapid.SampledFrom([]int{0, 1, 2, 65}).Draw(t, "len"), drawType(t, depth-1))
	case 2, 3:
		fields := make([]reflect.StructField, rapid.IntRange(0, 4).Draw(t, "fields"))
		for i := range fields {
			fields[i] = reflect.StructField{Name: fmt.Sprint("F", i), Type: drawType(t, depth-1)}
			switch rapid.IntRange(0, 3).Draw(t, "visibility") {
			case 0:
				fields[i].Name, fields[i].PkgPath = fmt.Sprint("f", i), "example.org/keys"
			}
		}
		return reflect.StructOf(fields)
	}
	return rapid.SampledFrom(leafTypes).Draw(t, "leaf")
}

// The values are few, so that random keys are often equal, and equal in ways that == denies.
var (
	zones    = []*time.Location{nil, time.UTC, time.FixedZone("CET", 3600)}
	instant0 = time.Date(2026, 3, 1, 12, 0, 0, 1, time.UTC)
	floats   = []float64{0, math.Copysign(0, -1), 1.5, math.Inf(1), math.NaN(), math.Float64frombits(0xfff8000000000007)}
	texts    = []string{"", "a", "ab", "view", "/home?utm_source=mail", strings.Repeat("long ", 20)}
)

// fill sets v, whatever its type, through addresses where fields are unexported.
func fill(t *rapid.T, v reflect.Value) {
	small := func() int64 { return int64(rapid.IntRange(-1, 1).Draw(t, "int")) }
	float := func() float64 { return rapid.SampledFrom(floats).Draw(t, "float") }
	if !v.CanSet() {
		v = reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	}
	if v.Type().ConvertibleTo(timeType) {
		at := instant0.Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "ns")))
		if rapid.Bool().Draw(t, "zoned") {
			at = at.In(zones[1+rapid.IntRange(0, 1).Draw(t, "zone")])
		}
		v.Set(reflect.ValueOf(at).Convert(v.Type()))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(small())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(uint64(small()) & 0xff)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float())
	case reflect.Complex64, reflect.Complex128:
		v.SetComplex(complex(float(), float()))
	case reflect.String:
		v.SetString(rapid.SampledFrom(texts).Draw(t, "text"))
	case reflect.Interface:
		choices := []any{nil, time.Second, instant0, instant0.In(zones[2])}
		if v.NumMethod() == 0 {
			choices = append(choices, 1, int64(1), "a", named("a"), 0.0, math.NaN(), floats[5], floats[1], true,
				[2]float64{floats[4], 1}, struct{ A any }{instant0})
		}
		if c := rapid.SampledFrom(choices).Draw(t, "dynamic"); c != nil {
			v.Set(reflect.ValueOf(c))
		} else {
			v.SetZero()
		}
	case reflect.Array:
		for i := range v.Len() {
			if i > 3 && i < v.Len()-1 {
				continue // zero: few draws for long arrays
			}
			fill(t, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("no values for %v", v.Type())
	}
}

// canon writes a key as text that is equal for equal keys: the rules once more, by other means.
func canon(v reflect.Value) string {
	float := func(f float64) string {
		if f == 0 {
			f = 0 // -0
		}
		return fmt.Sprintf("%g;", math.Abs(f)*map[bool]float64{true: -1, false: 1}[f < 0])
	}
	if v.Type().ConvertibleTo(timeType) {
		at := v.Convert(timeType).Interface().(time.Time)
		return fmt.Sprintf("@%d.%d;", at.Unix(), at.Nanosecond())
	}
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return float(v.Float())
	case reflect.Complex64, reflect.Complex128:
		return float(real(v.Complex())) + float(imag(v.Complex()))
	case reflect.Interface:
		if v.IsNil() {
			return "nil;"
		}
		e := reflect.New(v.Elem().Type()).Elem()
		e.Set(v.Elem())
		return fmt.Sprintf("(%s %s)", fullName(e.Type()), canon(e))
	case reflect.Array:
		var b strings.Builder
		for i := range v.Len() {
			b.WriteString(canon(v.Index(i)))
		}
		return "[" + b.String() + "]"
	case reflect.Struct:
		var b strings.Builder
		for i := range v.NumField() {
			f := v.Field(i)
			if !f.CanInterface() && f.CanAddr() {
				f = reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
			}
			b.WriteString(canon(f))
		}
		return "{" + b.String() + "}"
	}
	return fmt.Sprintf("%#v;", v.Interface())
}

func TestHash_Law_EqualKeysHaveEqualHashes(t *testing.T) {
	equal, cases := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		typ := drawType(t, 3)
		n, kerr := nodeOf(typ)
		require.Nil(t, kerr, "%v", typ)
		a, b := reflect.New(typ).Elem(), reflect.New(typ).Elem()
		fill(t, a)
		fill(t, b)
		seed := rapid.Uint64().Draw(t, "seed")
		want := canon(a) == canon(b)
		require.Equal(t, want, n.equal(a, b), "%s\n%s", canon(a), canon(b))
		require.Equal(t, want, hashValue(n, a, seed) == hashValue(n, b, seed), "%s\n%s", canon(a), canon(b))
		require.Nil(t, n.check(a))
		require.True(t, n.equal(a, a))
		cases++
		if want {
			equal++
		}
	})
	t.Logf("%d of %d pairs were equal", equal, cases)
	require.Greater(t, equal, 0, "no equal pair was drawn: the law was not tested")
}

func TestInstant_ByReflection(t *testing.T) {
	probe := reflect.TypeFor[time.Time]()
	require.Equal(t, "wall uint64, ext int64", fmt.Sprintf("%s %v, %s %v", probe.Field(0).Name, probe.Field(0).Type, probe.Field(1).Name, probe.Field(1).Type))
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "sec"), rapid.Int64Range(0, 999_999_999).Draw(t, "nsec"))
		if rapid.Bool().Draw(t, "monotonic") {
			at = time.Now().Add(time.Duration(rapid.Int64Range(-1<<60, 1<<60).Draw(t, "shift")))
		}
		require.Equal(t, instantOf(at), instantIn(reflect.ValueOf(at)), "%v", at)
	})
	for _, at := range []time.Time{{}, time.Unix(math.MaxInt64, 0), time.Unix(math.MinInt64, 0), time.Now()} {
		require.Equal(t, instantOf(at), instantIn(reflect.ValueOf(at)), "%v", at)
	}
}
