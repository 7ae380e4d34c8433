package parquet

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// table is a whole file in memory, the model of every test here.
type table struct {
	cols   []Column
	groups [][]Vector
}

func writeTable(t testing.TB, tb table, opts WriteOptions) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := NewWriter(&buf, tb.cols, opts)
	require.NoError(t, err)
	for _, g := range tb.groups {
		require.NoError(t, w.Group(g[0].Len(), func(i int, v *Vector) error {
			appendVector(v, &g[i])
			return nil
		}))
	}
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func appendVector(dst, src *Vector) {
	dst.Bool = append(dst.Bool, src.Bool...)
	dst.I32 = append(dst.I32, src.I32...)
	dst.I64 = append(dst.I64, src.I64...)
	dst.F32 = append(dst.F32, src.F32...)
	dst.F64 = append(dst.F64, src.F64...)
	dst.Str = append(dst.Str, src.Str...)
	dst.Null = append(dst.Null, src.Null...)
}

// readAll reads every flat column of a file, whole.
func readAll(b []byte, batch int) ([]Column, []Vector, error) {
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, nil, err
	}
	var cols []int
	for i := range f.Columns {
		if !f.Columns[i].Nested {
			cols = append(cols, i)
		}
	}
	r := f.Reader(cols, batch)
	defer r.Close()
	out := make([]Vector, len(cols))
	for i := range out {
		out[i].Physical = f.Columns[cols[i]].Physical
	}
	var rows int64
	for {
		n, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return f.Columns, out, err
		}
		rows += int64(n)
		for i := range out {
			appendVector(&out[i], r.Vector(i))
		}
		if len(cols) == 0 && rows > 1000 {
			break
		}
	}
	return f.Columns, out, nil
}

func TestFile_RoundTrip(t *testing.T) {
	n := 5000
	cols := []Column{
		{Name: "b", Physical: Boolean},
		{Name: "i", Physical: Int32, Optional: true},
		{Name: "l", Physical: Int64},
		{Name: "ts", Physical: Int64, Logical: Timestamp, Unit: Micros, UTC: true, Optional: true},
		{Name: "f", Physical: Float},
		{Name: "d", Physical: Double, Optional: true},
		{Name: "s", Physical: ByteArray, Logical: String},
		{Name: "o", Physical: ByteArray, Logical: String, Optional: true},
		{Name: "u", Physical: Int32, Logical: Integer, Bits: 16},
	}
	g := make([]Vector, len(cols))
	for i := range cols {
		g[i].Physical = cols[i].Physical
		for r := range n {
			null := cols[i].Optional && r%3 == 0
			if cols[i].Optional {
				g[i].Null = append(g[i].Null, null)
			}
			x := r * (i + 1)
			if null {
				x = 0
			}
			switch cols[i].Physical {
			case Boolean:
				g[i].Bool = append(g[i].Bool, x%5 == 1)
			case Int32:
				g[i].I32 = append(g[i].I32, int32(x))
			case Int64:
				g[i].I64 = append(g[i].I64, int64(x)<<20)
			case Float:
				g[i].F32 = append(g[i].F32, float32(x))
			case Double:
				g[i].F64 = append(g[i].F64, float64(x)/3)
			default:
				s := "value " + string(rune('a'+x%26))
				if cols[i].Name == "s" {
					s = string(bytes.Repeat([]byte{byte(x)}, x%40))
				}
				if null {
					s = ""
				}
				g[i].Str = append(g[i].Str, s)
			}
		}
	}
	for _, codec := range []Codec{Zstd, Snappy, Gzip, Uncompressed} {
		b := writeTable(t, table{cols, [][]Vector{g, g}}, WriteOptions{Codec: codec})
		require.Equal(t, b, writeTable(t, table{cols, [][]Vector{g, g}}, WriteOptions{Codec: codec}), "same bytes")
		for _, batch := range []int{1, 1000, 1 << 20} {
			got, out, err := readAll(b, batch)
			require.NoError(t, err)
			require.Equal(t, cols, got)
			for i := range out {
				want := Vector{Physical: cols[i].Physical}
				appendVector(&want, &g[i])
				appendVector(&want, &g[i])
				require.Equal(t, want, out[i], cols[i].Name)
			}
		}
	}
}
