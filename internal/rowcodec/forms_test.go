package rowcodec

import (
	"encoding/binary"
	"testing"

	"github.com/klauspost/compress/s2"
)

// The measurement behind the form of integers (docs/decisions/0008-row-codec.md): the same rows by hand with fixed
// widths, with base-128 integers and with ours, each also through the compression that spilled blocks get.

type formRow struct {
	ID, User      uint64
	At            int64
	Amount        uint64
	Kind, Country uint32
	Page          string
}

func formRows() []formRow {
	pages := []string{"home", "search", "item", "checkout", "help"}
	rows := make([]formRow, 4096)
	x := uint64(7)
	for i := range rows {
		x = x*6364136223846793005 + 1442695040888963407
		rows[i] = formRow{
			1_000_000 + uint64(i), x >> 33 % (1 + x>>50), 1772366400_000000000 + int64(i)*1_000_000 + int64(x>>44),
			x >> 3, uint32(x>>60) % 5, uint32(x>>55) % 200, pages[x>>58%5],
		}
	}
	return rows
}

var forms = map[string]struct {
	append func([]byte, *formRow) []byte
	decode func([]byte, *formRow) []byte
}{
	"fixed": {
		func(b []byte, r *formRow) []byte {
			b = binary.LittleEndian.AppendUint64(b, r.ID)
			b = binary.LittleEndian.AppendUint64(b, r.User)
			b = binary.LittleEndian.AppendUint64(b, uint64(r.At))
			b = binary.LittleEndian.AppendUint64(b, r.Amount)
			b = binary.LittleEndian.AppendUint32(b, r.Kind)
			b = binary.LittleEndian.AppendUint32(b, r.Country)
			b = binary.LittleEndian.AppendUint32(b, uint32(len(r.Page)))
			return append(b, r.Page...)
		},
		func(b []byte, r *formRow) []byte {
			_ = b[43]
			r.ID = binary.LittleEndian.Uint64(b)
			r.User = binary.LittleEndian.Uint64(b[8:])
			r.At = int64(binary.LittleEndian.Uint64(b[16:]))
			r.Amount = binary.LittleEndian.Uint64(b[24:])
			r.Kind = binary.LittleEndian.Uint32(b[32:])
			r.Country = binary.LittleEndian.Uint32(b[36:])
			n := binary.LittleEndian.Uint32(b[40:])
			r.Page = string(b[44 : 44+n])
			return b[44+n:]
		},
	},
	"base128": {
		func(b []byte, r *formRow) []byte {
			b = binary.AppendUvarint(b, r.ID)
			b = binary.AppendUvarint(b, r.User)
			b = binary.AppendVarint(b, r.At)
			b = binary.LittleEndian.AppendUint64(b, r.Amount)
			b = binary.AppendUvarint(b, uint64(r.Kind))
			b = binary.AppendUvarint(b, uint64(r.Country))
			b = binary.AppendUvarint(b, uint64(len(r.Page)))
			return append(b, r.Page...)
		},
		func(b []byte, r *formRow) []byte {
			take := func() uint64 {
				x, n := binary.Uvarint(b)
				b = b[n:]
				return x
			}
			r.ID, r.User = take(), take()
			x, n := binary.Varint(b)
			r.At = x
			b = b[n:]
			r.Amount = binary.LittleEndian.Uint64(b)
			b = b[8:]
			r.Kind, r.Country = uint32(take()), uint32(take())
			size := take()
			r.Page = string(b[:size])
			return b[size:]
		},
	},
	"counted": {
		func(b []byte, r *formRow) []byte {
			b = appendUint(b, r.ID)
			b = appendUint(b, r.User)
			b = appendUint(b, zigzag(r.At))
			b = binary.LittleEndian.AppendUint64(b, r.Amount)
			b = appendUint(b, uint64(r.Kind))
			b = appendUint(b, uint64(r.Country))
			return appendText(b, r.Page)
		},
		func(b []byte, r *formRow) []byte {
			take := func() uint64 {
				x, n := takeUint(b)
				b = b[n:]
				return x
			}
			r.ID, r.User = take(), take()
			r.At = unzigzag(take())
			r.Amount = binary.LittleEndian.Uint64(b)
			b = b[8:]
			r.Kind, r.Country = uint32(take()), uint32(take())
			size := take()
			r.Page = string(b[:size])
			return b[size:]
		},
	},
}

func BenchmarkForms(b *testing.B) {
	rows := formRows()
	for _, name := range []string{"fixed", "base128", "counted"} {
		form := forms[name]
		var bytes []byte
		for i := range rows {
			bytes = form.append(bytes, &rows[i])
		}
		packed := s2.Encode(nil, bytes)
		size := func(b *testing.B, n int) { b.ReportMetric(float64(n)/float64(len(rows)), "B/row") }
		row := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows)), "ns/row")
		}
		b.Run("append/"+name, func(b *testing.B) {
			for b.Loop() {
				bytes = bytes[:0]
				for i := range rows {
					bytes = form.append(bytes, &rows[i])
				}
			}
			row(b)
			size(b, len(bytes))
		})
		b.Run("append+s2/"+name, func(b *testing.B) {
			dst := make([]byte, s2.MaxEncodedLen(len(bytes)))
			for b.Loop() {
				bytes = bytes[:0]
				for i := range rows {
					bytes = form.append(bytes, &rows[i])
				}
				packed = s2.Encode(dst, bytes)
			}
			row(b)
			size(b, len(packed))
		})
		b.Run("decode/"+name, func(b *testing.B) {
			var r formRow
			for b.Loop() {
				for rest := bytes; len(rest) > 0; {
					rest = form.decode(rest, &r)
				}
			}
			row(b)
		})
		b.Run("decode+s2/"+name, func(b *testing.B) {
			var r formRow
			dst := make([]byte, len(bytes))
			for b.Loop() {
				rest, err := s2.Decode(dst, packed)
				if err != nil {
					b.Fatal(err)
				}
				for len(rest) > 0 {
					rest = form.decode(rest, &r)
				}
			}
			row(b)
		})
	}
}
