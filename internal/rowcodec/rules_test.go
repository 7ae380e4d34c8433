package rowcodec_test

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/stream"
)

// bytesOf compiles T, appends v, and holds what comes back to v.
func bytesOf[T any](v T) func(*testing.T) []byte {
	return func(t *testing.T) []byte {
		codec, err := rowcodec.New[T]()
		require.NoError(t, err)
		b, err := codec.Append(nil, &v)
		require.NoError(t, err)
		var got T
		rest, err := codec.Decode(b, &got)
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, v, got)
		return b
	}
}

// The bytes of doc.go, one line of it per case.
func TestFormat(t *testing.T) {
	type named struct {
		A int16
		_ chan int
		B string
	}
	five := 5
	at := time.Date(1970, 1, 1, 0, 0, 2, 7, time.UTC)
	for _, c := range []struct {
		name string
		run  func(*testing.T) []byte
		want []byte
	}{
		{"zero", bytesOf(uint64(0)), []byte{0}},
		{"most_in_one_byte", bytesOf(uint64(247)), []byte{247}},
		{"least_in_two", bytesOf(uint64(248)), []byte{248, 248}},
		{"most_in_two", bytesOf(uint64(255)), []byte{248, 255}},
		{"three", bytesOf(uint64(0x1234)), []byte{249, 0x34, 0x12}},
		{"four", bytesOf(uint32(0x123456)), []byte{250, 0x56, 0x34, 0x12}},
		{"five", bytesOf(uint(0x12345678)), []byte{251, 0x78, 0x56, 0x34, 0x12}},
		{"all", bytesOf(uint64(math.MaxUint64)), []byte{255, 255, 255, 255, 255, 255, 255, 255, 255}},
		{"int_zigzag", bytesOf(-2), []byte{3}},
		{"int16_least", bytesOf(int16(math.MinInt16)), []byte{249, 0xff, 0xff}},
		{"bool", bytesOf(true), []byte{1}},
		{"uint8", bytesOf(uint8(250)), []byte{250}},
		{"int8", bytesOf(int8(-1)), []byte{255}},
		{"float32", bytesOf(float32(1)), []byte{0, 0, 0x80, 0x3f}},
		{"float64", bytesOf(1.0), []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f}},
		{"complex64", bytesOf(complex64(1i)), []byte{0, 0, 0, 0, 0, 0, 0x80, 0x3f}},
		{"string", bytesOf("ab"), []byte{2, 'a', 'b'}},
		{"array", bytesOf([2]int{1, -1}), []byte{2, 1}},
		{"array_of_bytes", bytesOf([2]byte{1, 255}), []byte{1, 255}},
		{"long_array_of_nothing", bytesOf([1 << 12]struct{}{}), nil},
		{"slice_nil", bytesOf([]int(nil)), []byte{0}},
		{"slice_empty", bytesOf([]int{}), []byte{1}},
		{"slice", bytesOf([]uint{7, 8}), []byte{3, 7, 8}},
		{"slice_of_nothing", bytesOf(make([]struct{}, 1000)), []byte{249, 0xe9, 3}},
		{"bytes_nil", bytesOf([]byte(nil)), []byte{0}},
		{"bytes_empty", bytesOf([]byte{}), []byte{1}},
		{"bytes", bytesOf([]byte{9}), []byte{2, 9}},
		{"map_nil", bytesOf(map[int]int(nil)), []byte{0}},
		{"map_empty", bytesOf(map[int]int{}), []byte{1}},
		{"map_sorted_by_bytes", bytesOf(map[string]bool{"b": true, "a": false, "": true}), []byte{4, 0, 1, 1, 'a', 0, 1, 'b', 1}},
		{"map_of_maps", bytesOf(map[string]map[uint]uint{"x": {2: 1, 1: 2}}), []byte{2, 1, 'x', 3, 1, 2, 2, 1}},
		{"pointer_nil", bytesOf((*int)(nil)), []byte{0}},
		{"pointer", bytesOf(&five), []byte{1, 10}},
		{"struct", bytesOf(named{A: 1, B: "x"}), []byte{2, 1, 'x'}},
		{"nothing", bytesOf(struct{}{}), nil},
		{"opt_missing", bytesOf(stream.Missing[int]()), []byte{0}},
		{"opt_null", bytesOf(stream.Null[int]()), []byte{1}},
		{"opt_present", bytesOf(stream.Present("x")), []byte{2, 1, 'x'}},
		{"opt_of_opt", bytesOf(stream.Present(stream.Null[string]())), []byte{2, 1}},
		{"time", bytesOf(at), []byte{0, 4, 7}},
		{"time_zero", bytesOf(time.Time{}), []byte{0, 252, 0xff, 0xed, 0x23, 0xef, 0x1c, 0}},
		{"time_local", bytesOf(at.In(time.Local)), []byte{1, 4, 7}},
		{"time_zone", bytesOf(at.In(time.FixedZone("X", -60))), []byte{2, 4, 7, 1, 'X', 1, 'X', 119}},
		{"methods", bytesOf(celsius{37}), []byte{2, '3', '7'}},
		{"methods_of_a_map_value", bytesOf(map[uint]celsius{1: {37}}), []byte{2, 1, 2, '3', '7'}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, c.run(t))
		})
	}
}

// celsius has state of its own, and methods.
type celsius struct{ degrees byte }

func (c celsius) MarshalBinary() ([]byte, error) {
	if c.degrees > 99 {
		return nil, errHot
	}
	return []byte{'0' + c.degrees/10, '0' + c.degrees%10}, nil
}

func (c *celsius) UnmarshalBinary(b []byte) error {
	if len(b) != 2 || b[0]-'0' > 9 || b[1]-'0' > 9 {
		return errHot
	}
	c.degrees = (b[0]-'0')*10 + b[1] - '0'
	return nil
}

var errHot = errors.New("too hot")

// long appends any number of bytes.
type long struct{ n int }

func (l long) AppendBinary(dst []byte) ([]byte, error) { return append(dst, make([]byte, l.n)...), nil }
func (l *long) UnmarshalBinary(b []byte) error         { l.n = len(b); return nil }

func TestMethods_lengths(t *testing.T) {
	for _, n := range []int{0, 1, 247, 248, 255, 256, 65535, 65536} {
		bytesOf([]long{{n}, {1}})(t)
	}
}

type node struct{ Next *node }

type promoted struct {
	celsius
	Place string
}

func TestNew_Refuses(t *testing.T) {
	type state struct{ n int } //lint:ignore U1000 it is refused because it is there
	type deep struct {
		Users []struct{ Notify map[string]func() }
	}
	for _, c := range []struct {
		name string
		err  func() error
		want string
	}{
		{"func", newError[func()], "rowcodec: func() is a func, which cannot be written"},
		{"channel", newError[chan int], "rowcodec: chan int is a channel, which cannot be written"},
		{"unsafe_pointer", newError[unsafe.Pointer], "rowcodec: unsafe.Pointer is an unsafe.Pointer, which cannot be written"},
		{"interface", newError[[]any], "rowcodec: []interface {}[] is an interface, which cannot be written"},
		{"path", newError[deep], "rowcodec: rowcodec_test.deep.Users[].Notify[] is a func, which cannot be written"},
		{"opt", newError[struct{ A stream.Opt[any] }], "rowcodec: struct { A stream.Opt[interface {}] }.A is an interface, which cannot be written"},
		{"unexported", newError[state], "rowcodec: rowcodec_test.state.n is an unexported field, which cannot be written"},
		{"embedded_with_methods", newError[promoted], "rowcodec: rowcodec_test.promoted.celsius is an unexported field, which cannot be written"},
		{"recursive", newError[node], "rowcodec: rowcodec_test.node.Next is a type that contains itself, which cannot be written"},
		{"pointer_key", newError[map[struct{ To *int }]int], "rowcodec: map[struct { To *int }]int[key].To is a pointer in a map key, which cannot be written"},
		{"blank_elements", newError[[]struct{ _ int }], "rowcodec: []struct { _ int }[] is all blank fields, which cannot be written"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.err()
			require.EqualError(t, err, c.want)
			var typed *rowcodec.TypeError
			require.ErrorAs(t, err, &typed)
			require.Equal(t, err, c.err(), "the second time")
		})
	}
}

func newError[T any]() error {
	c, err := rowcodec.New[T]()
	if c != nil {
		return errors.New("a codec beside the error")
	}
	return err
}

// A type inside itself is refused wherever it is met first.
func TestNew_RefusesCyclesFromAnySide(t *testing.T) {
	type b struct{ Nodes []node }
	require.Error(t, newError[b]())
	require.Error(t, newError[node]())
}

func decodes[T any](src ...byte) func() error {
	return func() error {
		codec, err := rowcodec.New[T]()
		if err != nil {
			return err
		}
		v := reflect.New(reflect.TypeFor[T]()).Interface().(*T)
		rest, err := codec.Decode(src, v)
		if err != nil && (len(rest) != len(src) || !reflect.ValueOf(v).Elem().IsZero()) {
			return errors.New("an error must leave src as it is and the value zero")
		}
		return err
	}
}

func TestDecode_Refuses(t *testing.T) {
	type row struct {
		ID   uint16
		Tags []string
	}
	const broken = ": broken bytes"
	for _, c := range []struct {
		name string
		err  func() error
		want string
	}{
		{"nothing", decodes[uint64](), "rowcodec: uint64 at byte 0: the bytes end within an integer"},
		{"long_form", decodes[uint64](248, 247), "rowcodec: uint64 at byte 0: an integer is not in its shortest form"},
		{"long_form_of_three", decodes[uint64](249, 255, 0), "rowcodec: uint64 at byte 0: an integer is not in its shortest form"},
		{"long_form_of_nine", decodes[uint64](255, 1, 1, 1, 1, 1, 1, 1, 0), "rowcodec: uint64 at byte 0: an integer is not in its shortest form"},
		{"too_large", decodes[row](250, 0, 0, 1), "rowcodec: rowcodec_test.row.ID at byte 0: an integer does not fit uint16"},
		{"too_small", decodes[int16](250, 1, 0, 1), "rowcodec: int16 at byte 0: an integer does not fit int16"},
		{"bool", decodes[bool](2), "rowcodec: bool at byte 0: byte is 2, want at most 1"},
		{"length", decodes[row](7, 2, 5, 'a'), "rowcodec: rowcodec_test.row.Tags[] at byte 2: length is 5, 1 bytes are left"},
		{"huge_length", decodes[[]string](255, 255, 255, 255, 255, 255, 255, 255, 255), "rowcodec: []string at byte 0: length is 18446744073709551614, 0 bytes are left"},
		{"map_order", decodes[map[uint]uint](3, 2, 0, 1, 0), "rowcodec: map[uint]uint at byte 3: map entries are not in order"},
		{"map_twice", decodes[map[uint]uint](3, 1, 0, 1, 1), "rowcodec: map[uint]uint at byte 0: map has 2 equal keys"},
		{"map_zeros", decodes[map[float32]uint](3, 0, 0, 0, 0, 0, 0, 0, 0, 128, 0), "rowcodec: map[float32]uint at byte 0: map has 2 equal keys"},
		{"map_of_nothing", decodes[map[struct{}]struct{}](3), "rowcodec: map[struct {}]struct {} at byte 0: map has 2 equal keys"},
		{"nanoseconds", decodes[time.Time](0, 0, 251, 0, 0xca, 0x9a, 0x3b), "rowcodec: time.Time at byte 2: time has 1000000000 nanoseconds"},
		{"method", decodes[celsius](1, '3'), "rowcodec: rowcodec_test.celsius at byte 0: its own method refuses: too hot"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := c.want + broken
			if c.name == "method" {
				want = c.want
			}
			err := c.err()
			require.EqualError(t, err, want)
			var typed *rowcodec.Error
			require.ErrorAs(t, err, &typed)
			require.Equal(t, c.name != "method", errors.Is(err, rowcodec.ErrBroken))
		})
	}
}

func TestAppend_ErrorLeavesDst(t *testing.T) {
	type row struct{ Rooms []celsius }
	codec, err := rowcodec.New[row]()
	require.NoError(t, err)
	dst, err := codec.Append([]byte("abc"), &row{[]celsius{{1}, {100}}})
	require.EqualError(t, err, "rowcodec: rowcodec_test.row.Rooms[]: its own method fails: too hot")
	require.ErrorIs(t, err, errHot)
	require.Equal(t, "abc", string(dst))
}

func TestDigest(t *testing.T) {
	type a struct {
		ID   int
		Name string
	}
	type sameAsA struct {
		ID   int
		Name string
	}
	type swapped struct {
		Name string
		ID   int
	}
	type wider struct {
		ID   int64
		Name string
	}
	require.Equal(t, digest[a](t), digest[sameAsA](t))
	seen := map[uint64]bool{}
	for _, d := range []uint64{digest[a](t), digest[swapped](t), digest[wider](t), digest[*a](t), digest[[]a](t), digest[map[int]a](t), digest[stream.Opt[a]](t), digest[[2]a](t), digest[celsius](t), digest[long](t), digest[time.Time](t)} {
		require.False(t, seen[d])
		seen[d] = true
	}
}

func digest[T any](t *testing.T) uint64 {
	codec, err := rowcodec.New[T]()
	require.NoError(t, err)
	return codec.Digest()
}

func TestHeld(t *testing.T) {
	word := int64(unsafe.Sizeof(0))
	five := 5
	for _, c := range []struct {
		name string
		got  func(*testing.T) int64
		want int64
	}{
		{"nothing", held(5), 0},
		{"string", held("abc"), 3},
		{"struct", held(struct{ A, B string }{"abc", "d"}), 4},
		{"slice", held(make([]int, 2, 7)), 7 * word},
		{"strings", held([]string{"a", "bc"}), 2*2*word + 3},
		{"bytes", held(make([]byte, 2, 7)), 7},
		{"pointer", held(&five), word},
		{"nil_pointer", held((*int)(nil)), 0},
		{"opt", held(stream.Present("abc")), 3},
		{"opt_null", held(stream.Null[[]int]()), 0},
		{"methods", held(celsius{37}), 3},
		{"array", held([3]string{"a", "bc", ""}), 3},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, c.got(t)) })
	}
	require.Greater(t, held(map[string]int{"abc": 1})(t), held(map[string]int{})(t)+3)
}

func held[T any](v T) func(*testing.T) int64 {
	return func(t *testing.T) int64 {
		codec, err := rowcodec.New[T]()
		require.NoError(t, err)
		return codec.Held(&v)
	}
}
