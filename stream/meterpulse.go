package stream

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// pulse is a count that goes up about once in a millisecond while somebody looks at it. To compare it with the count
// seen before costs a load; to read the clock would cost 50 ns.
//
// Ticks come at random distances, exponentially distributed up to tickMost: a constant distance falls into step with
// work that repeats itself, and then finds the same side of it always. (So does one that is often tickMost: what is
// above is drawn again, not cut down.) The chance is a fixed one, so that no randomness is read; it cannot show in
// what a pipeline yields.
//
// There is no goroutine behind it. A tick is a timer's: it fires once, and is set again by the first run that sees
// that it has fired, so that a pipeline which waits for an hour wakes nobody. When the last run ends, the timer is
// stopped, or waited for if it is firing.
type pulse struct {
	count atomic.Uint64 // ticks so far

	mu      sync.Mutex // guards the following
	chance  *rand.Rand
	fired   *sync.Cond // set has become false
	timer   *time.Timer
	running int  // runs
	set     bool // a tick will come
}

const (
	// tickMean is long enough that stamps, some 400 ns a tick, are 0.04 % of the time.
	tickMean = time.Millisecond
	// tickMost bounds a tick: a turn that is longer is timed exactly.
	tickMost = 2 * tickMean
)

// distance is how long it is to the next tick.
func (p *pulse) distance() time.Duration {
	for {
		if d := time.Duration(p.chance.ExpFloat64() * float64(tickMean)); d < tickMost {
			return d
		}
	}
}

func (p *pulse) init() {
	p.chance = rand.New(rand.NewPCG(1, 1))
	p.fired = sync.NewCond(&p.mu)
}

// start joins a run. It returns the count.
func (p *pulse) start() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running++; p.running == 1 {
		p.set = true
		p.timer = time.AfterFunc(p.distance(), p.fire)
	}
	return p.count.Load()
}

func (p *pulse) fire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count.Add(1)
	p.set = false
	p.fired.Broadcast()
}

// again asks for another tick, unless one is on its way. It returns the count.
func (p *pulse) again() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.set {
		p.set = true
		p.timer.Reset(p.distance())
	}
	return p.count.Load()
}

// stop leaves a run. After the last, no tick comes, and none is under way.
func (p *pulse) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running--; p.running > 0 {
		return
	}
	for p.set && !p.timer.Stop() {
		p.fired.Wait()
	}
	p.set = false
}
