package stream

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/rowcodec"
)

// codedRow is a row of everything that has a length of its own. It has no NaN, so that equal is equal.
type codedRow struct {
	Name  string
	Tags  []string
	Props map[string]int16
	Next  *codedEnd
	Plan  Opt[[]uint32]
}

type codedEnd struct{ A, B uint64 }

func codedRows() []codedRow {
	return []codedRow{
		{},
		{Name: "ann", Tags: []string{"", "b"}, Next: &codedEnd{1, 1 << 63}},
		{Props: map[string]int16{"a": -1, "b": 300}, Plan: Present([]uint32{7, 1 << 31}), Tags: []string{}},
	}
}

// requireBounded fails t where decoding n bytes allocates out of proportion to them: 24 bytes of an empty string per
// byte, and what the groups of 8 of a map take.
func requireBounded(t *testing.T, n int, decode func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	decode()
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > uint64(400*n)+64<<10 {
		t.Fatalf("%d bytes allocated for %d", spent, n)
	}
}

// decoded is a target: src, decoded into what another row was in (more than a Codec must bear). What decodes is appended
// again byte for byte, and decodes to the same.
func decoded[T any](t *testing.T, codec Codec[T], dirty T, src []byte) {
	v, given := dirty, bytes.Clone(src)
	var rest []byte
	var err error
	requireBounded(t, len(src), func() { rest, err = codec.Decode(src, &v) })
	if !bytes.Equal(given, src) {
		t.Fatalf("Decode changed %x to %x", given, src)
	}
	if err != nil {
		return
	}
	if !bytes.HasSuffix(src, rest) {
		t.Fatalf("%x is left of %x", rest, src)
	}
	read := bytes.Clone(src[:len(src)-len(rest)])
	clear(src) // v must not point into it
	again, err := codec.Append([]byte("before"), &v)
	require.NoError(t, err)
	if again = bytes.TrimPrefix(again, []byte("before")); !bytes.Equal(again, read) {
		t.Fatalf("decoded from %x, appends %x", read, again)
	}
	var second T // with nothing that Decode could leave in it
	rest, err = codec.Decode(again, &second)
	require.NoError(t, err)
	require.Empty(t, rest)
	if !reflect.DeepEqual(v, second) {
		t.Fatalf("%x decodes to %+v, then to %+v", read, v, second)
	}
	if held := codec.Held(&v); held < 0 || held != codec.Held(&second) {
		t.Fatalf("Held is %d, then %d", held, codec.Held(&second))
	}
}

func FuzzJoinRowCodec_Decode(f *testing.F) {
	compiled, err := rowcodec.New[codedRow]()
	require.NoError(f, err)
	var count, written int64
	codec := joinRowCodec[codedRow]{rows: compiled, count: &count, bytes: &written}
	dirty := joinRow[codedRow]{at: -1, row: codedRows()[1]}
	for i, row := range codedRows() {
		b, err := codec.Append(nil, &joinRow[codedRow]{at: int64(i) << 40, row: row})
		require.NoError(f, err)
		f.Add(b)
		f.Add(append(b, 0)) // the next row's
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		decoded(t, codec, dirty, bytes.Clone(src))
		count, written = 0, 0
		if b, err := codec.Append([]byte("before"), &dirty); err != nil || count != 1 || written != int64(len(b)-len("before")) {
			t.Fatalf("counted %d rows of %d bytes, want 1 of %d: %v", count, written, len(b)-len("before"), err)
		}
	})
}

func FuzzJoinedCodec_Decode(f *testing.F) {
	left, err := rowcodec.New[codedRow]()
	require.NoError(f, err)
	right, err := rowcodec.New[Opt[string]]()
	require.NoError(f, err)
	type joined = joinedAt[codedRow, Opt[string]]
	codec := joinedCodec[codedRow, Opt[string]]{left: left, right: right}
	dirty := joined{at: 9, row: Joined[codedRow, Opt[string]]{
		Left: codedRows()[1], Right: Present("before"), HasLeft: true, HasRight: true,
	}}
	for i, row := range codedRows() {
		for sides := range byte(4) {
			v := joined{at: uint64(i) << 60}
			if v.row.HasLeft = sides&hasLeft != 0; v.row.HasLeft {
				v.row.Left = row
			}
			if v.row.HasRight = sides&hasRight != 0; v.row.HasRight {
				v.row.Right = Present(row.Name)
			}
			b, err := codec.Append(nil, &v)
			require.NoError(f, err)
			var got joined
			rest, err := codec.Decode(b, &got)
			require.NoError(f, err)
			require.Empty(f, rest)
			require.Equal(f, v, got)
			f.Add(b)
			for _, unknown := range []byte{1 << 2, 1 << 7, 0xfc} {
				b = bytes.Clone(b)
				b[8] = sides | unknown
				rest, err := codec.Decode(b, &got)
				require.ErrorIs(f, err, errSides, "sides %#x", b[8])
				require.Equal(f, b, rest)
				f.Add(b)
			}
		}
	}
	f.Add(binary.LittleEndian.AppendUint64(nil, 1))
	f.Fuzz(func(t *testing.T, src []byte) {
		decoded(t, codec, dirty, bytes.Clone(src))
	})
}
