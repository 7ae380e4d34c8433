package stream

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// When the last run has stopped, a tick that was under way is over: nothing of it comes later.
func TestPulse_stop_waits_for_a_tick_under_way(t *testing.T) {
	for range 5 {
		var p pulse
		p.init()
		p.start()
		p.mu.Lock()
		time.Sleep(2 * tickMost) // the timer fires, and waits for the lock
		p.mu.Unlock()
		p.stop() // mostly before it gets it
		require.EqualValues(t, 1, p.count.Load())
		require.False(t, p.set)
	}
}

// One tick is set at a time, and the next only when somebody asks.
func TestPulse_ticks_only_while_somebody_looks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pulse
		p.init()
		p.start()
		p.start()
		time.Sleep(time.Hour)
		require.EqualValues(t, 1, p.count.Load())
		p.again()
		p.again()
		time.Sleep(time.Hour)
		require.EqualValues(t, 2, p.count.Load())
		p.stop()
		p.again()
		time.Sleep(time.Hour)
		require.EqualValues(t, 3, p.count.Load(), "another run goes on")
		p.again()
		p.stop()
		time.Sleep(time.Hour)
		require.EqualValues(t, 3, p.count.Load(), "nothing ticks after the last")
		for range 10_000 {
			require.Less(t, p.distance(), tickMost)
			require.GreaterOrEqual(t, p.distance(), time.Duration(0))
		}
	})
}
