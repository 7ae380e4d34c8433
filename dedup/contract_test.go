package dedup_test

import (
	"cmp"
	"testing"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// click is the row of the contract, the tables and the examples.
type click struct {
	ID   int
	Page string
	At   int
}

func (c click) Key() int { return c.ID }

func latestClick() dedup.Comparator[click] {
	return dedup.Max(func(c click) int { return c.At }).Named("latest")
}

var lastPage = dedup.Last(func(c *click) *string { return &c.Page })

func sortedClicks() []click {
	var clicks []click
	for i := range 24 {
		clicks = append(clicks, click{ID: i / 3, Page: "p", At: i * 7 % 11})
	}
	return clicks
}

func shuffledClicks() []click {
	clicks := sortedClicks()
	for i := range clicks {
		clicks[i].ID = i * 5 % 7
	}
	return clicks
}

func TestContract(t *testing.T) {
	check := func(op func(stream.Seq[click]) stream.Seq[click], o streamtest.CheckOptions[click], inputs []click) func(*testing.T) {
		return func(t *testing.T) { streamtest.CheckWith(t, op, o, inputs...) }
	}
	run := func(w way) func(*testing.T) {
		return check(func(s stream.Seq[click]) stream.Seq[click] { return dedup.Run(s, click.Key, w.o) },
			streamtest.CheckOptions[click]{Fails: w.fails, Streaming: w.streaming}, shuffledClicks())
	}
	// Two keys in memory at each level, and the state of a key goes to disk now and then.
	spilling := func(w way) func(*testing.T) {
		w.o.Resources.Memory = cmp.Or(w.o.Resources.Memory, 4<<10)
		return check(func(s stream.Seq[click]) stream.Seq[click] { return dedup.RunTuned(s, click.Key, w.o, 2, 3) },
			streamtest.CheckOptions[click]{Fails: w.fails}, shuffledClicks())
	}
	sorted := func(w way) func(*testing.T) {
		return check(func(s stream.Seq[click]) stream.Seq[click] { return dedup.Sorted(s, click.Key, cmp.Compare, w.o) },
			streamtest.CheckOptions[click]{Fails: w.fails, Streaming: w.streaming}, sortedClicks())
	}
	all := func(one func(way) func(*testing.T)) func(*testing.T) {
		return func(t *testing.T) {
			for name, w := range ways {
				t.Run(name, one(w))
			}
		}
	}
	contracttest.Run(t, contracttest.Ops{
		"Best": check(func(s stream.Seq[click]) stream.Seq[click] {
			return dedup.Best(s, click.Key, latestClick())
		}, streamtest.CheckOptions[click]{}, shuffledClicks()),
		"Run": func(t *testing.T) {
			t.Run("in_memory", all(run))
			t.Run("spilling", all(spilling))
		},
		"Distinct": check(func(s stream.Seq[click]) stream.Seq[click] {
			return dedup.Distinct(s, click.Key)
		}, streamtest.CheckOptions[click]{Streaming: true}, shuffledClicks()),
		"Sorted":    all(sorted),
		"Windowed":  windowedContract,
		"Changelog": changelogContract,
		"Replay":    replayContract,
		"TwoPass":   twoPassContract,
		"Approx":    approxContract,
	})
}

// way is one way through the engines, judged as an operator of its own.
type way struct {
	o            dedup.Options[click]
	streaming    bool // nothing is held back
	fails        bool // it ends with an error on these inputs
	failsTwoPass bool // under TwoPass only
}

func isNullClick(c click) bool { return c.ID == 0 }

var ways = map[string]way{
	"first":       {o: dedup.Options[click]{}, streaming: true},
	"with_losers": {o: dedup.Options[click]{Losers: stream.Discard[dedup.Loser[click]]("the survivors are judged")}, streaming: true},
	"last":        {o: dedup.Options[click]{Tie: dedup.TieLast}},
	"best":        {o: dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}}},
	"by_position": {o: dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}, Order: dedup.OrderWinner}},
	"none":        {o: dedup.Options[click]{Keep: dedup.KeepNone}},
	"keep_first":  {o: dedup.Options[click]{Keep: dedup.KeepFirst}, streaming: true},
	"keep_last":   {o: dedup.Options[click]{Keep: dedup.KeepLast}},
	"merge": {o: dedup.Options[click]{Keep: dedup.KeepMerge, By: []dedup.Comparator[click]{latestClick()}, Merge: []dedup.Reducer[click]{
		lastPage, dedup.Least(func(c *click) *int { return &c.At })}}},
	"unique": {o: dedup.Options[click]{Tie: dedup.TieFail}, streaming: true, fails: true},
	"ambiguous": {o: dedup.Options[click]{
		By: []dedup.Comparator[click]{dedup.Max(func(c click) string { return c.Page })}, Tie: dedup.TieFail}, fails: true},
	"workers":             {o: dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}, NullKey: isNullClick, Resources: stream.Resources{Workers: 2}}},
	"workers_by_position": {o: dedup.Options[click]{Tie: dedup.TieLast, Order: dedup.OrderWinner, Resources: stream.Resources{Workers: 3}}},
	"any_order":           {o: dedup.Options[click]{Tie: dedup.TieLast, Order: dedup.OrderAny}},
	"bounded":             {o: dedup.Options[click]{Tie: dedup.TieLast, Resources: stream.Resources{Memory: 1 << 20}}},
	"too_bounded":         {o: dedup.Options[click]{Tie: dedup.TieLast, Resources: stream.Resources{Memory: 16}}, failsTwoPass: true},
	"nulls_distinct":      {o: dedup.Options[click]{NullKey: isNullClick, Tie: dedup.TieLast}},
	"nulls_equal":         {o: dedup.Options[click]{NullKey: isNullClick, NullKeys: dedup.NullsEqual}, streaming: true},
	"nulls_set_aside": {o: dedup.Options[click]{NullKey: isNullClick, NullKeys: dedup.NullsReject,
		Rejects: stream.Discard[dedup.Reject[click]]("the survivors are judged")}, streaming: true},
	"nulls_refused": {o: dedup.Options[click]{NullKey: isNullClick, NullKeys: dedup.NullsReject}, streaming: true, fails: true},
	"wrong_option":  {o: dedup.Options[click]{Keep: dedup.KeepNone, Tie: dedup.TieLast}, fails: true},
}
