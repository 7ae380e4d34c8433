// Package measure runs one piece of work in its own process and says what it cost.
package measure

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Answer is what the work found, in a form that sides written in different ways can agree on.
type Answer struct {
	Rows   int64  `json:"rows"`   // elements of the result
	Digest uint64 `json:"digest"` // of all elements; the side decides with Add or Next whether their order counts
}

// Add takes in an element, whatever its place.
func (a *Answer) Add(hash uint64) {
	a.Rows++
	a.Digest += hash
}

// Next takes in an element that must come at this place.
func (a *Answer) Next(hash uint64) {
	a.Rows++
	a.Digest = a.Digest*0x9e3779b97f4a7c15 + hash
}

// Cost is what a run took. Bytes and seconds, unless said otherwise.
type Cost struct {
	Wall       float64 `json:"wall"`
	User       float64 `json:"user"`        // CPU
	System     float64 `json:"system"`      // CPU
	Others     float64 `json:"others"`      // share of the machine that other processes used meanwhile, 0 to 1; -1: not known
	Allocs     uint64  `json:"allocs"`      // objects on the Go heap
	AllocBytes uint64  `json:"alloc_bytes"` // on the Go heap
	GCs        uint32  `json:"gcs"`         // collections
	Live       int64   `json:"live"`        // highest live heap found by a collection, above what lived before the run
	PeakBefore int64   `json:"peak_before"` // peak resident set when the work began: the program and its input
	Peak       int64   `json:"peak"`        // peak resident set when it ended; 0: not known here
}

// CPU is user and system time.
func (c Cost) CPU() float64 { return c.User + c.System }

// OwnPeak is how far the work drove the resident set above what it found.
func (c Cost) OwnPeak() int64 { return c.Peak - c.PeakBefore }

// Do runs work once, after a collection, and measures it.
func Do(work func() (Answer, error)) (Cost, Answer, error) {
	debug.FreeOSMemory() // what preparing left must not serve the work
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	base := liveHeap()
	stop := make(chan struct{})
	peak := make(chan int64)
	go watch(base, stop, peak)
	busy0, total0 := machineTimes()
	use0 := usage()
	start := time.Now()

	answer, err := work()

	wall := time.Since(start)
	use1 := usage()
	busy1, total1 := machineTimes()
	close(stop)
	live := <-peak
	if err != nil {
		return Cost{}, Answer{}, fmt.Errorf("measure: the work failed: %w", err)
	}
	runtime.ReadMemStats(&after)
	c := Cost{
		Wall: wall.Seconds(), User: use1.user - use0.user, System: use1.system - use0.system,
		Allocs: after.Mallocs - before.Mallocs, AllocBytes: after.TotalAlloc - before.TotalAlloc,
		GCs: after.NumGC - before.NumGC, Live: live, PeakBefore: use0.peak, Peak: use1.peak, Others: -1,
	}
	if c.GCs == 0 {
		c.Live = int64(after.HeapAlloc) - int64(before.HeapAlloc) // nothing was freed: this is all it took
	}
	if total1 > total0 {
		others := (busy1 - busy0 - c.CPU()) / (total1 - total0)
		c.Others = math.Min(math.Max(others, 0), 1) // the kernel counts in ticks of 10 ms
	}
	return c, answer, nil
}

// watch looks for the highest live heap until stop is closed. Collections are far enough apart that few are missed.
func watch(base int64, stop <-chan struct{}, peak chan<- int64) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var most int64
	for {
		most = max(most, liveHeap()-base)
		select {
		case <-stop:
			peak <- most
			return
		case <-tick.C:
		}
	}
}

// liveHeap is what the last collection found alive.
func liveHeap() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
