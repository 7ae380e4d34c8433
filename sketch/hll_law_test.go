package sketch_test

import (
	"bytes"
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/sketch"
	"github.com/millrace-go/millrace/stream"
)

// snapshot returns the bytes of a state.
func snapshot(t require.TestingT, s stream.State) []byte {
	var b bytes.Buffer
	require.NoError(t, s.Snapshot(&b))
	return b.Bytes()
}

// payload returns the bytes of a state without what frames them.
func payload(t require.TestingT, s stream.State) []byte {
	b := snapshot(t, s)
	return b[44 : len(b)-4]
}

// A sketch's bytes are those of its set of keys: one sketch that saw them in order has the same as any tree
// of sketches that saw them in any order, with repetitions, looked at in between, sent as bytes or cloned. The
// sizes are drawn around the change from sparse to dense, where the order used to show.
func TestHLL_Law_Canonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		precision := rapid.IntRange(4, 11).Draw(t, "precision")
		n := rapid.IntRange(0, 1<<precision).Draw(t, "keys")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		keys := make([]uint64, n)
		for i := range keys {
			keys[i] = r.Uint64()
			if r.IntN(4) == 0 {
				keys[i] &= ^uint64(0) >> r.IntN(64) // long runs of zeros, equal registers
			}
			if r.IntN(8) == 0 {
				keys[i] &^= ^uint64(0) >> (r.IntN(40) + precision) // zeros at the end: flagged sparse keys
			}
		}
		o := sketch.HLLOptions{Precision: precision}
		plain := newHLL[uint64](t, o)
		for _, k := range keys {
			plain.AddHash(k)
		}
		want := snapshot(t, plain)
		require.Equal(t, want, snapshot(t, plain), "a snapshot changed the sketch")

		parts := make([]*sketch.HLL[uint64], r.IntN(5)+1)
		for i := range parts {
			parts[i] = newHLL[uint64](t, o)
		}
		for range 1 + r.IntN(3) {
			r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
			for _, k := range keys {
				part := parts[r.IntN(len(parts))]
				part.AddHash(k)
				switch r.IntN(200) {
				case 0:
					part.Estimate()
				case 1:
					part.Bounds(1)
				case 2:
					part.Size()
				}
			}
		}
		for len(parts) > 1 {
			i := r.IntN(len(parts))
			src := parts[i]
			parts = append(parts[:i], parts[i+1:]...)
			switch dst := r.IntN(len(parts)); r.IntN(3) {
			case 0:
				sent := newHLL[uint64](t, o)
				require.NoError(t, sent.Restore(bytes.NewReader(snapshot(t, src))))
				require.NoError(t, parts[dst].Merge(sent))
			case 1:
				c := src.Clone()
				require.NoError(t, c.Merge(parts[dst]))
				parts[dst] = c
			default:
				before := snapshot(t, src)
				require.NoError(t, parts[dst].Merge(src))
				require.Equal(t, before, snapshot(t, src), "the source of a merge changed")
			}
		}
		require.Equal(t, want, snapshot(t, parts[0]))
		require.Equal(t, plain.Estimate(), parts[0].Estimate())
	})
}

// The registers are those of the definition: the first bits of the hash choose one, which keeps the greatest
// position of the first one bit among the others.
func TestHLL_Oracle_Registers(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	most := 18
	if testing.Short() {
		most = 14
	}
	for precision := 4; precision <= most; precision++ {
		h := newHLL[uint64](t, sketch.HLLOptions{Precision: precision})
		registers := make([]byte, 1<<precision)
		for range 3 << precision {
			x := r.Uint64() >> r.IntN(20)
			h.AddHash(x)
			i := x >> (64 - precision)
			rho := min(bits.LeadingZeros64(x<<precision), 64-precision) + 1
			registers[i] = max(registers[i], byte(rho))
		}
		got := payload(t, h)
		require.Equal(t, byte(0), got[3], "precision %d: still sparse", precision)
		require.Equal(t, registers, got[8:], "precision %d", precision)
	}
}

func TestHLL_Law_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := sketch.HLLOptions{Precision: rapid.IntRange(4, 12).Draw(t, "precision"), Seed: rapid.Uint64().Draw(t, "seed")}
		h := newHLL[int](t, o)
		for i := range rapid.IntRange(0, 3000).Draw(t, "keys") {
			h.Add(i)
		}
		want := snapshot(t, h)
		back := newHLL[int](t, o)
		back.Add(-7) // to be replaced
		tail := []byte("the next frame")
		r := bytes.NewReader(append(bytes.Clone(want), tail...))
		require.NoError(t, back.Restore(r))
		require.Equal(t, len(tail), r.Len(), "read past its frame")
		require.Equal(t, want, snapshot(t, back))
		require.Equal(t, h.Estimate(), back.Estimate())
		for i := range 3000 { // and goes on like the original
			h.Add(-i)
			back.Add(-i)
		}
		require.Equal(t, snapshot(t, h), snapshot(t, back))
	})
}
