package dedup_test

import (
	"testing"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// approxContract runs the contract on ways through the approximate engine.
func approxContract(t *testing.T) {
	for name, w := range map[string]struct {
		o     dedup.ApproxOptions[click]
		fails bool
	}{
		"zero":          {},
		"ahead_1":       {o: dedup.ApproxOptions[click]{ReadAhead: 1}},
		"ahead_3":       {o: dedup.ApproxOptions[click]{ReadAhead: 3}},
		"ahead_256":     {o: dedup.ApproxOptions[click]{ReadAhead: 256}},
		"grows":         {o: dedup.ApproxOptions[click]{FalseDropRate: 0.1, ExpectedKeys: 1, ReadAhead: 2}},
		"forgets":       {o: dedup.ApproxOptions[click]{ExpectedKeys: 2, Generations: 2, ReadAhead: 5}},
		"verifies":      {o: dedup.ApproxOptions[click]{FalseDropRate: 0.5, ExpectedKeys: 1, Verify: func(c click) (bool, error) { return c.At > 4, nil }}},
		"delivers":      {o: dedup.ApproxOptions[click]{ReadAhead: 2, Drops: stream.Discard[dedup.Drop[click]]("the survivors are judged")}},
		"bounded":       {o: dedup.ApproxOptions[click]{ExpectedKeys: 100, Resources: stream.Resources{Memory: 1 << 20}}},
		"too_bounded":   {o: dedup.ApproxOptions[click]{Resources: stream.Resources{Memory: 1 << 20}}, fails: true},
		"outgrown":      {o: dedup.ApproxOptions[click]{ExpectedKeys: 1, Resources: stream.Resources{Memory: 150}}, fails: true},
		"nulls_equal":   {o: dedup.ApproxOptions[click]{ReadAhead: 2, NullKey: isNullClick, NullKeys: dedup.NullsEqual}},
		"nulls_refused": {o: dedup.ApproxOptions[click]{ReadAhead: 2, NullKey: isNullClick, NullKeys: dedup.NullsReject}, fails: true},
		"wrong_option":  {o: dedup.ApproxOptions[click]{FalseDropRate: 2}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			if w.o.ExpectedKeys == 0 {
				w.o.ExpectedKeys = 1000 // hundreds of runs, 9 MB each
				if w.o.Resources.Memory > 0 {
					w.o.ExpectedKeys = 1 << 20
				}
			}
			streamtest.CheckWith(t, func(s stream.Seq[click]) stream.Seq[click] { return dedup.Approx(s, click.Key, w.o) },
				streamtest.CheckOptions[click]{Streaming: true, ReadAhead: w.o.ReadAhead, Fails: w.fails}, shuffledClicks()...)
		})
	}
}
