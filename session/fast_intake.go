package session

import "github.com/millrace-go/millrace/stream"

// stagedIntake is events whose keys are looked up together, so that the cache misses of several overlap. It serves the engines
// that read all of their input before the first session: what it holds back, nobody misses.
type stagedIntake[T any, K comparable] struct {
	*intake[T, K]
	n       int
	keys    []K
	hashes  []uint64
	at      []instant
	values  []T   // nil where the engine does not take them
	numbers []int // of the keys; -1: not seen before
}

const (
	// stagedEvents are looked up together at most: enough that their misses overlap, few enough to stay in the nearest cache.
	stagedEvents = 64
	// stagedShare is the part of a memory bound that staged events may take, which is not booked.
	stagedShare = 64
)

// stageSize is how many events may be staged. Under a bound it is one where events are held, for what they hold is not
// known, and where there are rejects: those come in input order, and none after the event at which memory ends.
func (in *intake[T, K]) stageSize(holds bool) int {
	bound := in.opts.Resources.Memory
	if b := in.opts.Resources.Budget; b != nil && (bound == 0 || b.Total() < bound) {
		bound = b.Total()
	}
	switch {
	case bound == 0:
		return stagedEvents
	case holds || in.opts.Rejects != nil:
		return 1
	}
	return int(max(1, min(stagedEvents, bound/stagedShare/(sizeOf[K]()+3*wordBytes))))
}

// eachNumbered reads s to its end and calls add with each event that was not rejected and the number of its key, in input
// order. warm is called before that with the keys of several events, new ones left out, to read what add will. The values
// that add gets are valid where holds is set.
func (in *intake[T, K]) eachNumbered(s stream.Seq[T], holds bool, warm func(numbers []int), add func(number int, at instant, v *T) error) error {
	n := in.stageSize(holds)
	g := &stagedIntake[T, K]{intake: in, keys: make([]K, n), hashes: make([]uint64, n), at: make([]instant, n), numbers: make([]int, n)}
	if holds {
		g.values = make([]T, n)
	}
	for v, err := range s {
		if err != nil {
			return g.failed(err, warm, add)
		}
		k, at, ok, err := in.screen(v)
		if err != nil {
			return g.failed(err, warm, add)
		}
		if !ok {
			continue
		}
		in.see(at)
		g.keys[g.n], g.at[g.n] = k, at
		if holds {
			g.values[g.n] = v
		}
		if g.n++; g.n == n {
			if err := g.settle(warm, add); err != nil {
				return err
			}
		}
	}
	return g.settle(warm, add)
}

// failed ends the intake with the error of an event, or with that of one before it which was staged.
func (g *stagedIntake[T, K]) failed(err error, warm func([]int), add func(int, instant, *T) error) error {
	if before := g.settle(warm, add); before != nil {
		return before
	}
	return err
}

// settle numbers the keys of the staged events and hands them on.
func (g *stagedIntake[T, K]) settle(warm func([]int), add func(int, instant, *T) error) error {
	keys, hashes, numbers := g.keys[:g.n], g.hashes[:g.n], g.numbers[:g.n]
	g.n = 0
	g.hasher.HashEach(keys, hashes)
	g.intake.keys.FindEach(keys, hashes, numbers)
	warm(numbers)
	var none T
	v := &none
	for i, number := range numbers {
		if number < 0 { // by now it may have been added
			var err error
			if number, err = g.numberHashed(&keys[i], hashes[i]); err != nil {
				return err
			}
		}
		if g.values != nil {
			v = &g.values[i]
		}
		if err := add(number, g.at[i], v); err != nil {
			return err
		}
	}
	return nil
}
