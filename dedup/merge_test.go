package dedup

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/stream"
)

// claim is the row of the joins.
type claim struct {
	Rank  int
	First stream.Opt[string]
	Last  stream.Opt[string]
	Top   [2]int // by its first half
	N     int
	Most  stream.Opt[int]
	Tags  []int
}

func claimMerging() *merging[claim] {
	return newMerging(
		[]Comparator[claim]{Max(func(c claim) int { return c.Rank })},
		[]Reducer[claim]{
			FirstOpt(func(c *claim) *stream.Opt[string] { return &c.First }),
			LastOpt(func(c *claim) *stream.Opt[string] { return &c.Last }),
			GreatestFunc(func(c *claim) *[2]int { return &c.Top }, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) }),
			Sum(func(c *claim) *int { return &c.N }),
			GreatestOpt(func(c *claim) *stream.Opt[int] { return &c.Most }),
		})
}

// placed is an element and where its best row stood.
type placed struct {
	element gathered[claim]
	at      int64
}

// joined joins two elements as the ledger does, ties going to the row that stood first, or last.
func joined(m *merging[claim], a, b placed, tieLast bool) placed {
	better := cmp.Compare(b.element.Best.Rank, a.element.Best.Rank)
	if better == 0 && tieLast == (b.at > a.at) {
		better = 1
	}
	m.join(&a.element, &b.element, a.at, b.at, better > 0)
	if better > 0 {
		return b
	}
	return a
}

// In whatever tree and order the rows of a key are joined, the element is the same, and it is what the rows say.
func TestMerging_Law_AnyTree(t *testing.T) {
	words := rapid.SampledFrom([]stream.Opt[string]{{}, stream.Null[string](), stream.Present("x"), stream.Present("y"), stream.Present("z")})
	m := claimMerging()
	check := func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "n")
		tieLast := rapid.Bool().Draw(t, "tieLast")
		rows := make([]claim, n)
		for i := range rows {
			rows[i] = claim{
				Rank: rapid.IntRange(0, 2).Draw(t, "rank"), First: words.Draw(t, "first"), Last: words.Draw(t, "last"),
				Top: [2]int{rapid.IntRange(0, 2).Draw(t, "top"), i}, N: 1 << i,
				Most: rapid.SampledFrom([]stream.Opt[int]{{}, stream.Present(1), stream.Present(2)}).Draw(t, "most"),
			}
		}
		single := func(i int) placed { return placed{gathered[claim]{Best: rows[i]}, int64(i)} }
		inOrder := single(0)
		for i := 1; i < n; i++ {
			inOrder = joined(m, inOrder, single(i), tieLast)
			checkGathered(t, m, &inOrder.element)
		}
		checkClaims(t, m, rows, inOrder, tieLast)

		var forest []placed
		for i := range rows {
			forest = append(forest, single(i))
		}
		forest = rapid.Permutation(forest).Draw(t, "order")
		for len(forest) > 1 {
			i := rapid.IntRange(0, len(forest)-2).Draw(t, "pair")
			forest[i] = joined(m, forest[i], forest[i+1], tieLast)
			forest = slices.Delete(forest, i+1, i+2)
			checkGathered(t, m, &forest[i].element)
		}
		require.Equal(t, inOrder.at, forest[0].at)
		require.Equal(t, gatheredText(inOrder.element), gatheredText(forest[0].element))
	}
	for range max(1, cases(t, 1000)/1000) {
		rapid.Check(t, func(t *rapid.T) {
			for range 10 {
				check(t)
			}
		})
	}
}

// gatheredText has one form for an element, whose equality it is.
func gatheredText(g gathered[claim]) string {
	if g.More == nil {
		return fmt.Sprintf("%+v", g.Best)
	}
	return fmt.Sprintf("%+v %+v", g.Best, *g.More)
}

// checkGathered checks the numbered invariants.
func checkGathered(t *rapid.T, m *merging[claim], g *gathered[claim]) {
	if g.More == nil {
		return
	}
	k := g.More
	require.True(t, m.totals != 0 || len(k.Donors) > 0, "1: nothing but what Best tells")
	all := k.OfBest
	for i, d := range k.Donors {
		require.NotZero(t, d.Fields, "3: a donor of nothing")
		require.Zero(t, all&d.Fields, "3: two rows give one field")
		all |= d.Fields
		if i > 0 {
			require.Less(t, k.Donors[i-1].Position, d.Position, "4")
		}
	}
	require.Equal(t, k.Counted&^m.totals, all, "3: a pick without a row")
	for rest := k.Counted & m.totals; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest)
		require.NotNil(t, m.reducers[i].total)
	}
}

// checkClaims holds the merged row against the rows.
func checkClaims(t *rapid.T, m *merging[claim], rows []claim, got placed, tieLast bool) {
	line := make([]int, len(rows)) // positions, the worst row first
	for i := range line {
		line[i] = i
	}
	slices.SortStableFunc(line, func(a, b int) int { return cmp.Compare(rows[a].Rank, rows[b].Rank) })
	best := line[len(line)-1]
	if !tieLast {
		best = line[slices.IndexFunc(line, func(i int) bool { return rows[i].Rank == rows[best].Rank })]
	}
	want := rows[best]
	want.N = 1<<len(rows) - 1
	top := -1
	for i := range slices.Backward(line) {
		r := rows[line[i]]
		if r.First.IsPresent() {
			want.First = r.First
		}
		if v, ok := r.Most.Get(); ok && v > want.Most.Or(0) {
			want.Most = r.Most
		}
		if r.Top[0] >= top {
			top, want.Top = r.Top[0], r.Top
		}
	}
	for _, i := range line {
		if rows[i].Last.IsPresent() {
			want.Last = rows[i].Last
		}
	}
	require.EqualValues(t, best, got.at)
	element := gathered[claim]{Best: got.element.Best, More: got.element.More}
	m.finish(&element)
	require.Equal(t, want, element.Best)
}
