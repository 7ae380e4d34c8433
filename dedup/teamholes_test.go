package dedup

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/stream"
)

// Rows that move stay in their order, whatever is gone between them, and an index finds them where they went.
func TestMoves_Oracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shift := uint(rapid.IntRange(0, 7).Draw(t, "shift"))
		marks, rows := wholeBlocks[mark](shift), wholeBlocks[int](shift)
		var index slots
		var want []int // what stays
		packed := 0
		n := rapid.IntRange(0, 300).Draw(t, "n")
		share := rapid.IntRange(0, 10).Draw(t, "gone in ten")
		for i := range n {
			if rows.n == rows.end {
				marks.extend()
				rows.extend()
			}
			m := rapid.SampledFrom([]mark{survivor, repeated}).Draw(t, "mark")
			if rapid.IntRange(1, 10).Draw(t, "gone") <= share {
				m = nothing
			}
			*marks.next() = m
			if m == nothing {
				rows.next()
				continue
			}
			rows.push(i + 1)
			if packed == i {
				packed++
			}
			want = append(want, i+1)
			if index.room() == 0 {
				index.grow()
			}
			h := uint64(i) * 0x9e3779b97f4a7c15
			index.insert(index.vacant(h), h, i)
		}
		from := rapid.IntRange(0, packed).Draw(t, "known to be packed")
		m := newMoves(&marks, from)
		if len(want) == n {
			require.Nil(t, m)
			return
		}
		move(&rows, m)
		move(&marks, m)
		index.follow(m)
		require.Equal(t, len(want), rows.n)
		require.Equal(t, len(want), marks.n)
		for to, v := range want {
			require.Equal(t, v, *rows.at(to))
			require.NotEqual(t, nothing, *marks.at(to))
			number, _ := index.seek(uint64(v-1)*0x9e3779b97f4a7c15, index.home(uint64(v-1)*0x9e3779b97f4a7c15))
			for at := 0; number != to; { // another number with the same hash bits may stand before it
				require.NotEqual(t, absent, number, "row %d is not found at place %d", v, to)
				at++
				number, _ = index.seek(uint64(v-1)*0x9e3779b97f4a7c15, index.home(uint64(v-1)*0x9e3779b97f4a7c15)+at)
			}
		}
		rows.checkInvariants(t, 0)
		marks.checkInvariants(t, 0)
	})
}

// However many rows lose, there is room for no more than half as many as are held, and for those that are on the way to
// the workers.
func TestTeam_HolesAreBounded(t *testing.T) {
	const (
		n, keys, chunk, holes = 40_000, 500, 64, 100
		unsettled             = (queuedChunks + 2) * chunk
		most                  = (keys+unsettled)*(holesShare+1)/holesShare + holes + chunk
	)
	for _, c := range []struct {
		name string
		o    Options[claim]
	}{
		{"first_seen", Options[claim]{Tie: TieLast}},
		{"by_position", Options[claim]{Tie: TieLast, Order: OrderWinner}},
		{"none", Options[claim]{Keep: KeepNone}},
		{"merge", Options[claim]{Keep: KeepMerge, Merge: []Reducer[claim]{Sum(func(c *claim) *int { return &c.N })}}},
		{"null_key", Options[claim]{Tie: TieLast, NullKey: func(c claim) bool { return c.Rank == 0 }, NullKeys: NullsEqual}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Resources.Workers = 2
			p, err := newPlan("Run", c.o)
			require.NoError(t, err)
			p.tuned = tuning{chunk: chunk, holes: holes}
			if p.merge == nil {
				requireBounded(t, p, func(i int) claim { return claim{Rank: i * 7 % keys, N: i} }, func(c claim) int { return c.Rank }, n, most)
				return
			}
			requireBounded(t, lift(p), func(i int) gathered[claim] { return gathered[claim]{Best: claim{Rank: i * 7 % keys, N: i}} },
				func(g gathered[claim]) int { return g.Best.Rank }, n, most)
		})
	}
}

// requireBounded reads n rows and watches for how many there is room.
func requireBounded[T any](t *testing.T, p *plan[T], row func(i int) T, key func(T) int, n, most int) {
	hasher, err := newHasher[int]("Run")
	require.NoError(t, err)
	e := newTeam(p, keysOf[T](byKey[T, int]{key, hasher}))
	defer e.close()
	moved := 0
	require.NoError(t, e.read(func(yield func(T, error) bool) {
		for i := range n {
			before := e.marks.n
			if !yield(row(i), nil) {
				return
			}
			if e.marks.n < before {
				moved++
			}
			require.LessOrEqual(t, e.marks.end, most, "after row %d", i)
			for _, b := range []int{e.placed.end, e.keys.roomForKeys(), e.positions.end} {
				require.Contains(t, []int{0, e.marks.end}, b)
			}
		}
	}))
	require.Greater(t, moved, n/most/4, "rows moved")
	e.checkInvariants()
	require.NoError(t, stream.Drain(func(yield func(T, error) bool) { e.emit(yield, new(Stats)) }))
}
