package sbbf

import "math"

// Rate returns the probability that a hash which was not inserted is contained, in a filter of so many blocks into
// which so many different hashes were inserted, over the choice of a hash function with uniform bits.
//
// The textbook's formula, (1 - e^(-8 load / 256))^8 for load = keys / blocks, takes every block for equally full. They are
// not: a block has a number of keys J that is binomial, and so close to Poisson, with mean load; and the rate grows with up
// to the eighth power of J, so that the full blocks weigh more than the empty ones save. A hash that was not inserted
// falls into a block with j keys with the probability of J = j. There,
//
//   - each of the j keys has its bit in a given word at its place with probability 1/32, so that all eight bits are set
//     with probability s = (1 - (31/32)^j)^8;
//   - but the eight bits of a key come from 32 bits of its hash, and another key with the same 32 bits has the same
//     eight: one of j with probability t = 1 - (1 - 2^-32)^j. This is more than (1/32)^8 = 2^-40, and counts below
//     a rate of 1e-8.
//
// So Rate = sum over j of e^-load load^j / j! * (1 - (1 - s) (1 - t)). At 1e-6 the load is 4.0, where the textbook says
// 6.3 and would really give 1e-5. Poisson errs to the safe side: a binomial is less spread, and the rate of a block is convex
// in j up to j = 65.
func Rate(keys, blocks int64) float64 { return rateAt(float64(keys) / float64(blocks)) }

func rateAt(load float64) float64 {
	switch {
	case load <= 0:
		return 0
	case load > 4096: // every word is full: (31/32)^4096 is 3e-57
		return 1
	}
	// Twelve deviations, and what a small load needs beyond them: with load 1, j = 40 has a weight of 5e-49.
	const noneInWord, otherHalf = 1 - 1./32, 1. / (1 << 32)
	first := max(1, int(load-12*math.Sqrt(load)))
	last := int(load+12*math.Sqrt(load)) + 40
	j := float64(first)
	logFactorial, _ := math.Lgamma(j + 1)
	weight := math.Exp(j*math.Log(load) - load - logFactorial)
	clear := math.Pow(noneInWord, j) // probability that a given bit of a word is not set
	half := -math.Expm1(j * math.Log1p(-otherHalf))
	rate := 0.
	for ; j <= float64(last); j++ {
		set := 1 - clear
		set *= set // squared three times: Blocks comes here often
		set *= set
		set *= set
		rate += weight * (set + half - set*half)
		weight *= load / (j + 1)
		clear *= noneInWord
		half += (1 - half) * otherHalf
	}
	return min(rate, 1)
}

// Blocks returns the least number of blocks with which Rate of so many keys is at most rate; it may be more than
// MaxBlocks, and is math.MaxInt64 where it cannot be counted. keys must be positive, rate in (0, 1).
func Blocks(keys int64, rate float64) int64 {
	// rateAt ascends with the load: halve the interval until both ends need the same number of blocks.
	needed := func(load float64) float64 { return math.Ceil(float64(keys) / load) }
	low, high := 0., 4096.
	for needed(low) != needed(high) {
		middle := low + (high-low)/2
		if middle == low || middle == high {
			break
		}
		if rateAt(middle) <= rate {
			low = middle
		} else {
			high = middle
		}
	}
	if blocks := needed(low); blocks < 1<<62 {
		return int64(blocks)
	}
	return math.MaxInt64
}
