package dedup

import (
	"cmp"
	"math/bits"
	"slices"
)

// gathered is the element that the engines work with under KeepMerge: what is known of a key so far. A row that was
// just read is such an element, and two of one key join to one; of the rows before them nothing else has to be
// known. So it can be spilled, written to a snapshot, and joined with what another shard knows of the key.
//
//	By: Latest(At), Merge: First(Name), Last(Mail), Sum(N)     of the rows at 0, 1 and 2:
//
//	0  At 9  Name -   Mail a@x  N 1        Best    the row at 2
//	1  At 7  Name Al  Mail b@x  N 2   ->   Totals  N 6
//	2  At 9  Name Bo  Mail -    N 3        Donors  the row at 0, for Mail; the row at 1, for Name
//
// Invariants:
//  1. More is nil exactly if Best tells all: where nothing is totalled, if no other row gave a field; otherwise, if
//     there was one row.
//  2. Counted has reducer i exactly if a row counted for it.
//  3. A pick in Counted has one row that gives its field, Best or a donor: OfBest and the Fields of the donors are
//     disjoint, and together they are the picks in Counted. No Fields is 0.
//  4. Donors stand in the order of their positions, so that what is known has one form.
//  5. Totals has the fields of the totals in Counted, and is zero elsewhere. What they reach is changed, where the reducer
//     says so (see Reducer.own): so nobody else has it.
type gathered[T any] struct {
	Best T // the best row, as it came
	More *more[T]
}

// more is what a key needs beside its best row.
type more[T any] struct {
	Totals  T
	Counted uint64 // reducers, by their index
	OfBest  uint64 // picks whose field is Best's
	Donors  []donor[T]
	held    int64 // bytes that Totals reach, where they were measured since that may have changed; 0: they were not
}

// donor is a row beside the best one that gives fields.
type donor[T any] struct {
	Row      T // as it came
	Position int64
	Fields   uint64 // the picks that it gives
}

// merging is a list of reducers compiled. It is read-only once made.
type merging[T any] struct {
	by       []Comparator[T]
	reducers []Reducer[T]

	always uint64 // reducers for which every row counts
	totals uint64 // reducers that total; the others pick
	firsts uint64 // picks of the row that is first in line
	lasts  uint64 // picks of the row that is last in line; what is neither has an order of its own
	tidied uint64 // reducers that change the field of a row that is alone
}

func newMerging[T any](by []Comparator[T], reducers []Reducer[T]) *merging[T] {
	m := &merging[T]{by: slices.Clone(by), reducers: slices.Clone(reducers)}
	for i, r := range m.reducers {
		bit := uint64(1) << i
		if r.counts == nil {
			m.always |= bit
		}
		if r.tidy != nil {
			m.tidied |= bit
		}
		switch r.way {
		case wayTotal:
			m.totals |= bit
		case wayFirst:
			m.firsts |= bit
		case wayLast:
			m.lasts |= bit
		}
	}
	return m
}

// counted returns the reducers for which a row counts.
func (m *merging[T]) counted(row *T) uint64 {
	counted := m.always
	for i := range m.reducers {
		if m.always>>i&1 == 0 && m.reducers[i].counts(row) {
			counted |= 1 << i
		}
	}
	return counted
}

// known is what an element says without its rows and totals.
func (m *merging[T]) known(g *gathered[T]) (counted, ofBest uint64, donors []donor[T]) {
	if g.More != nil {
		return g.More.Counted, g.More.OfBest, g.More.Donors
	}
	counted = m.counted(&g.Best)
	return counted, counted &^ m.totals, nil
}

// join makes one of two elements of a key. It stays in a or, where b's best row is the better one, in b; the other is
// of no use any more.
//
// For each pick it keeps the greater of two rows in an order without ties, for no two positions are equal, and it adds
// totals: so elements may be joined in any order and in any tree, if that is so of the totals.
func (m *merging[T]) join(a, b *gathered[T], aAt, bAt int64, bIsBetter bool) {
	counted, ofBest, donors := m.known(a)
	bCounted, bOfBest, bDonors := m.known(b)

	// Each row of b takes the fields that it gives rather than a's rows, and keeps those that a has not.
	take := func(row *T, at int64, fields uint64) (taken uint64) {
		contested := fields & counted
		if contested == 0 {
			return fields
		}
		taken = m.beats(row, at, &a.Best, aAt, contested&ofBest)
		ofBest &^= taken
		for i := range donors {
			d := &donors[i]
			won := m.beats(row, at, &d.Row, d.Position, contested&d.Fields)
			d.Fields &^= won
			taken |= won
		}
		return taken | fields&^counted
	}
	bOfBest = take(&b.Best, bAt, bOfBest)
	for i := range bDonors {
		bDonors[i].Fields = take(&bDonors[i].Row, bDonors[i].Position, bDonors[i].Fields)
	}

	donors = slices.DeleteFunc(donors, func(d donor[T]) bool { return d.Fields == 0 })
	for i := range bDonors {
		d := &bDonors[i]
		donors = addDonor(donors, &d.Row, d.Position, d.Fields)
	}
	kept := a
	if bIsBetter {
		donors = addDonor(donors, &a.Best, aAt, ofBest)
		kept, ofBest = b, bOfBest
	} else {
		donors = addDonor(donors, &b.Best, bAt, bOfBest)
	}

	rest := m.addTotals(a, b, counted, bCounted)
	if rest == nil && len(donors) > 0 {
		rest = cmp.Or(a.More, b.More)
		if rest == nil {
			rest = new(more[T])
		}
	}
	a.More, b.More, kept.More = nil, nil, rest
	if rest != nil {
		rest.Counted, rest.OfBest, rest.Donors = counted|bCounted, ofBest, donors
	}
}

// beats returns those of fields that row gives rather than held.
func (m *merging[T]) beats(row *T, at int64, held *T, heldAt int64, fields uint64) (won uint64) {
	if fields == 0 {
		return 0
	}
	line := 0
	for i := range m.by {
		if line = m.by[i].compare(row, held); line != 0 {
			break
		}
	}
	if line == 0 {
		line = cmp.Compare(at, heldAt)
	}
	switch {
	case line < 0:
		won = fields & m.firsts
	case line > 0:
		won = fields & m.lasts
	}
	for rest := fields &^ (m.firsts | m.lasts); rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest)
		if c := m.reducers[i].order(row, held); c > 0 || c == 0 && line < 0 {
			won |= 1 << i
		}
	}
	return won
}

// addTotals adds b's totals to a's and returns where they are; nil where nothing is totalled.
func (m *merging[T]) addTotals(a, b *gathered[T], counted, bCounted uint64) *more[T] {
	if m.totals == 0 {
		return nil
	}
	sum := a.More
	if sum == nil {
		sum = new(more[T])
		m.copyTotals(&sum.Totals, &a.Best, counted)
	}
	from := &b.Best
	if b.More != nil {
		from = &b.More.Totals
	}
	m.eachTotal(bCounted&counted, func(r *Reducer[T], _ int) {
		if r.total(&sum.Totals, from) {
			sum.held = 0
		}
	})
	if fresh := bCounted &^ counted & m.totals; fresh != 0 {
		m.copyTotals(&sum.Totals, from, fresh)
		sum.held = 0
	}
	return sum
}

// copyTotals copies fields, each with what is to be its own.
func (m *merging[T]) copyTotals(to, from *T, fields uint64) {
	m.eachTotal(fields, func(r *Reducer[T], _ int) {
		r.copy(to, from)
		if r.own != nil {
			r.own(to)
		}
	})
}

// ownTotals gives what is known memory of its own, where it is changed.
func (m *merging[T]) ownTotals(g *more[T]) {
	m.eachTotal(g.Counted, func(r *Reducer[T], _ int) {
		if r.own != nil {
			r.own(&g.Totals)
		}
	})
}

// heldByTotals is the bytes that the totals reach, by size.
func (g *more[T]) heldByTotals(size func(*T) int64) int64 {
	if g.held == 0 {
		g.held = size(&g.Totals)
	}
	return g.held
}

func (m *merging[T]) eachTotal(of uint64, do func(r *Reducer[T], i int)) {
	for rest := of & m.totals; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest)
		do(&m.reducers[i], i)
	}
}

// finish makes Best the merged row.
func (m *merging[T]) finish(g *gathered[T]) {
	if g.More == nil {
		for rest := m.tidied; rest != 0; rest &= rest - 1 {
			m.reducers[bits.TrailingZeros64(rest)].tidy(&g.Best)
		}
		return
	}
	m.copyTotals(&g.Best, &g.More.Totals, g.More.Counted)
	for i := range g.More.Donors {
		d := &g.More.Donors[i]
		for rest := d.Fields; rest != 0; rest &= rest - 1 {
			m.reducers[bits.TrailingZeros64(rest)].copy(&g.Best, &d.Row)
		}
	}
}

// addDonor adds a row that gives fields at its place.
func addDonor[T any](donors []donor[T], row *T, at int64, fields uint64) []donor[T] {
	if fields == 0 {
		return donors
	}
	i := len(donors)
	for i > 0 && donors[i-1].Position > at {
		i--
	}
	return slices.Insert(donors, i, donor[T]{Row: *row, Position: at, Fields: fields})
}

// flaw says what of m no join can have made; nothing where there is no such thing.
func (m *merging[T]) flaw(g *more[T]) string {
	all := ^uint64(0) >> (maxReducers - len(m.reducers))
	picks := g.OfBest
	for i, d := range g.Donors {
		switch {
		case d.Fields == 0:
			return "a row that gives no field"
		case d.Fields&picks != 0:
			return "a field that two rows give"
		case i > 0 && d.Position < g.Donors[i-1].Position:
			return "rows out of order"
		}
		picks |= d.Fields
	}
	switch {
	case m.totals == 0 && len(g.Donors) == 0:
		return "nothing beside the best row"
	case g.Counted&^all != 0 || m.always&^g.Counted != 0:
		return "other fields than there are reducers"
	case picks != g.Counted&^m.totals:
		return "other picks than rows give"
	}
	missing := ""
	m.eachTotal(g.Counted, func(r *Reducer[T], _ int) {
		if r.there != nil && !r.there(&g.Totals) {
			missing = cmp.Or(missing, "no total for "+r.label())
		}
	})
	return missing
}
