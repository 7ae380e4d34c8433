//go:build invariants

package dedup

import "fmt"

// checkInvariants panics where a numbered invariant of approx does not hold. It is called between two rows.
func (e *approx[T, K]) checkInvariants() {
	if e.n >= e.size || e.size > len(e.rows) || len(e.hashes) != len(e.rows) || e.null != nil && len(e.null) != len(e.rows) {
		panic(fmt.Sprintf("dedup: invariant 1 of approx at element %d: %d rows of %d staged, room for %d, %d hashes, %d nulls",
			e.stats.In, e.n, e.size, len(e.rows), len(e.hashes), len(e.null)))
	}
	e.seen.checkInvariants()
}

// checkInvariants panics where a numbered invariant of generations does not hold.
func (g *generations) checkInvariants() {
	broken := func(n int, format string, args ...any) {
		panic(fmt.Sprintf("dedup: invariant %d of generations: ", n) + fmt.Sprintf(format, args...))
	}
	var bytes int64
	for i, f := range g.filters {
		bytes += f.Bytes()
		takes := g.sizes.first.keys
		if g.sizes.turns == 0 && i > 0 {
			takes <<= i
		}
		switch {
		case i != g.newest && g.held[i] != takes:
			broken(1, "filter %d has %d hashes of %d, and %d is the newest", i, g.held[i], takes, g.newest)
		case i == g.newest && (g.room < 0 || g.held[i]+g.room != takes):
			broken(1, "the newest has %d hashes and room for %d, of %d", g.held[i], g.room, takes)
		}
	}
	if g.turns() < len(g.filters) || g.bytes < bytes || g.account.Used() < g.bytes {
		broken(3, "%d filters take %d bytes, %d are counted and %d booked", len(g.filters), bytes, g.bytes, g.account.Used())
	}
}

// turns is how many filters there may be.
func (g *generations) turns() int {
	if g.sizes.turns == 0 {
		return len(g.filters)
	}
	return g.sizes.turns
}
