package session_test

import (
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
	arrangements[1].arrange(behind)
	want, _ := handWritten(inOrder, benchGap)
	pages := stream.Fold[benchClick, int64]{Add: func(acc *int64, c benchClick) { *acc += c.pages }}
	disorder := session.Options[benchClick]{Disorder: 3 * time.Hour}
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
