package table

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
)

// FuzzTable reads a program of two bytes per step (what to do, which key) and runs it on a table and on a Go
// map with a list, which must agree after every step. Keys are 16 bits wide, so that they come again, and are
// strings of different lengths, so that what they hold is counted.
func FuzzTable(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 1, 0, 1, 1, 1, 1, 2, 255, 0, 0, 1})
	grow := []byte{}
	for i := range 200 {
		grow = append(grow, byte(i%7), byte(i))
	}
	f.Add(grow)
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 1024 {
			return
		}
		h, err := hash.New[string]()
		require.NoError(t, err)
		tab := New(h)
		model := map[string]int{}
		var order []string
		for len(program) >= 2 {
			op, arg := program[0], program[1]
			program = program[2:]
			k := strings.Repeat(string(rune('a'+op&3)), int(arg>>6)) + string(rune(arg))
			want, known := model[k]
			switch {
			case op == 255:
				tab.Reset()
				clear(model)
				order = order[:0]
			case op&4 == 0:
				if !known {
					want = len(order)
					model[k] = want
					order = append(order, k)
				}
				got, added := tab.Upsert(k)
				require.Equal(t, want, got)
				require.Equal(t, !known, added)
			default:
				got, ok := tab.Find(&k)
				require.Equal(t, known, ok)
				require.Equal(t, want, got)
			}
			require.Equal(t, len(order), tab.Len())
		}
		held := 0
		for i, k := range order {
			require.Equal(t, k, *tab.Key(i))
			require.Equal(t, hash.String(k, 0), tab.HashAt(i))
			held += len(k)
		}
		require.EqualValues(t, held, tab.held)
		require.Equal(t, oracleByHash(tab), append([]int{}, slices.Collect(tab.ByHash())...))
	})
}

// FuzzHomes reads how far a key may stand from its home, and then a program of three bytes per step: a key of few, and two
// bytes of its hash, the first and the last. It puts the keys into a Table and an Inline, which must agree with a map and
// with a stable sort, whatever the hashes, and whenever they are asked for their order.
func FuzzHomes(f *testing.F) {
	f.Add([]byte{0})
	for far := range byte(3) {
		up, close := []byte{far}, []byte{far}
		for i := range byte(200) {
			up = append(up, i, i, i)
			close = append(close, i%3, 255, i&1)
		}
		f.Add(up)
		f.Add(close)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) == 0 || len(program) > 1024 {
			return
		}
		defer SetFar(int(program[0] % 32))()
		h, err := hash.New[uint32]()
		require.NoError(t, err)
		tab, inline := New(h), NewInline[uint32, int](h, 0)
		type entry struct {
			key  uint32
			hash uint64
		}
		index := map[uint32]int{}
		var order []entry
		for steps := program[1:]; len(steps) >= 3; steps = steps[3:] {
			e := entry{uint32(steps[0]), uint64(steps[1])<<56 | uint64(steps[2])}
			e.key |= uint32(steps[1])<<8 | uint32(steps[2])<<16 // equal keys have equal hashes
			want, known := index[e.key]
			if !known {
				want = len(order)
				index[e.key] = want
				order = append(order, e)
			}
			got, added := tab.UpsertHashed(&e.key, e.hash)
			require.Equal(t, want, got)
			require.Equal(t, !known, added)
			at := []int32{0}
			inline.FindEach([]uint32{e.key}, []uint64{e.hash}, at)
			require.Equal(t, known, at[0] >= 0)
			if !known {
				inline.Add(inline.Again(at[0], &e.key, e.hash), &e.key, e.hash, want)
			}
			require.EqualValues(t, want, inline.At(int(inline.Seek(&e.key, e.hash))).Value)
			if steps[0]%64 == 0 {
				for i := range tab.ByHash() {
					require.Equal(t, order[i].hash, tab.HashAt(i))
				}
			}
		}
		tab.checkInvariants()
		inline.checkInvariants()
		slices.SortStableFunc(order, func(a, b entry) int { return cmp.Compare(stored(a.hash), stored(b.hash)) })
		walk := inline.Sorted()
		for _, e := range order {
			at, ok := walk.Next()
			require.True(t, ok)
			require.Equal(t, Slot[uint32, int]{stored(e.hash), e.key, index[e.key]}, *inline.At(at))
		}
		_, ok := walk.Next()
		require.False(t, ok)
		require.Equal(t, oracleByHash(tab), append([]int{}, slices.Collect(tab.ByHash())...))
	})
}
