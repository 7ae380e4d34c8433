package sbbf_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/sbbf"
)

// plain is the filter as the Parquet specification writes it down, word by word: the oracle.
type plain [][8]uint32

var salts = [8]uint32{0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31}

func plainMask(x uint32) (m [8]uint32) {
	for i := range m {
		y := x * salts[i]
		m[i] |= 1 << (y >> 27)
	}
	return m
}

func (p plain) block(h uint64) *[8]uint32 {
	return &p[(h>>32)*uint64(len(p))>>32]
}

func (p plain) insert(h uint64) {
	b := p.block(h)
	for i, m := range plainMask(uint32(h)) {
		b[i] |= m
	}
}

func (p plain) contains(h uint64) bool {
	b := p.block(h)
	for i, m := range plainMask(uint32(h)) {
		if b[i]&m == 0 {
			return false
		}
	}
	return true
}

func (p plain) bytes() []byte {
	var out []byte
	for i := range p {
		for _, w := range p[i] {
			out = binary.LittleEndian.AppendUint32(out, w)
		}
	}
	return out
}

// The blocks of these hashes were worked out by hand from the specification. The bit in a word is the upper five bits
// of lower half * salt: for 1 those of the salt itself (0x47b6137b begins 01000, 0x8824ad5b 10001), for 2 the five
// after the first one, for 0xffffffff, which is -1, what is left of 31.
func TestFilter_VectorsByHand(t *testing.T) {
	for _, c := range []struct {
		name   string
		hash   uint64
		blocks int
		block  int
		bit    [8]int
	}{
		{"lower_half_0", 0x00000000_00000000, 1, 0, [8]int{0, 0, 0, 0, 0, 0, 0, 0}},
		{"lower_half_1", 0x00000000_00000001, 1, 0, [8]int{8, 8, 17, 20, 14, 5, 19, 11}},
		{"lower_half_2", 0x00000000_00000002, 1, 0, [8]int{17, 17, 2, 8, 28, 11, 7, 23}},
		{"lower_half_is_minus_1", 0x00000000_ffffffff, 1, 0, [8]int{23, 23, 14, 11, 17, 26, 12, 20}},
		{"last_block", 0xffffffff_00000001, 5, 4, [8]int{8, 8, 17, 20, 14, 5, 19, 11}},
		{"middle_block", 0x80000000_00000001, 5, 2, [8]int{8, 8, 17, 20, 14, 5, 19, 11}},
		{"just_below_a_block", 0x33333333_00000001, 5, 0, [8]int{8, 8, 17, 20, 14, 5, 19, 11}},
		{"just_in_a_block", 0x33333334_00000001, 5, 1, [8]int{8, 8, 17, 20, 14, 5, 19, 11}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := make([]byte, c.blocks*sbbf.BlockBytes)
			for word, bit := range c.bit {
				want[c.block*sbbf.BlockBytes+word*4+bit/8] = 1 << (bit % 8)
			}
			f := sbbf.New(c.blocks)
			require.False(t, f.Contains(c.hash))
			f.Insert(c.hash)
			require.Equal(t, want, f.Append(nil))
			require.True(t, f.Contains(c.hash))
		})
	}
}

// fill is a size and how full it becomes: around one block, one batch of AddEach, and sizes that are no powers of two.
func fills() []struct{ blocks, hashes int } {
	return []struct{ blocks, hashes int }{
		{1, 0}, {1, 1}, {1, 40}, {2, 3}, {3, 255}, {7, 256}, {64, 257}, {100, 511}, {1000, 513}, {1021, 5000}, {4096, 20000},
	}
}

func TestFilter_Oracle(t *testing.T) {
	for seed, c := range fills() {
		t.Run(fmt.Sprintf("blocks=%d/hashes=%d", c.blocks, c.hashes), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(seed), 1))
			want := make(plain, c.blocks)
			inserted, added, together := sbbf.New(c.blocks), sbbf.New(c.blocks), sbbf.New(c.blocks)
			hashes, fresh, got := make([]uint64, c.hashes), make([]bool, c.hashes), make([]bool, c.hashes)
			for i := range hashes {
				hashes[i] = rng.Uint64()
				if i > 0 && rng.IntN(4) == 0 {
					hashes[i] = hashes[rng.IntN(i)]
				}
				fresh[i] = !want.contains(hashes[i])
				want.insert(hashes[i])

				require.Equal(t, fresh[i], !inserted.Contains(hashes[i]))
				inserted.Insert(hashes[i])
				require.Equal(t, fresh[i], added.Add(hashes[i]))
				require.True(t, added.Contains(hashes[i]))
			}
			together.AddEach(hashes, got)
			require.Equal(t, fresh, got)
			for _, f := range []*sbbf.Filter{inserted, added, together} {
				require.Equal(t, want.bytes(), f.Append(nil))
				require.Equal(t, int64(len(want.bytes())), f.Bytes())
				require.Equal(t, c.blocks, f.Blocks())
			}
			for range 2000 {
				h := rng.Uint64()
				require.Equal(t, want.contains(h), added.Contains(h))
			}
			added.Reset()
			require.Equal(t, sbbf.New(c.blocks).Append(nil), added.Append(nil))
		})
	}
}

// The order of insertion leaves no trace.
func TestFilter_Law_OrderDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	hashes := make([]uint64, 3000)
	for i := range hashes {
		hashes[i] = rng.Uint64()
	}
	want := sbbf.New(333)
	for _, h := range hashes {
		want.Insert(h)
	}
	for range 20 {
		rng.Shuffle(len(hashes), func(i, j int) { hashes[i], hashes[j] = hashes[j], hashes[i] })
		f := sbbf.New(333)
		for _, h := range hashes {
			f.Insert(h)
		}
		require.Equal(t, want.Append(nil), f.Append(nil))
	}
}

func TestNew_RefusesSizes(t *testing.T) {
	for _, blocks := range []int{-1, 0, sbbf.MaxBlocks + 1} {
		require.PanicsWithValue(t, fmt.Sprintf("sbbf: New: %d blocks, want 1 to %d", blocks, sbbf.MaxBlocks), func() { sbbf.New(blocks) })
	}
}

func TestFilter_DoesNotAllocate(t *testing.T) {
	f, hashes, added := sbbf.New(64), make([]uint64, 300), make([]bool, 300)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		f.AddEach(hashes, added)
		f.Insert(1)
		_ = f.Contains(2)
		_ = f.Chance(3)
	}))
}

func BenchmarkAdd(b *testing.B) {
	for _, keys := range []int64{10_000, 10_000_000} { // 80 KiB, and 80 MiB
		blocks := int(sbbf.Blocks(keys, 1e-6))
		run := func(name string, add func(hashes []uint64, added []bool), reset func()) {
			b.Run(fmt.Sprintf("keys=%d/%s", keys, name), func(b *testing.B) {
				const n = 1 << 16
				hashes, added := make([]uint64, n), make([]bool, n)
				rng := rand.New(rand.NewPCG(1, 2))
				var left int64
				for b.Loop() {
					b.StopTimer()
					if left -= n; left < n {
						reset()
						left = keys
					}
					for i := range hashes {
						hashes[i] = rng.Uint64()
					}
					b.StartTimer()
					add(hashes, added)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/hash")
			})
		}
		f := sbbf.New(blocks)
		run("each", f.AddEach, f.Reset)
		run("one_by_one", func(hashes []uint64, added []bool) {
			for i, h := range hashes {
				added[i] = f.Add(h)
			}
		}, f.Reset)
		p := make(plain, blocks)
		run("plain_oracle", func(hashes []uint64, added []bool) {
			for i, h := range hashes {
				if added[i] = !p.contains(h); added[i] {
					p.insert(h)
				}
			}
		}, func() { clear(p) })
	}
}
