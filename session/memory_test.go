package session_test

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// What is booked is what is live after a collection: never less (but for what an empty program moves about),
// and not so much more that a bound would be wasted.
func TestResources_BookedIsLive(t *testing.T) {
	if testing.Short() {
		t.Skip("collects garbage a few times")
	}
	events := benchEvents(200_000)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	budget, err := stream.NewBudget(1 << 30)
	require.NoError(t, err)
	o := session.Options[benchClick]{Resources: stream.Resources{Budget: budget}}
	pages := stream.Fold[benchClick, int64]{Add: func(acc *int64, c benchClick) { *acc += c.pages }}
	for name, s := range map[string]stream.Seq[struct{}]{
		"intervals": erase(session.Intervals(of(events...), benchGap, benchUser, benchAt, o)),
		"run":       erase(session.Run(of(events...), benchGap, benchUser, benchAt, pages, o)),
	} {
		t.Run(name, func(t *testing.T) {
			before := liveBytes()
			for _, err := range s {
				require.NoError(t, err)
				live, booked := liveBytes()-before, budget.Used()
				t.Logf("%d bytes live, %d booked", live, booked)
				require.LessOrEqual(t, live, booked+64<<10)
				require.GreaterOrEqual(t, live, booked/2)
				break
			}
			require.Zero(t, budget.Used())
		})
	}
	runtime.KeepAlive(events)
}

func liveBytes() int64 {
	runtime.GC()
	runtime.GC() // what finalizers of the first let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
