package streamtest

import "math"

// ranks draws from 0..n-1, where rank k has a weight of 1/(k+1)^skew, in constant time by Walker's alias method:
// a column i holds one share of rank i, up to its threshold, and gives the rest to one other rank.
//
//	weights 4 3 1 of 8, columns of 8/3:   0 0 0|  1 1 1|  2 0 0     rank 2 fills 3/8 of its column, rank 0 the rest
//
// Thresholds are cut to 32 bits, so that the last bits of a platform's math.Pow do not matter.
type ranks struct {
	threshold []uint32 // of 2^32
	alias     []int32
}

func newRanks(n int, skew float64) ranks {
	weight := make([]float64, n)
	sum := 0.0
	for k := range weight {
		weight[k] = 1
		if skew != 0 {
			weight[k] = 1 / math.Pow(float64(k+1), skew)
		}
		sum += weight[k]
	}
	r := ranks{make([]uint32, n), make([]int32, n)}
	var small, large []int32
	for k := range weight {
		weight[k] = float64(weight[k]*float64(n)) / sum // 1: a column of its own
		if weight[k] < 1 {
			small = append(small, int32(k))
		} else {
			large = append(large, int32(k))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		r.threshold[s], r.alias[s] = uint32(float64(weight[s]*(1<<32))), l
		weight[l] = float64(weight[l]+weight[s]) - 1
		if weight[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, rest := range [][]int32{small, large} { // full columns, but for rounding
		for _, k := range rest {
			r.threshold[k], r.alias[k] = math.MaxUint32, k
		}
	}
	return r
}

func (r ranks) draw(d *dice) int {
	x := d.pcg.Uint64()
	column := int(x >> 32 * uint64(len(r.alias)) >> 32)
	if uint32(x) < r.threshold[column] {
		return column
	}
	return int(r.alias[column])
}
