package rowcodec

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type named string

type stamp time.Time

type inner struct{ A, B int16 }

// embedding has the exported fields of an unexported type, and a promoted method that is not its own.
type embedding struct {
	inner
	time.Time
	C string
}

// leafTypes are the types that random rows are made of.
var leafTypes = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](),
	reflect.TypeFor[int32](), reflect.TypeFor[int64](), reflect.TypeFor[uint](), reflect.TypeFor[uint8](),
	reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](), reflect.TypeFor[uintptr](),
	reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[complex64](),
	reflect.TypeFor[complex128](), reflect.TypeFor[string](), reflect.TypeFor[named](), reflect.TypeFor[[]byte](),
	reflect.TypeFor[time.Time](), reflect.TypeFor[stamp](), reflect.TypeFor[[3]byte](), reflect.TypeFor[struct{}](),
	reflect.TypeFor[time.Duration](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[inner](), reflect.TypeFor[embedding](),
}

// drawType draws a row type. keyed are the types that may be map keys.
func drawType(t *rapid.T, depth int, keyed bool) reflect.Type {
	shape := 0
	if depth > 0 {
		shape = rapid.IntRange(0, 6).Draw(t, "shape")
	}
	switch shape {
	case 1:
		lengths := []int{0, 1, 2}
		if depth == 1 { // long ones inside long ones are all that a test does then
			lengths = append(lengths, 65)
		}
		return reflect.ArrayOf(rapid.SampledFrom(lengths).Draw(t, "len"), drawType(t, depth-1, keyed))
	case 2, 3:
		fields := make([]reflect.StructField, rapid.IntRange(0, 5).Draw(t, "fields"))
		for i := range fields {
			fields[i] = reflect.StructField{Name: fmt.Sprint("F", i), Type: drawType(t, depth-1, keyed)}
		}
		return reflect.StructOf(fields)
	case 4:
		if !keyed {
			return reflect.SliceOf(drawType(t, depth-1, false))
		}
	case 5:
		if !keyed {
			return reflect.PointerTo(drawType(t, depth-1, false))
		}
	case 6:
		if !keyed {
			return reflect.MapOf(drawType(t, depth-1, true), drawType(t, depth-1, false))
		}
	}
	leaf := rapid.SampledFrom(leafTypes).Draw(t, "leaf")
	if keyed && leaf == reflect.TypeFor[[]byte]() {
		return reflect.TypeFor[string]()
	}
	return leaf
}

var (
	berlin  = mustLoad("Europe/Berlin")
	zoneCET = time.FixedZone("CET", 3600)
	ints    = []int64{0, 1, -1, 123, 124, -124, 247, 248, 255, 256, math.MaxInt16, math.MinInt16, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64}
	floats  = []uint64{0, 1 << 63, 0x7ff8000000000001, 0x7ff0000000000001, 0xfff8000000000007, math.Float64bits(1.5), math.Float64bits(math.Inf(-1))}
)

func mustLoad(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil { // a system without time zones
		return time.FixedZone(name, 3600)
	}
	return loc
}

// fill sets v, whatever its type.
func fill(t *rapid.T, v reflect.Value) {
	integer := func() int64 {
		if rapid.Bool().Draw(t, "edge") {
			return rapid.SampledFrom(ints).Draw(t, "int")
		}
		return rapid.Int64().Draw(t, "int")
	}
	float := func() uint64 { return rapid.SampledFrom(floats).Draw(t, "float") }
	few := func() int { return rapid.SampledFrom([]int{0, 1, 2, 3}).Draw(t, "count") }
	switch {
	case v.Type().ConvertibleTo(timeType) && v.Kind() == reflect.Struct:
		at := time.Unix(integer()>>rapid.IntRange(0, 40).Draw(t, "shift"), int64(rapid.IntRange(0, 999_999_999).Draw(t, "ns")))
		at = at.In(rapid.SampledFrom([]*time.Location{time.UTC, time.Local, berlin, zoneCET}).Draw(t, "zone"))
		v.Set(reflect.ValueOf(at).Convert(v.Type()))
		return
	case v.Type() == reflect.TypeFor[netip.Addr]():
		v.Set(reflect.ValueOf(rapid.SampledFrom([]netip.Addr{{}, netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fe80::1%eth0")}).Draw(t, "addr")))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(integer() << (64 - v.Type().Bits()) >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(uint64(integer()) << (64 - v.Type().Bits()) >> (64 - v.Type().Bits()))
	case reflect.Float32:
		*float32Of(v) = math.Float32frombits(uint32(float() >> 32))
	case reflect.Float64:
		v.SetFloat(math.Float64frombits(float()))
	case reflect.Complex64:
		*complex64Of(v) = complex(math.Float32frombits(uint32(float()>>32)), math.Float32frombits(uint32(float()>>32)))
	case reflect.Complex128:
		v.SetComplex(complex(math.Float64frombits(float()), math.Float64frombits(float())))
	case reflect.String:
		v.SetString(strings.Repeat("a", rapid.SampledFrom([]int{0, 1, 15, 247, 248, 300}).Draw(t, "len")) + rapid.String().Draw(t, "text"))
	case reflect.Slice:
		if rapid.Bool().Draw(t, "nil") {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), few(), 4))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Map:
		if rapid.Bool().Draw(t, "nil") {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range few() {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(t, key)
			fill(t, elem)
			v.SetMapIndex(key, elem)
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "nil") {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	}
}

// bothWalks runs the same on the walk of this build and on the walk by reflection.
var bothWalks = map[string]walk{"reflection": byReflection{}, "build": builtWalk}

// law: what is appended comes back and appends to the same bytes, whichever walk wrote and read it; it can be
// skipped, and no prefix of it is a row.
func law(t *rapid.T) {
	typ := drawType(t, 3, false)
	n, terr := nodeOf(typ, nil)
	if terr != nil && strings.HasSuffix(terr.What, "all blank fields") {
		t.Skip("a struct of blank fields alone has no codec, which TestNew_Refuses looks at")
	}
	require.Nil(t, terr, "%v", typ)
	v := reflect.New(typ).Elem()
	fill(t, v)
	var first []byte
	for writer, w := range bothWalks {
		b, err := w.append(n, []byte("before"), v)
		require.Nil(t, err, "%s: %v", writer, typ)
		require.Equal(t, "before", string(b[:6]))
		b = b[6:]
		if first == nil {
			first = b
		}
		require.Equal(t, first, b, "%v: the walks write alike", typ)
		require.GreaterOrEqual(t, len(b), n.least)
		for reader, r := range bothWalks {
			got := reflect.New(typ).Elem()
			fill(t, got) // all of it must be overwritten
			rest, err := r.decode(n, append(append([]byte(nil), b...), "after"...), got)
			require.Nil(t, err, "%s, %s: %v %x", writer, reader, typ, b)
			require.Equal(t, "after", string(rest))
			again, err := w.append(n, nil, got)
			require.Nil(t, err)
			require.Equal(t, len(b), len(again))
			require.Equal(t, string(b), string(again), "%s, %s: %v", writer, reader, typ)
			require.True(t, sameValue(v, got), "%s, %s: %v: %#v is not %#v", writer, reader, typ, v, got)
			if !strings.Contains(n.layout, "map(") && !strings.Contains(n.layout, "[]") {
				require.Equal(t, w.held(n, v), r.held(n, got))
			}
			require.Equal(t, w.held(n, got), r.held(n, got))
		}
	}
	rest, err := n.skip(append(first[:len(first):len(first)], "after"...))
	require.Nil(t, err)
	require.Equal(t, "after", string(rest))
	for cut := range len(first) {
		if cut > 40 && cut < len(first)-40 {
			continue
		}
		for reader, r := range bothWalks {
			rest, err := r.decode(n, first[:cut], reflect.New(typ).Elem())
			require.NotNil(t, err, "%s: %d of %d bytes of %v", reader, cut, len(first), typ)
			require.LessOrEqual(t, len(rest), cut)
		}
	}
}

// sameValue is reflect.DeepEqual by the bits of floats, with == of times.
func sameValue(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Float32:
		return math.Float32bits(*float32Of(a)) == math.Float32bits(*float32Of(b))
	case reflect.Float64:
		return math.Float64bits(a.Float()) == math.Float64bits(b.Float())
	case reflect.Complex64, reflect.Complex128, reflect.Map:
		return a.Kind() != reflect.Map || a.IsNil() == b.IsNil() && a.Len() == b.Len() // the bytes were compared
	case reflect.Slice:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return false
		}
		fallthrough
	case reflect.Array:
		for i := range a.Len() {
			if !sameValue(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Pointer:
		return a.IsNil() && b.IsNil() || !a.IsNil() && !b.IsNil() && sameValue(a.Elem(), b.Elem())
	case reflect.Struct:
		if a.Type().Comparable() && (a.Type().ConvertibleTo(timeType) || a.Type() == reflect.TypeFor[netip.Addr]()) {
			return a.Interface() == b.Interface()
		}
		for i := range a.NumField() {
			if !sameValue(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Interface() == b.Interface()
}

// A thousand rows; MILLRACE_HUNT=n makes it n.
func TestCodec_Law_RoundTrip(t *testing.T) {
	cases, err := strconv.Atoi(os.Getenv("MILLRACE_HUNT"))
	if err != nil {
		cases = 1000
	}
	if testing.Short() {
		cases = 100
	}
	for range (cases + 99) / 100 { // rapid checks 100
		rapid.Check(t, law)
	}
}
