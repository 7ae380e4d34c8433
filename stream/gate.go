package stream

import "sync/atomic"

// gate puts one goroutine to sleep until another finds that what it waits for has come.
//
//	sleeper                        waker
//	g.arm(token)                   make it so (an atomic store)
//	is it so already? -> disarm    g.open(): somebody armed? wake him
//	else sleep
//
// Stores and loads of sync/atomic have one total order, so either the sleeper sees that it is so, or the waker
// sees that the gate is armed. A waker that finds nobody asleep pays one load, which is what lets a producer ask
// after every element.
type gate struct {
	token atomic.Int64  // what is waited for; 0: nobody waits
	due   atomic.Bool   // the sleeper was woken, and has not run since
	wake  chan struct{} // room for the one wake-up that can be under way
}

func newGate() gate { return gate{wake: make(chan struct{}, 1)} }

// anything is the token of a sleeper that looks for itself what has happened.
const anything = -1

// arm announces that the caller is about to sleep. It must then look again, and disarm or sleep.
func (g *gate) arm(token int64) { g.token.Store(token) }

// disarm takes the announcement back; a waker who was faster is waited for, so that no wake-up is left over.
func (g *gate) disarm() {
	if g.token.Swap(0) == 0 {
		<-g.wake
		g.due.Store(false)
	}
}

// sleep waits for open.
func (g *gate) sleep() {
	<-g.wake
	g.due.Store(false)
}

// open wakes the sleeper, if there is one.
func (g *gate) open() {
	if g.token.Load() != 0 && g.token.Swap(0) != 0 {
		g.due.Store(true)
		g.wake <- struct{}{}
	}
}
