package dedup

import (
	"github.com/millrace-go/millrace/stream"
)

// ApproxOptions spells out Approx. The zero value drops a row wrongly once in a million, expects a million keys, grows
// where more come, and forgets nothing. Fields are read when Approx is called; what breaks a rule stated here is an
// *stream.OptionError, yielded first.
type ApproxOptions[T any] struct {
	// FalseDropRate bounds the probability that a row whose key was not seen before is dropped: for every such row,
	// the last one included, over the choice of the hash function. Greater than 0, at most 0.5; 0: one in a million.
	// Memory grows slowly as it falls, down to about 1e-8, and then fast: half of a hash chooses the bits of a key,
	// and two keys in four billion have the same.
	FalseDropRate float64
	// ExpectedKeys is how many keys the first filter is made for; 0: 1<<20. It is no limit: where more come, filters
	// are added, each twice as large as the one before, with rates whose sum stays within FalseDropRate. Each of them is
	// looked up for each row, and takes more bytes per key than the one before, so rather expect too many: 10 million keys
	// take 86 MB if they were expected, 259 MB in four filters if a million were. With Generations, it is how many keys
	// are remembered at least, and must be set.
	ExpectedKeys int64
	// Generations fixes the memory: the keys are remembered in so many filters in turn, and where the newest is full the
	// oldest is forgotten. From 2 to 64; 0: nothing is forgotten, and the filter grows. A key that is forgotten comes
	// out again with its next row, and only then: between two rows of a key that come out, at least ExpectedKeys other
	// rows did. More generations waste less memory, as one of them is always partly empty, and take longer, as each is
	// looked up: at 1e-6 a key that is remembered takes 18.6 bytes with 2, 14.4 with 4, 14.3 with 8; 8.6 without.
	Generations int
	// Seed of the hash function. Where the rows come from somebody who might want others to be dropped, give a number
	// that cannot be guessed; with one that is known, keys can be made up that collide.
	Seed uint64

	// Verify is asked for each row that is about to be dropped, and says whether its key was seen before: in a database,
	// say, where all that came out is stored. A row that was not is yielded after all, so that none is dropped wrongly.
	// An error ends the stream. Nil: the filter is believed. Rows with a null key are not asked for.
	Verify func(T) (seen bool, err error)
	// Drops takes every dropped row. Nil: they are only counted.
	Drops stream.Sink[Drop[T]]

	// NullKey says that a row has no key; its key function is then not called. Nil: every row has one.
	NullKey func(T) bool
	// NullKeys is what becomes of those rows, as in Options. Default NullsDistinct. Another policy needs NullKey. None
	// needs the filter: under NullsEqual the first of them comes out and the others are dropped, none wrongly.
	NullKeys NullKeys
	// Rejects takes the rows with a null key under NullsReject, in input order. Only for that policy.
	Rejects stream.Sink[Reject[T]]

	// Stats, if set, is kept up to date: it can be read in the body of the loop, and when the run has ended. Runs at the
	// same time must not share it.
	Stats *ApproxStats

	// ReadAhead is how many rows may be read ahead of the one that comes out; at most 256. Rows read ahead are looked up
	// together: with 256, a row takes a third to a half of the time where the filter is larger than the cache. It begins
	// with one row and doubles. 0: none, for a live source. It changes nothing in what comes out.
	ReadAhead int
	// Resources.Memory and Budget bound the filters and the rows read ahead. TempDir and Workers have no effect.
	Resources stream.Resources
}

// A Drop is a row that Approx dropped, because its key was seen before or is taken for one that was.
type Drop[T any] struct {
	Row      T     // as it came
	Position int64 // in the input, from 0
}

// The defaults and the ends of the ranges that ApproxOptions states.
const (
	defaultFalseDropRate = 1e-6
	maxFalseDropRate     = 0.5
	defaultExpectedKeys  = 1 << 20
	maxGenerations       = 64
	maxReadAhead         = 256
)

// approxPlan is ApproxOptions checked and compiled. It is read-only once made.
type approxPlan[T any] struct {
	plan      *plan[T] // what the engines share: null keys, resources
	sizes     sizes
	seed      uint64
	verify    func(T) (seen bool, err error)
	drops     stream.Sink[Drop[T]]
	stats     *ApproxStats
	readAhead int
}

// newApproxPlan checks the options.
func newApproxPlan[T any](o ApproxOptions[T]) (*approxPlan[T], error) {
	const fn = "Approx"
	p, err := newPlan(fn, Options[T]{NullKey: o.NullKey, NullKeys: o.NullKeys, Rejects: o.Rejects, Resources: o.Resources})
	if err != nil {
		return nil, err
	}
	wrong := func(option string, got any, want string) (*approxPlan[T], error) {
		return nil, &stream.OptionError{Package: "dedup", Func: fn, Option: option, Got: got, Want: want}
	}
	switch {
	case o.FalseDropRate != 0 && !(o.FalseDropRate > 0 && o.FalseDropRate <= maxFalseDropRate): // NaN is neither
		return wrong("FalseDropRate", o.FalseDropRate, "greater than 0 and at most 0.5, or 0 for 1e-06")
	case o.ExpectedKeys < 0:
		return wrong("ExpectedKeys", o.ExpectedKeys, "0 or positive")
	case o.Generations != 0 && (o.Generations < 2 || o.Generations > maxGenerations):
		return wrong("Generations", o.Generations, "0 or from 2 to 64")
	case o.Generations != 0 && o.ExpectedKeys == 0:
		return wrong("ExpectedKeys", o.ExpectedKeys, "positive where Generations is set")
	case o.ReadAhead < 0 || o.ReadAhead > maxReadAhead:
		return wrong("ReadAhead", o.ReadAhead, "from 0 to 256")
	}
	a := &approxPlan[T]{plan: p, seed: o.Seed, verify: o.Verify, drops: o.Drops, stats: o.Stats, readAhead: o.ReadAhead}
	a.sizes = sizes{rate: o.FalseDropRate, keys: o.ExpectedKeys, turns: o.Generations}
	if a.sizes.rate == 0 {
		a.sizes.rate = defaultFalseDropRate
	}
	if a.sizes.keys == 0 {
		a.sizes.keys = defaultExpectedKeys
	}
	a.sizes.first = a.sizes.generation(0)
	return a, nil
}
