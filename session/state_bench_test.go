package session_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
)

// BenchmarkDisorder has events within ten minutes of their order, for the core that Options.Disorder uses, beside the
// engine of ordered input on the same events in order: once counted, once with the events held for a fold.
func BenchmarkDisorder(b *testing.B) {
	inOrder := benchEvents(benchN)
	behind := benchEvents(benchN)
	r := rand.New(rand.NewPCG(1, 1))
	arrived := make(map[benchClick]int64, benchN)
	for _, e := range behind {
		arrived[e] = e.at + r.Int64N(int64(10*time.Minute))
	}
	slices.SortFunc(behind, func(a, b benchClick) int { return cmp.Compare(arrived[a], arrived[b]) })
	want, _ := handWritten(inOrder, benchGap)
	pages := stream.Fold[benchClick, int64]{Add: func(acc *int64, c benchClick) { *acc += c.pages }}
	disorder := session.Options[benchClick]{Disorder: 10 * time.Minute}
	for name, run := range map[string]func() int{
		"engine=ordered/fold=none": func() int {
			return count(b, session.Intervals(of(inOrder...), benchGap, benchUser, benchAt, session.Options[benchClick]{Ordered: true}))
		},
		"engine=ordered/fold=sum": func() int {
			return count(b, session.Run(of(inOrder...), benchGap, benchUser, benchAt, pages, session.Options[benchClick]{Ordered: true}))
		},
		"engine=disorder/fold=none": func() int { return count(b, session.Intervals(of(behind...), benchGap, benchUser, benchAt, disorder)) },
		"engine=disorder/fold=sum":  func() int { return count(b, session.Run(of(behind...), benchGap, benchUser, benchAt, pages, disorder)) },
	} {
		b.Run(name, func(b *testing.B) {
			require.Equal(b, want, run())
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchN, "ns/row")
		})
	}
}
