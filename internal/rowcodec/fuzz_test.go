package rowcodec_test

import (
	"bytes"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/stream"
)

type fuzzRow struct {
	ID    uint64
	Delta int32
	Ratio float32
	Point complex64
	On    bool
	Name  string
	Blob  []byte
	At    time.Time
	Tags  []string
	Grid  [][]int16
	Props map[string]int8
	ByNaN map[float64]struct{}
	Next  *struct{ A, B *string }
	Opt   stream.Opt[[]uint]
	Fixed [3]uint8
	Pair  [2]bool
	Own   celsius
}

// decodeAny is a target: what decodes must append to the bytes it came from, and be skipped alike; memory is in
// proportion to the input.
func decodeAny[T any](t *testing.T, src []byte) {
	codec, err := rowcodec.New[T]()
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var v T
	rest, err := codec.Decode(src, &v)
	runtime.ReadMemStats(&after)
	// 24 bytes of a slice per byte, for each of three levels; maps take what their groups of 8 take.
	if got := after.TotalAlloc - before.TotalAlloc; got > uint64(400*len(src))+64<<10 {
		t.Fatalf("Decode of %d bytes allocated %d", len(src), got)
	}
	skipped, skipErr := codec.Skip(src)
	if err != nil {
		require.Len(t, rest, len(src))
		require.True(t, reflect.ValueOf(&v).Elem().IsZero())
		return
	}
	require.NoError(t, skipErr)
	require.Len(t, skipped, len(rest))
	again, err := codec.Append(nil, &v)
	require.NoError(t, err)
	if !bytes.Equal(again, src[:len(src)-len(rest)]) {
		t.Fatalf("%v: decoded from %x, appends %x", reflect.TypeFor[T](), src[:len(src)-len(rest)], again)
	}
	codec.Held(&v)
}

func FuzzDecode(f *testing.F) {
	berlin := time.FixedZone("CET", 3600)
	one := "one"
	codec, err := rowcodec.New[fuzzRow]()
	require.NoError(f, err)
	for _, row := range []fuzzRow{
		{},
		{ID: 1 << 63, Delta: -5, Name: "ann", Blob: []byte{}, At: time.Unix(1, 2).In(berlin), Tags: []string{"a", ""}},
		{
			Grid: [][]int16{{1, -1}, {}, nil}, Props: map[string]int8{"a": 1, "b": -1}, ByNaN: map[float64]struct{}{0: {}},
			Next: &struct{ A, B *string }{A: &one}, Opt: stream.Present([]uint{1, 1000}), Own: celsius{12},
		},
	} {
		b, err := codec.Append(nil, &row)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Add([]byte{2, 4, 7, 1, 'Y', 1, 'X', 119})
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, src []byte) {
		decodeAny[fuzzRow](t, src)
		decodeAny[event](t, src)
		decodeAny[time.Time](t, src)
		decodeAny[[][][]string](t, src)
		decodeAny[map[string]map[int8][]uint16](t, src)
		decodeAny[map[time.Time]stream.Opt[*string]](t, src)
		decodeAny[[]struct{}](t, src)
	})
}
