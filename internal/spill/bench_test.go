package spill

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// click is a row as they are spilled: an id, a time, a user, a type, a page, an amount.
type click struct {
	ID, At, User int64
	Type, Page   string
	Amount       float64
}

type clickRows struct{}

func (clickRows) Append(dst []byte, v *click) ([]byte, error) {
	dst = binary.AppendVarint(dst, v.ID)
	dst = binary.AppendVarint(dst, v.At)
	dst = binary.AppendVarint(dst, v.User)
	dst = append(append(dst, byte(len(v.Type))), v.Type...)
	dst = append(append(dst, byte(len(v.Page))), v.Page...)
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Amount)), nil
}

func (clickRows) Decode(src []byte, v *click) ([]byte, error) {
	var n [3]int
	v.ID, n[0] = binary.Varint(src)
	v.At, n[1] = binary.Varint(src[n[0]:])
	v.User, n[2] = binary.Varint(src[n[0]+n[1]:])
	src = src[n[0]+n[1]+n[2]:]
	size := int(src[0])
	v.Type, src = string(src[1:1+size]), src[1+size:]
	size = int(src[0])
	v.Page, src = string(src[1:1+size]), src[1+size:]
	v.Amount = math.Float64frombits(binary.LittleEndian.Uint64(src))
	return src[8:], nil
}

func clicks(n int) []click {
	rng := rand.New(rand.NewPCG(1, 2))
	users := rand.NewZipf(rng, 1.1, 10, 1e6)
	all := make([]click, n)
	for i := range all {
		all[i] = click{
			ID: rng.Int64(), At: 1_700_000_000_000_000 + int64(i)*1000 + rng.Int64N(5_000_000), User: int64(users.Uint64()),
			Type: []string{"view", "click", "purchase", "scroll"}[rng.IntN(4)], Page: fmt.Sprintf("/item/%d", rng.IntN(5000)),
			Amount: float64(rng.IntN(10000)) / 100,
		}
	}
	return all
}

// BenchmarkCompress is the ground of decision 0009: bytes and time of a block of encoded clicks.
func BenchmarkCompress(b *testing.B) {
	var raw []byte
	for _, c := range clicks(3000) {
		raw, _ = clickRows{}.Append(raw, &c)
	}
	raw = raw[:min(len(raw), DefaultBlock)]
	fastest, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		b.Fatal(err)
	}
	reader, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		pack   func(dst, src []byte) []byte
		unpack func(dst, src []byte) ([]byte, error)
	}{
		{"none", func(dst, src []byte) []byte { return append(dst[:0], src...) }, func(dst, src []byte) ([]byte, error) { return append(dst[:0], src...), nil }},
		{"s2", s2.Encode, s2.Decode},
		{"s2better", s2.EncodeBetter, s2.Decode},
		{"zstd", func(dst, src []byte) []byte { return fastest.EncodeAll(src, dst[:0]) }, func(dst, src []byte) ([]byte, error) { return reader.DecodeAll(src, dst[:0]) }},
	} {
		packed := c.pack(make([]byte, s2.MaxEncodedLen(len(raw))), raw)
		if back, err := c.unpack(make([]byte, len(raw)), packed); err != nil || string(back) != string(raw) {
			b.Fatal(c.name, err)
		}
		ratio := float64(len(packed)) / float64(len(raw))
		b.Run("codec="+c.name+"/pack", func(b *testing.B) {
			dst := make([]byte, s2.MaxEncodedLen(len(raw)))
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				c.pack(dst, raw)
			}
			b.ReportMetric(ratio, "stored/raw")
		})
		b.Run("codec="+c.name+"/unpack", func(b *testing.B) {
			dst := make([]byte, len(raw))
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				c.unpack(dst, packed)
			}
		})
	}
}

// BenchmarkStore writes and reads rows through one part.
func BenchmarkStore(b *testing.B) {
	const n = 200_000
	rows := clicks(n)
	for _, blockSize := range []int{4 << 10, 16 << 10, 64 << 10, 256 << 10} {
		d := NewDir(b.TempDir())
		store := func(b *testing.B) *Store[click] {
			s, err := NewStore(d, clickRows{}, blockSize)
			if err != nil {
				b.Fatal(err)
			}
			part := s.AddPart()
			for i := range rows {
				if err := s.Append(part, &rows[i]); err != nil {
					b.Fatal(err)
				}
			}
			if err := s.Finish(part); err != nil {
				b.Fatal(err)
			}
			return s
		}
		read := func(b *testing.B, s *Store[click]) {
			var v click
			r := s.Read(0)
			for i := range rows {
				if ok, err := r.Next(&v); !ok || v != rows[i] {
					b.Fatalf("row %d: %v, %v, want %v", i, v, err, rows[i])
				}
			}
		}
		read(b, store(b))
		b.Run(fmt.Sprintf("block=%dKiB/write", blockSize>>10), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				store(b).Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
		b.Run(fmt.Sprintf("block=%dKiB/read", blockSize>>10), func(b *testing.B) {
			s := store(b)
			b.ReportAllocs()
			for b.Loop() {
				read(b, s)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
		d.Close()
	}
}
