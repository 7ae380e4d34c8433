package parquet

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// seedFiles are small files with every kind of page this package writes.
func seedFiles(t testing.TB) [][]byte {
	cols := []Column{
		{Name: "b", Physical: Boolean, Optional: true},
		{Name: "i", Physical: Int32},
		{Name: "l", Physical: Int64, Optional: true},
		{Name: "f", Physical: Float},
		{Name: "d", Physical: Double},
		{Name: "s", Physical: ByteArray, Logical: String, Optional: true},
	}
	g := make([]Vector, len(cols))
	for i := range cols {
		g[i].Physical = cols[i].Physical
	}
	for r := range 20 {
		g[0].Bool, g[0].Null = append(g[0].Bool, r%2 == 0), append(g[0].Null, false)
		g[1].I32 = append(g[1].I32, int32(r))
		g[2].I64, g[2].Null = append(g[2].I64, 0), append(g[2].Null, r%4 != 0)
		g[3].F32 = append(g[3].F32, float32(r))
		g[4].F64 = append(g[4].F64, float64(r))
		g[5].Str, g[5].Null = append(g[5].Str, string(rune('a'+r%3))), append(g[5].Null, false)
	}
	var out [][]byte
	for _, codec := range []Codec{Zstd, Snappy, Gzip, Uncompressed} {
		out = append(out, writeTable(t, table{cols, [][]Vector{g}}, WriteOptions{Codec: codec}))
	}
	return out
}

// survive reads a whole file and fails if it panics, yields rows beyond what the footer says, or allocates out
// of proportion to its size.
func survive(t *testing.T, b []byte) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err == nil {
		var cols []int
		for i := range f.Columns {
			if !f.Columns[i].Nested {
				cols = append(cols, i)
			}
		}
		r := f.Reader(cols, 1024)
		var rows int64
		for range 200 { // a few bytes may say a billion nulls
			n, rerr := r.Next()
			if rerr != nil {
				err = rerr
				break
			}
			rows += int64(n)
		}
		if errors.Is(err, io.EOF) && rows != f.Rows {
			t.Fatalf("%d rows and no error, the footer says %d", rows, f.Rows)
		}
		r.Close()
	}
	var e *Error
	if err != nil && !errors.Is(err, io.EOF) && !errors.As(err, &e) {
		t.Fatalf("untyped error %v", err)
	}
	if e != nil && bytes.Contains([]byte(e.Error()), []byte("panicked")) {
		t.Fatalf("%v", e)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 512<<20 {
		t.Fatalf("%d bytes of input allocated %d", len(b), grown)
	}
}

func FuzzFile(f *testing.F) {
	for _, b := range seedFiles(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { survive(t, b) })
}

func FuzzFooter(f *testing.F) {
	for _, b := range seedFiles(f) {
		n := len(b) - tailSize - int(b[len(b)-8]) - int(b[len(b)-7])<<8
		f.Add(b[n : len(b)-tailSize])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		foot, err := parseFooter(b)
		if err != nil {
			return
		}
		leaves(foot.elems)
	})
}

// FuzzPage decodes a page's values in every encoding and type.
func FuzzPage(f *testing.F) {
	f.Add(byte(0), byte(1), []byte{1, 0, 0, 0, 2, 0, 0, 0})
	f.Add(byte(5), byte(2), encodeDelta([]int64{1, 2, 3, -9}, 32, 4))
	f.Add(byte(7), byte(6), append(append(encodeDelta([]int64{0, 1}, 32, 4), encodeDelta([]int64{2, 1}, 32, 4)...), "abc"...))
	f.Add(byte(6), byte(6), append(encodeDelta([]int64{2, 1}, 32, 4), "abc"...))
	f.Add(byte(8), byte(6), []byte{1, 4, 0, 3, 0x55})
	f.Add(byte(3), byte(0), []byte{2, 0, 0, 0, 8, 1})
	f.Add(byte(9), byte(5), make([]byte, 32))
	f.Fuzz(func(t *testing.T, enc, physical byte, b []byte) {
		c := &Column{Physical: Physical(physical % 8), Width: 3}
		dict, err := newDictionary(c, []byte("\x01\x00\x00\x00a\x00\x00\x00\x00\x00\x00\x00\x00"), 1)
		if err != nil {
			dict = nil
		}
		d, err := newDecoder(int32(enc%10), c, b, dict)
		if err != nil {
			return
		}
		v := &Vector{Physical: c.Physical}
		for _, n := range []int{1, 7, 1000} {
			at := v.extend(n)
			if v.values(d, at, n) != nil {
				return
			}
		}
	})
}

// Every single flipped bit and every truncation of a small file: an error or rows, never a panic. The zstd frames
// we write carry a checksum, so a bit flipped among the pages is an error or changes no value.
func TestFile_EveryBitFlipped(t *testing.T) {
	b := seedFiles(t)[0]
	_, want, err := readAll(b, 1024)
	require.NoError(t, err)
	pages := len(b) - tailSize - int(b[len(b)-8]) - int(b[len(b)-7])<<8
	found := 0
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			survive(t, b)
			if i < pages {
				_, got, err := readAll(b, 1024)
				if err != nil {
					found++
				} else {
					require.Equal(t, want, got, "bit %d of byte %d", bit, i)
				}
			}
			b[i] ^= 1 << bit
		}
		survive(t, b[:i])
	}
	require.Greater(t, found, pages*8/2, "most flips among the pages are noticed")
}

func TestOpen_Errors(t *testing.T) {
	good := seedFiles(t)[0]
	for name, c := range map[string]struct {
		b    []byte
		kind Kind
	}{
		"empty":             {nil, Corrupt},
		"too_small":         {[]byte("PAR1PAR1"), Corrupt},
		"not_parquet":       {bytes.Repeat([]byte("x"), 100), Corrupt},
		"encrypted":         {append(good[:len(good)-4:len(good)-4], "PARE"...), Unsupported},
		"footer_past_start": {append(append([]byte{}, good[:len(good)-8]...), 0xff, 0xff, 0xff, 0x7f, 'P', 'A', 'R', '1'), Corrupt},
		"truncated":         {good[:len(good)-1], Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(bytes.NewReader(c.b), int64(len(c.b)))
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.kind, e.Kind)
		})
	}
}
