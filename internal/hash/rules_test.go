package hash_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

func hasherOf[K comparable](t testing.TB) *hash.Hasher[K] {
	t.Helper()
	h, err := hash.New[K]()
	require.NoError(t, err)
	return h
}

// pairCase says whether two keys are one, for a type of its own.
type pairCase struct {
	name string
	same bool
	run  func(t *testing.T) (equal, sameHash bool)
}

func pair[K comparable](name string, a, b K, same bool) pairCase {
	return pairCase{name, same, func(t *testing.T) (bool, bool) {
		h := hasherOf[K](t)
		require.NoError(t, h.Check(&a))
		require.Equal(t, h.Equal(&a, &b), h.Equal(&b, &a), "Equal is not symmetric")
		require.True(t, h.Equal(&a, &a) && h.Equal(&b, &b), "Equal is not reflexive")
		return h.Equal(&a, &b), h.Hash(&a, 3) == h.Hash(&b, 3)
	}}
}

type blank struct {
	A int32
	_ int32
	B string
}

type twoStrings struct{ A, B string }

type event struct {
	at   time.Time
	any  any
	name fmt.Stringer
}

// withBlank has the bytes of x in the blank field, which a conversion between struct types keeps.
func withBlank(a int32, x int32, b string) blank {
	type filled struct {
		A int32
		X int32
		B string
	}
	return *reinterpret[filled, blank](&filled{a, x, b})
}

func TestKeyRules(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 5, time.UTC)
	berlin := time.FixedZone("CET", 3600)
	now := time.Now() // has a monotonic reading
	otherNaN := math.Float64frombits(0xfff8000000000123)
	for _, c := range []pairCase{
		pair("nan_equals_nan", math.NaN(), otherNaN, true),
		pair("nan32_equals_nan32", float32(math.NaN()), math.Float32frombits(0xffc00001), true),
		pair("nan_is_not_zero", math.NaN(), 0, false),
		pair("minus_zero_equals_zero", math.Copysign(0, -1), 0, true),
		pair("minus_zero32_equals_zero32", float32(math.Copysign(0, -1)), 0, true),
		pair("infinities_differ", math.Inf(1), math.Inf(-1), false),
		pair("complex_by_parts", complex(math.NaN(), 0), complex(otherNaN, math.Copysign(0, -1)), true),
		pair("complex_parts_swapped", complex(1, 2), complex(2, 1), false),
		pair("complex64_by_parts", complex64(complex(float32(math.NaN()), 0)), complex64(complex(float32(math.NaN()), 0)), true),
		pair("time_other_zone", at, at.In(berlin), true),
		pair("time_without_monotonic", now, now.Round(0), true),
		pair("time_next_nanosecond", at, at.Add(1), false),
		pair("time_zero", time.Time{}, time.Unix(-62135596800, 0).In(berlin), true),
		pair("time_defined_type", stamp(at), stamp(at.In(berlin)), true),
		pair("time_in_unexported_field", event{at: at}, event{at: at.In(berlin)}, true),
		pair("time_in_array", [2]time.Time{at, at}, [2]time.Time{at.In(berlin), at}, true),
		pair("time_in_interface", any(at), any(at.In(berlin)), true),
		pair("time_defined_type_is_another", any(at), any(stamp(at)), false),
		pair("nan_in_interface", any(math.NaN()), any(otherNaN), true),
		pair("nan_in_struct_in_interface", any([1]float64{math.NaN()}), any([1]float64{otherNaN}), true),
		pair("minus_zero_in_interface", any(math.Copysign(0, -1)), any(0.0), true),
		pair("dynamic_type_counts", any(1), any(int64(1)), false),
		pair("dynamic_named_type_counts", any("/home"), any(page("/home")), false),
		pair("nil_interface_is_a_key", any(nil), any(nil), true),
		pair("nil_is_not_zero", any(nil), any(0), false),
		pair("interface_with_methods", fmt.Stringer(at), fmt.Stringer(at.In(berlin)), true),
		pair("interface_with_methods_nil", fmt.Stringer(nil), fmt.Stringer(time.Duration(0)), false),
		pair("interfaces_in_struct", event{any: "a", name: time.Second}, event{any: "a", name: time.Second}, true),
		pair("interfaces_in_struct_differ", event{any: "a", name: time.Second}, event{any: "a", name: time.Minute}, false),
		pair("strings_keep_apart", twoStrings{"ab", "c"}, twoStrings{"a", "bc"}, false),
		pair("strings_empty_sides", twoStrings{"", "a"}, twoStrings{"a", ""}, false),
		pair("blank_field_ignored", withBlank(1, 2, "b"), withBlank(1, 3, "b"), true),
		pair("fields_after_blank_count", withBlank(1, 2, "b"), withBlank(1, 2, "c"), false),
		pair("long_array", [100]int{99: 1}, [100]int{98: 1}, false),
		pair("long_array_of_nan", [100]float64{50: math.NaN()}, [100]float64{50: otherNaN}, true),
		pair("huge_array_of_nothing", [1 << 30]struct{}{}, [1 << 30]struct{}{}, true),
		pair("array_of_bytes", [4]byte{1, 2, 3, 4}, [4]byte{1, 2, 3, 5}, false),
		pair("opt_null_is_not_missing", stream.Null[string](), stream.Missing[string](), false),
		pair("opt_empty_is_not_null", stream.Present(""), stream.Null[string](), false),
		pair("opt_present", stream.Present("a"), stream.Present("a"), true),
		pair("opt_time", stream.Present(at), stream.Present(at.In(berlin)), true),
		pair("bools", true, false, false),
	} {
		t.Run(c.name, func(t *testing.T) {
			equal, sameHash := c.run(t)
			require.Equal(t, c.same, equal, "Equal")
			require.Equal(t, c.same, sameHash, "equal hashes")
		})
	}
}

// A clock that was set back gives two times whose wall clocks differ and whose monotonic readings agree;
// time.Time.Equal calls them equal, but they are not one instant and have not one hash.
func TestKeyRules_ClockStep(t *testing.T) {
	type raw struct {
		wall uint64
		ext  int64
		loc  *time.Location
	}
	now := time.Now()
	r := *reinterpret[time.Time, raw](&now)
	require.NotZero(t, r.ext, "no monotonic reading")
	require.NotNil(t, r.loc)
	r.wall += 5 << 30 // 5 s on the wall, the same monotonic reading
	stepped := *reinterpret[raw, time.Time](&r)
	require.True(t, now.Equal(stepped), "the test no longer builds what it means to")
	h := hasherOf[time.Time](t)
	require.False(t, h.Equal(&now, &stepped))
	require.NotEqual(t, h.Hash(&now, 0), h.Hash(&stepped, 0))
}

func TestNew_Refuses(t *testing.T) {
	type deep struct {
		ID   int
		Refs [2]struct{ To *int }
	}
	for _, c := range []struct {
		name string
		err  func() error
		want string
	}{
		{"pointer", newError[*int], "*int is a pointer, want a comparable type without pointers or channels"},
		{"channel", newError[chan int], "chan int is a channel, want a comparable type without pointers or channels"},
		{"unsafe_pointer", newError[unsafePointer], "unsafe.Pointer is an unsafe.Pointer, want a comparable type without pointers or channels"},
		{"path", newError[deep], "hash_test.deep.Refs[].To is a pointer, want a comparable type without pointers or channels"},
		{"empty_array_too", newError[[0]*int], "[0]*int[] is a pointer, want a comparable type without pointers or channels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.err()
			require.EqualError(t, err, c.want)
			var typed *hash.KeyTypeError
			require.ErrorAs(t, err, &typed)
			require.Equal(t, err, c.err(), "the second time")
		})
	}
}

func newError[K comparable]() error {
	h, err := hash.New[K]()
	if h != nil {
		return errors.New("a hasher beside the error")
	}
	return err
}

func TestNew_AcceptsBlankPointer(t *testing.T) {
	_, err := hash.New[struct {
		A int
		_ *int
	}]()
	require.NoError(t, err, "a blank field is not part of the key")
}

type sliceStringer []int

func (sliceStringer) String() string { return "" }

func TestCheck(t *testing.T) {
	type key struct {
		Name  string
		Props [3]any
		Long  [100]any
		Say   fmt.Stringer
	}
	n := 1
	for _, c := range []struct {
		name string
		key  key
		want string // empty: fine
	}{
		{"all_nil", key{}, ""},
		{"fine", key{Props: [3]any{1, "a", [2]any{nil, time.Now()}}, Say: time.Second}, ""},
		{"pointer", key{Props: [3]any{1: &n}}, "interface key.Props[1] holds: *int is a pointer"},
		{"slice", key{Props: [3]any{2: []int{1}}}, "interface key.Props[2] holds: []int is a slice, which is not comparable"},
		{"map", key{Props: [3]any{map[int]int{}}}, "interface key.Props[0] holds: map[int]int is a map, which is not comparable"},
		{"func", key{Long: [100]any{70: func() {}}}, "interface key.Long[70] holds: func() is a func, which is not comparable"},
		{"channel", key{Props: [3]any{make(chan int)}}, "interface key.Props[0] holds: chan int is a channel"},
		{"nil_pointer", key{Props: [3]any{(*int)(nil)}}, "interface key.Props[0] holds: *int is a pointer"},
		{"struct_with_pointer", key{Props: [3]any{struct{ P *int }{}}}, "interface key.Props[0] holds: struct { P *int }.P is a pointer"},
		{"blank_func", key{Props: [3]any{struct{ _ func() }{}}}, "interface key.Props[0] holds: struct { _ func() }._ is a func, which is not comparable"},
		{"nested", key{Props: [3]any{[1]any{[]int{}}}}, "interface key.Props[0][0] holds: []int is a slice, which is not comparable"},
		{"behind_methods", key{Say: sliceStringer{}}, "interface key.Say holds: hash_test.sliceStringer is a slice, which is not comparable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := hasherOf[key](t)
			require.True(t, h.Dynamic())
			err := h.Check(&c.key)
			if c.want == "" {
				require.NoError(t, err)
				require.True(t, h.Equal(&c.key, &c.key))
				return
			}
			require.EqualError(t, err, c.want+", want a comparable type without pointers or channels")
			var typed *hash.KeyError
			require.ErrorAs(t, err, &typed)
			require.Panics(t, func() { h.Hash(&c.key, 0) })
		})
	}
	static := hasherOf[userType](t)
	require.False(t, static.Dynamic())
	require.NoError(t, static.Check(&userType{}))
}

func TestHeld(t *testing.T) {
	require.EqualValues(t, 0, hasherOf[userType](t).Held(&userType{1, 2}))
	name := "click"
	require.EqualValues(t, 5, hasherOf[string](t).Held(&name))
	require.EqualValues(t, 3, hasherOf[twoStrings](t).Held(&twoStrings{"ab", "c"}))
	long := [100]string{5: "abc", 99: "d"}
	require.EqualValues(t, 4, hasherOf[[100]string](t).Held(&long))
	for _, c := range []struct {
		v    any
		want int64
	}{{nil, 0}, {int64(1), 8}, {"abc", int64(reflect.TypeFor[string]().Size()) + 3}, {[2]int32{}, 8}} {
		require.EqualValues(t, c.want, hasherOf[any](t).Held(&c.v), "%v", c.v)
	}
}

// A key that owns its strings keeps no text alive that they were cut from.
func TestOwn(t *testing.T) {
	type key struct {
		Tenant uint32
		Name   string
		More   [2]string
		Any    any
		Names  [70]string // too long to be unrolled
	}
	const n, text = 100, 256 << 10
	h := hasherOf[key](t)
	keys := make([]key, n)
	var own hash.Text
	for i := range keys {
		cut := func(at int) string { return strings.Repeat(string(rune('a'+i%26)), text)[at : at+3+i%2] }
		keys[i] = key{Tenant: uint32(i), Name: cut(0), More: [2]string{1: cut(5)}, Any: cut(7), Names: [70]string{69: cut(9)}}
		before := keys[i]
		require.Equal(t, h.Held(&before), h.Own(&keys[i], &own))
		require.Equal(t, before, keys[i])
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	require.Less(t, m.HeapAlloc, uint64(n*text/4), "of %d texts of %d bytes each", 4*n, text)
	runtime.KeepAlive(keys)
	for _, v := range []any{nil, 1, "", "abc", [2]string{"a"}, struct{ name string }{"x"}} {
		before := v
		hasherOf[any](t).Own(&v, &own)
		require.Equal(t, before, v)
	}
}
