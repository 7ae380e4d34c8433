package parquet

import (
	"bytes"
	"fmt"
	"testing"
)

// A column whose dictionary grows past its limit goes on in plain values: its chunk then has data pages of two
// encodings, which arrow counts in a Go map. The file must not show the map's order.
func TestWriter_same_bytes_where_a_dictionary_gives_way(t *testing.T) {
	const rows = 100_000
	write := func() []byte {
		var b bytes.Buffer
		w, err := NewWriter(&b, []Column{{Name: "id", Physical: ByteArray, Logical: String, Optional: true}}, WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		err = w.Group(rows, func(_ int, v *Vector) error {
			for i := range rows {
				v.Str = append(v.Str, fmt.Sprintf("event-%020d", i))
				v.Null = append(v.Null, false)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	first := write()
	for range 12 {
		if !bytes.Equal(first, write()) {
			t.Fatal("the same rows gave other bytes")
		}
	}
}
