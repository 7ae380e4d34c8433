package session_test

import (
	"testing"
	"time"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/session"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// contractClicks are 24 events of three users, in order of time where that is wanted.
func contractClicks(inOrder bool) (out []click) {
	for i := range 24 {
		t := i
		if !inOrder {
			t = i * 7 % 24
		}
		out = append(out, click{user: string(rune('a' + i%3)), at: second(int64(t * t)), n: i})
	}
	return out
}

func TestContract(t *testing.T) {
	null := func(c click) bool { return c.n == 5 }
	// Every way through the engines, each judged as an operator of its own.
	ways := map[string]session.Options[click]{
		"zero":        {},
		"at_least":    {AtLeast: true, Salt: "salt"},
		"ordered":     {Ordered: true},
		"workers":     {Ordered: true, Resources: stream.Resources{Workers: 2}},
		"nulls":       {NullKey: null, NullTime: func(c click) bool { return c.n == 6 }},
		"rejects":     {NullKey: null, Rejects: stream.Discard[session.Reject[click]]("the sessions are judged")},
		"bounded":     {Resources: stream.Resources{Memory: 1 << 20}, Size: func(click) int { return 8 }},
		"too_bounded": {Resources: stream.Resources{Memory: 16}},
		"wrong":       {Resources: stream.Resources{Workers: -1}},

		"splits":        {SplitWhen: func(_, cur click) bool { return cur.n%5 == 0 }, MaxEvents: 4, Midnight: time.UTC},
		"own_gaps":      {GapOf: func(c click) time.Duration { return time.Duration(10+c.n%10) * time.Second }},
		"disorder":      {Disorder: time.Minute, Late: stream.Discard[stream.Late[click]]("the sessions are judged")},
		"too_late":      {Disorder: time.Nanosecond},
		"lateness":      {Disorder: time.Second, Lateness: 10 * time.Minute},
		"every_change":  {EveryChange: true},
		"split_ordered": {Ordered: true, SplitBy: session.By(func(c click) bool { return c.n%7 < 3 })},
		"split_bounded": {MaxEvents: 2, Resources: stream.Resources{Memory: 64}},
	}
	fails := map[string]bool{"too_bounded": true, "wrong": true, "too_late": true, "split_bounded": true}
	all := func(check func(*testing.T, session.Options[click], bool, []click)) func(*testing.T) {
		return func(t *testing.T) {
			for name, o := range ways {
				t.Run(name, func(t *testing.T) {
					check(t, o, fails[name], contractClicks(o.Ordered))
				})
			}
		}
	}
	const gap = 20 * time.Second
	tags := all(func(t *testing.T, o session.Options[click], fails bool, inputs []click) {
		streamtest.CheckWith(t, func(s stream.Seq[click]) stream.Seq[session.Tagged[click]] {
			return session.Tag(s, gap, userOf, atOf, o)
		}, streamtest.CheckOptions[session.Tagged[click]]{Fails: fails || o.Lateness > 0 || o.EveryChange}, inputs...)
	})
	contracttest.Run(t, contracttest.Ops{
		"Tag": tags,
		"ByGap": func(t *testing.T) {
			streamtest.Check(t, func(s stream.Seq[click]) stream.Seq[session.Session[string]] {
				return session.ByGap(s, gap, userOf, atOf)
			}, contractClicks(false)...)
		},
		"Intervals": all(func(t *testing.T, o session.Options[click], fails bool, inputs []click) {
			streamtest.CheckWith(t, func(s stream.Seq[click]) stream.Seq[session.Session[string]] {
				return session.Intervals(s, gap, userOf, atOf, o)
			}, streamtest.CheckOptions[session.Session[string]]{Fails: fails}, inputs...)
		}),
		"Run": all(func(t *testing.T, o session.Options[click], fails bool, inputs []click) {
			streamtest.CheckWith(t, func(s stream.Seq[click]) stream.Seq[session.Folded[string, []click]] {
				return session.Run(s, gap, userOf, atOf, collect(), o)
			}, streamtest.CheckOptions[session.Folded[string, []click]]{Fails: fails}, inputs...)
		}),
	})
}
