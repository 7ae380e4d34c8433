package table

import (
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
