package dedup_test

import (
	"testing"
	"time"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// stateWay is one way through the operators of a State.
type stateWay struct {
	o         dedup.StateOptions[click]
	streaming bool
	fails     bool
}

func isGone(c click) bool { return c.At%5 == 0 }

func stateWays() map[string]stateWay {
	late := stream.Discard[stream.Late[click]]("the survivors are judged")
	best := dedup.Options[click]{By: []dedup.Comparator[click]{latestClick()}}
	ttl := func(o dedup.Options[click]) dedup.StateOptions[click] {
		return dedup.StateOptions[click]{Options: o, TTL: 3 * time.Second, At: clickAt, Disorder: 4 * time.Second, Late: late}
	}
	with := func(o dedup.StateOptions[click], change func(*dedup.StateOptions[click])) dedup.StateOptions[click] {
		change(&o)
		return o
	}
	return map[string]stateWay{
		"first": {o: ttl(dedup.Options[click]{}), streaming: true},
		"best":  {o: ttl(best)},
		"merge": {o: ttl(dedup.Options[click]{Keep: dedup.KeepMerge, By: best.By, Merge: []dedup.Reducer[click]{
			lastPage, dedup.Least(func(c *click) *int { return &c.At })}})},
		"none":        {o: ttl(dedup.Options[click]{Keep: dedup.KeepNone})},
		"refreshed":   {o: with(ttl(best), func(o *dedup.StateOptions[click]) { o.Refresh = dedup.RefreshAny })},
		"tombstones":  {o: with(ttl(best), func(o *dedup.StateOptions[click]) { o.Tombstone = isGone })},
		"late":        {o: with(ttl(best), func(o *dedup.StateOptions[click]) { o.Late, o.Disorder = nil, 0 }), fails: true},
		"bounded":     {o: ttl(dedup.Options[click]{Resources: stream.Resources{Memory: 1 << 20}}), streaming: true},
		"too_bounded": {o: ttl(dedup.Options[click]{Resources: stream.Resources{Memory: 16}}), streaming: true, fails: true},
		"unique":      {o: with(ttl(dedup.Options[click]{Tie: dedup.TieFail}), func(o *dedup.StateOptions[click]) { o.TTL = time.Hour }), streaming: true, fails: true},
		"wrong_option": {o: with(ttl(best), func(o *dedup.StateOptions[click]) {
			o.Expired = stream.Discard[click]("it is refused")
		}), fails: true},
	}
}

func windowedContract(t *testing.T) {
	for name, w := range stateWays() {
		t.Run(name, func(t *testing.T) {
			streamtest.CheckWith(t, func(s stream.Seq[click]) stream.Seq[click] { return dedup.Windowed(s, click.Key, w.o) },
				streamtest.CheckOptions[click]{Fails: w.fails, Streaming: w.streaming}, shuffledClicks()...)
		})
	}
}

func changelogContract(t *testing.T) {
	ways := stateWays()
	ways["for_ever"] = stateWay{o: dedup.StateOptions[click]{Options: dedup.Options[click]{Tie: dedup.TieLast}}}
	ways["retracted"] = stateWay{o: dedup.StateOptions[click]{Options: dedup.Options[click]{Tie: dedup.TieLast}, Retract: true}}
	for name, w := range ways {
		t.Run(name, func(t *testing.T) {
			streamtest.CheckWith(t, func(s stream.Seq[click]) stream.Seq[dedup.Change[click]] { return dedup.Changelog(s, click.Key, w.o) },
				streamtest.CheckOptions[dedup.Change[click]]{Fails: w.fails, Streaming: true}, shuffledClicks()...)
		})
	}
}

func replayContract(t *testing.T) {
	log, err := stream.Collect(dedup.Changelog(stream.Of(shuffledClicks()...), click.Key, dedup.StateOptions[click]{
		Options: dedup.Options[click]{Tie: dedup.TieLast, NullKey: isNullClick, NullKeys: dedup.NullsEqual}, Retract: true, Tombstone: isGone}))
	if err != nil {
		t.Fatal(err)
	}
	replay := func(s stream.Seq[dedup.Change[click]]) stream.Seq[click] { return dedup.Replay(s, click.Key) }
	t.Run("good", func(t *testing.T) { streamtest.CheckWith(t, replay, streamtest.CheckOptions[click]{}, log...) })
	t.Run("torn", func(t *testing.T) {
		streamtest.CheckWith(t, replay, streamtest.CheckOptions[click]{Fails: true}, log[1:]...)
	})
}
