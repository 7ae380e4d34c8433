package session

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/stream"
)

// sessionsOf is the definition, on times of one unit: sort, split.
func sessionsOf(byKey map[int][]int64, rule gapRule) (out []span) {
	for key, times := range byKey {
		slices.Sort(times)
		for i, at := range times {
			if n := len(out); i > 0 && out[n-1].join(instant(at), rule) {
				continue
			}
			out = append(out, spanOf(key, instant(at)))
		}
	}
	slices.SortFunc(out, func(a, b span) int {
		if a.key != b.key {
			return a.key - b.key
		}
		return a.compareStart(&b)
	})
	return out
}

// The log is right whatever memory it has: with room for the scratch of a compaction, or sorting in place.
func TestSpanLog_Oracle(t *testing.T) {
	inPlace := 0
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.IntRange(1, 2).Draw(t, "keys")
		rule := newGapRule(time.Duration(rapid.IntRange(1, 5).Draw(t, "gap")), rapid.Bool().Draw(t, "at least"))
		// 64 spans and 64 ints are the least; a second log of 64 spans is what a compaction takes.
		least := 64 * (sizeOf[span]() + sizeOf[int]())
		memory := least + rapid.Int64Range(0, 3*64*sizeOf[span]()).Draw(t, "memory")
		acct := stream.Resources{Memory: memory}.Account("test")
		log := spanLog{rule: rule, acct: acct}
		byKey := map[int][]int64{}
		for range rapid.IntRange(0, 500).Draw(t, "events") {
			key := rapid.IntRange(0, min(len(byKey), keys-1)).Draw(t, "key")
			at := rapid.Int64Range(0, 20).Draw(t, "at") // at most 42 sessions
			byKey[key] = append(byKey[key], at)
			require.NoError(t, log.add(key, instant(at)))
			require.LessOrEqual(t, len(log.last), len(byKey))
		}
		if memory-acct.Used() < int64(len(log.log))*sizeOf[span]() {
			inPlace++
		}
		got, err := log.sessions()
		require.NoError(t, err)
		require.Equal(t, sessionsOf(byKey, rule), append([]span(nil), got...))
		require.LessOrEqual(t, acct.Used(), memory)
	})
	require.Positive(t, inPlace, "no program sorted in place")
}

// A log that is full of sessions ends with *LimitError; it does not compact at every insertion first.
func TestSpanLog_Full(t *testing.T) {
	acct := stream.Resources{Memory: 100 << 10}.Account("test")
	log := spanLog{rule: newGapRule(1, false), acct: acct}
	for i := range int64(1 << 20) {
		if err := log.add(0, instant(-10*i)); err != nil {
			require.ErrorIs(t, err, stream.ErrLimit)
			require.Greater(t, i, int64(1000), "half of the bound must be of use")
			return
		}
	}
	t.Fatal("1 M sessions of 32 bytes in 100 KiB")
}
