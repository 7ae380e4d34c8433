package dedup

import (
	"fmt"
	"math"

	"github.com/millrace-go/millrace/internal/sbbf"
	"github.com/millrace-go/millrace/stream"
)

// generations remembers the hashes of keys in Bloom filters. A hash is taken for seen where any filter contains it, and
// only what none contains is added, to the newest; so the probability that a new hash is taken for seen is at most
// the sum of what the filters have when they are full.
//
//	nothing forgotten   [ full: 1 M keys, 3/4 ][ full: 2 M, 1/8 ][ newest: 4 M, 1/24 of the rate ]   grows by another
//	in turn, 4 of them  [ full ][ full ][ newest ][ oldest ]    all of one size, 1/4 of the rate each
//	                                       next ---^ is emptied and becomes the newest
//
// Invariants:
//  1. room >= 0 is how many hashes the newest takes until it is full; the others have taken all of theirs.
//  2. A hash that was added is contained until its filter is emptied: not before all filters but one were filled since.
//  3. account has booked bytes, which covers all filters that there are; in turn, all that there will be.
type generations struct {
	sizes   sizes
	account *stream.Account

	filters    []*sbbf.Filter
	held       []int64 // hashes added to each, for the chance of equal halves
	newest     int     // index in filters
	room       int64   // hashes
	bytes      int64   // of filters, booked
	forgotten  int     // filters emptied
	added      int64   // hashes, in all
	falseDrops float64 // expected so far: see odds
}

// sizes says how large the filters are.
type sizes struct {
	rate  float64 // of all filters together
	keys  int64   // expected
	turns int     // filters that take turns; 0: as many as are needed, none is emptied
	first size    // generation(0)
}

// size is that of one filter.
type size struct {
	keys   int64 // that it takes
	rate   float64
	blocks int64 // may be more than sbbf.MaxBlocks
}

// generation returns the size of filter number i.
//
// In turn, one filter is partly empty at any time and the others remember keys/(turns-1) each. Where nothing is
// forgotten, the first has three quarters of the rate, since as a rule it is the only one; the last quarter is shared
// by the others as 1/(i(i+1)), whose sum is 1. Those shares fall slower than halves would, for a low rate is dear: for
// 1e-7 a filter needs 2.6 times the memory per key that it needs for 1e-5, for 1e-9 eight times.
func (s *sizes) generation(i int) size {
	var g size
	switch {
	case s.turns > 0:
		others := int64(s.turns - 1)
		g.keys, g.rate = (s.keys-1)/others+1, s.rate/float64(s.turns)
	case i == 0:
		g.keys, g.rate = s.keys, s.rate*3/4
	default:
		g.keys, g.rate = math.MaxInt64, s.rate/4/float64(i*(i+1))
		if i < 63 && s.keys <= math.MaxInt64>>i {
			g.keys = s.keys << i
		}
	}
	g.blocks = sbbf.Blocks(g.keys, g.rate)
	return g
}

// bytes is what a filter takes; math.MaxInt64 where that cannot be counted.
func (g size) bytes() int64 {
	if g.blocks > math.MaxInt64/sbbf.BlockBytes {
		return math.MaxInt64
	}
	return g.blocks * sbbf.BlockBytes
}

// begin books the filters that the run begins with, and more bytes that are none, and makes the first filter.
func (g *generations) begin(s sizes, more int64) error {
	g.sizes = s
	if err := g.book(s.first, max(1, int64(s.turns))); err != nil {
		return err
	}
	if err := g.account.Grow(more); err != nil {
		return err
	}
	g.start(s.first)
	return nil
}

// book books n filters of one size.
func (g *generations) book(s size, n int64) error {
	if s.blocks > sbbf.MaxBlocks {
		return g.explain(s, &stream.LimitError{Where: "dedup: Approx", What: "bytes of one filter",
			Limit: sbbf.MaxBlocks * sbbf.BlockBytes, Need: s.bytes()})
	}
	if err := g.account.Grow(n * s.bytes()); err != nil {
		return g.explain(s, err)
	}
	g.bytes += n * s.bytes()
	return nil
}

// explain adds to a *stream.LimitError what the memory was for.
func (g *generations) explain(s size, err error) error {
	return fmt.Errorf("%w: a filter for %d keys at a false-drop rate of %.3g takes %d bytes", err, s.keys, s.rate, s.bytes())
}

// start makes a filter, the newest.
func (g *generations) start(s size) {
	g.filters = append(g.filters, sbbf.New(int(s.blocks)))
	g.held = append(g.held, 0)
	g.newest, g.room = len(g.filters)-1, s.keys
}

// next is called where the newest filter is full and a hash has to be added.
func (g *generations) next() error {
	if g.sizes.turns == 0 {
		s := g.sizes.generation(len(g.filters))
		if err := g.book(s, 1); err != nil {
			return err
		}
		g.start(s)
		return nil
	}
	if len(g.filters) < g.sizes.turns {
		g.start(g.sizes.first)
		return nil
	}
	g.newest = (g.newest + 1) % len(g.filters)
	g.filters[g.newest].Reset()
	g.held[g.newest] = 0
	g.room = g.sizes.first.keys
	g.forgotten++
	return nil
}

// touch fetches what add will look at.
func (g *generations) touch(hashes []uint64) {
	for _, f := range g.filters {
		f.Touch(hashes)
	}
}

// add remembers h and reports whether it surely was not remembered before.
func (g *generations) add(h uint64) (fresh bool, err error) {
	for i, f := range g.filters {
		if i != g.newest && f.Contains(h) {
			return false, nil
		}
	}
	if g.room == 0 {
		if g.filters[g.newest].Contains(h) {
			return false, nil
		}
		if err := g.next(); err != nil {
			return false, err
		}
	}
	sampled := g.added%oddsStride == 0
	var odds float64
	if sampled {
		odds = g.odds(h)
	}
	if !g.filters[g.newest].Add(h) {
		return false, nil
	}
	g.took()
	if sampled {
		g.falseDrops += odds * oddsStride
	}
	return true, nil
}

// took counts a hash that was added to the newest filter.
func (g *generations) took() {
	g.held[g.newest]++
	g.added++
	g.room--
}

// refresh makes sure that h, which some filter contains without its having been added, is not forgotten with that
// filter.
func (g *generations) refresh(h uint64) error {
	if g.sizes.turns == 0 || g.filters[g.newest].Contains(h) {
		return nil
	}
	if g.room == 0 {
		if err := g.next(); err != nil {
			return err
		}
	}
	if g.filters[g.newest].Add(h) {
		g.took()
	}
	return nil
}

// oddsStride is how many keys one sample of the odds stands for: it costs some 20 ns, a third of a nanosecond a key.
const oddsStride = 64

// odds returns how many new keys are expected to be dropped for each that is added, judged by the blocks of h, which
// is about to be.
//
// Let p be the chance that a hash which falls into just these blocks is taken for seen. Hashes of new keys fall on
// all blocks alike, and are added with 1-p; so a hash that is added was drawn from the blocks with weights 1-p, and the
// mean of p/(1-p) over the hashes added is the mean of p over all hashes, divided by that of 1-p: the dropped ones
// for each that is added. No pass over the filter is needed, and it is right for whatever it holds.
func (g *generations) odds(h uint64) float64 {
	missed := 1.
	for i, f := range g.filters {
		equalHalves := float64(g.held[i]) / float64(f.Blocks()) / (1 << 32) // see sbbf.Rate
		missed *= 1 - f.Chance(h)
		missed *= 1 - min(equalHalves, 1)
	}
	if missed <= 0 {
		return 0 // h will not be added
	}
	return 1/missed - 1
}
