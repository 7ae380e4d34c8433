package dedup_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// message is a row that may be long.
type message struct {
	ID      int64
	At      time.Time
	Payload string
}

func (m message) Key() int64 { return m.ID }

// What two passes hold, measured at the end of the first after a collection: of a million keys with rows of a
// kilobyte nothing but keys, positions and ranks; and what is booked is what lives.
func TestTwoPass_LiveBytesPerKey(t *testing.T) {
	flagged := dedup.Present(func(e message) bool { return e.ID&1 == 0 })
	latest := dedup.Latest(func(e message) time.Time { return e.At })
	for _, tt := range []struct {
		name  string
		by    []dedup.Comparator[message]
		words int64 // beside the key: position and rank
		n     int64 // keys
	}{
		{"tie_only", nil, 1, 100_000},
		{"one_number", []dedup.Comparator[message]{dedup.Max(func(e message) int64 { return e.At.Unix() })}, 2, 100_000},
		{"one_time", []dedup.Comparator[message]{latest}, 3, 1_000_000},
		{"time_and_flag", []dedup.Comparator[message]{latest, flagged}, 3, 100_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			budget, err := stream.NewBudget(1 << 30)
			require.NoError(t, err)
			n := tt.n
			var before, live, booked int64
			payload := strings.Repeat("x", 1000)
			open := func() stream.Seq[message] {
				return func(yield func(message, error) bool) {
					if before == 0 {
						before = liveHeap()
					}
					for i := range n {
						if i&0xffff == 0 {
							payload = strings.Clone(payload) // no row lives for another
						}
						if !yield(message{i, time.Unix(i&0xff, 0), payload}, nil) {
							return
						}
					}
					if live == 0 {
						live, booked = liveHeap()-before, budget.Used()
					}
				}
			}
			out, err := stream.Count(dedup.TwoPass(open, message.Key, dedup.Options[message]{
				By: tt.by, Tie: dedup.TieLast, Order: dedup.OrderWinner, Resources: stream.Resources{Budget: budget},
			}))
			require.NoError(t, err)
			require.EqualValues(t, n, out)
			require.Zero(t, budget.Used())
			require.InEpsilon(t, live, booked, 0.1, "%d bytes live, %d booked", live, booked)
			// Key, position and rank in blocks, which have no room to speak of, and 6.4 to 12.8 of index.
			t.Logf("%.1f bytes a key live, %.1f booked", float64(live)/float64(n), float64(booked)/float64(n))
			require.LessOrEqual(t, live, n*(8*tt.words+8+13)+512<<10, "no more than what is documented")
		})
	}
}
