package stream

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// However arming, opening and disarming meet, no wake-up is left over for the next sleep, and none is missing.
func TestGate(t *testing.T) {
	g := newGate()
	g.open()
	require.Empty(t, g.wake, "nobody was armed")

	g.arm(anything)
	g.open()
	g.open() // the second waker finds nobody
	g.sleep()
	require.Empty(t, g.wake)

	g.arm(7)
	g.open()
	g.disarm() // the waker was faster: his wake-up is taken
	require.Empty(t, g.wake)

	g.arm(7)
	require.EqualValues(t, 7, g.token.Load())
	g.disarm()
	g.open()
	require.Empty(t, g.wake, "it was disarmed")
}
