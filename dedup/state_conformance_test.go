package dedup_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// Cases with a TTL, with a changelog as input or output, or with a snapshot run through a State, and through the operator
// where nothing else moves the watermark.

// needsState says that the case is about more than survivors.
func (c *conformanceCase) needsState() bool {
	_, emits := c.Config["emit"]
	_, expires := c.Config["ttl"]
	if c.Config["keep"] == "merge" { // how a State merges is judged by its laws
		return false
	}
	return emits || expires || c.Config["input"] == "changelog" || len(c.SnapshotAfter) > 0
}

// stateRow is a row of such a case: where the input is a changelog, what happened to it; otherwise an end of a batch, or
// plain.
type stateRow struct {
	Row      caseRow
	Kind     string // "+I", "-U", "+U", "-D"; empty: no changelog
	BatchEnd bool
}

func (c *conformanceCase) stateRows(t *testing.T) (rows []stateRow, plain []caseRow) {
	for _, raw := range c.Input {
		var r stateRow
		if c.Config["input"] == "changelog" {
			var pair [2]json.RawMessage
			require.NoError(t, json.Unmarshal(raw, &pair))
			require.NoError(t, json.Unmarshal(pair[0], &r.Kind))
			raw = pair[1]
		}
		require.NoError(t, json.Unmarshal(raw, &r.Row))
		if r.Row["batch_end"] == true {
			r = stateRow{BatchEnd: true}
		} else {
			plain = append(plain, r.Row)
		}
		if r.Kind != "-U" { // the update that follows says all
			rows = append(rows, r)
		}
	}
	return rows, plain
}

var lagging = regexp.MustCompile(`^max_ts - (\d+)(, advanced at batch end)?$`)

// jsonRow writes a row of a case, which has no codec: what it holds is of any type.
type jsonRow struct{}

func (jsonRow) Append(dst []byte, r *stateRow) ([]byte, error) {
	b, err := json.Marshal(r)
	return append(append(dst, byte(len(b)>>8), byte(len(b))), b...), err
}

func (jsonRow) Decode(src []byte, r *stateRow) ([]byte, error) {
	if len(src) < 2 || len(src)-2 < int(src[0])<<8|int(src[1]) {
		return src, fmt.Errorf("cut")
	}
	n := 2 + (int(src[0])<<8 | int(src[1]))
	return src[n:], json.Unmarshal(src[2:n], r)
}

func (jsonRow) Held(*stateRow) int64 { return 0 }

type jsonKey struct{}

func (jsonKey) Append(dst []byte, k *caseKey) ([]byte, error) {
	b, err := json.Marshal(k)
	return append(append(dst, byte(len(b))), b...), err
}

func (jsonKey) Decode(src []byte, k *caseKey) ([]byte, error) {
	if len(src) < 1 || len(src)-1 < int(src[0]) {
		return src, fmt.Errorf("cut")
	}
	n := 1 + int(src[0])
	return src[n:], json.Unmarshal(src[1:n], k)
}

func (jsonKey) Held(*caseKey) int64 { return 0 }

func (c *conformanceCase) runState(t *testing.T) {
	rows, plain := c.stateRows(t)
	key, o, out := c.stateOptions(t, plain)
	byBatch := o.Disorder == math.MaxInt64
	var changes []any
	if o.Changes == nil {
		o.Changes = func(ch dedup.Change[stateRow]) error {
			changes = append(changes, []any{ch.Kind.String(), map[string]any(ch.Row.Row)})
			return nil
		}
	}
	make := func() *dedup.State[stateRow, caseKey] {
		s, err := dedup.New(key, o)
		require.NoError(t, err)
		s.UseCodecs(jsonKey{}, jsonRow{})
		return s
	}
	// As the case says, and with a snapshot between any two rows (DP2).
	for _, everywhere := range []bool{false, true} {
		*out, changes = nil, nil
		s := make()
		var sizes []int
		latest := math.Inf(-1)
		for i, row := range rows {
			if everywhere || slices.Contains(c.SnapshotAfter, i) {
				next := make()
				require.NoError(t, next.Restore(bytes.NewReader(snapshotOf(t, s))))
				s = next
			}
			if row.BatchEnd {
				lag, err := strconv.ParseFloat(lagging.FindStringSubmatch(c.Config["watermark"].(string))[1], 64)
				require.NoError(t, err)
				if byBatch && !math.IsInf(latest, -1) {
					require.NoError(t, s.Advance(time.Unix(int64(latest-lag), 0)))
				}
				sizes = append(sizes, s.Len())
				continue
			}
			if ts, ok := row.Row["ts"].(float64); ok {
				latest = max(latest, ts)
			}
			v, err := s.Push(row)
			require.NoError(t, err)
			if o.TTL > 0 && o.Expired == nil && (v == dedup.VerdictNew || v == dedup.VerdictNullKey) {
				*out = append(*out, row)
			}
		}
		require.NoError(t, s.Flush(stream.Into(out)))
		stats := s.Stats()
		c.checkSurvivors(t, *out)
		if c.ExpectSizes != nil {
			require.Equal(t, c.ExpectSizes, sizes)
		}
		checkStats(t, c.ExpectStats, []dedup.Stats{stats}, []int{int(stats.RejectedNull)})
		if c.ExpectChanges != nil {
			require.Equal(t, jsonLines(t, c.ExpectChanges), jsonLines(t, changes))
		}
	}
	c.checkOperators(t, rows, key, o, byBatch)
}

// stateOptions reads the configuration of a case.
func (c *conformanceCase) stateOptions(t *testing.T, plain []caseRow) (func(stateRow) caseKey, dedup.StateOptions[stateRow], *[]stateRow) {
	var losers []dedup.Loser[caseRow]
	rejected := 0
	plainKey, plainOptions := stageOptions(t, c.Config, plain, nil, &losers, &rejected)
	key := func(r stateRow) caseKey { return plainKey(r.Row) }
	o := dedup.StateOptions[stateRow]{Options: dedup.Options[stateRow]{
		Tie: plainOptions.Tie, Keep: plainOptions.Keep, Order: plainOptions.Order, NullKeys: plainOptions.NullKeys,
	}}
	if isNull := plainOptions.NullKey; isNull != nil {
		o.NullKey = func(r stateRow) bool { return isNull(r.Row) }
	}
	if same := plainOptions.Same; same != nil {
		o.Same = func(a, b stateRow) bool { return same(a.Row, b.Row) }
	}
	if c.Config["keep"] == "best" {
		by, _ := c.Config["order_by"].([]any)
		for _, term := range by {
			o.By = append(o.By, stateComparators(t, term.(map[string]any))...)
		}
	}
	if c.Config["input"] == "changelog" {
		o.Tombstone = func(r stateRow) bool { return r.Kind == "-D" }
	}
	switch emit := c.Config["emit"]; emit {
	case "upsert", nil:
	case "retract":
		o.Retract = true
		o.Changes = nil
	default:
		t.Fatalf("unknown emit %v", emit)
	}
	out := new([]stateRow)
	if ttl, ok := c.Config["ttl"].(float64); ok {
		o.TTL = time.Duration(ttl * float64(time.Second))
		o.At = func(r stateRow) time.Time { return time.Unix(int64(r.Row["ts"].(float64)), 0) }
		o.Late = stream.Discard[stream.Late[stateRow]]("late rows are counted")
		switch refresh := c.Config["ttl_refresh"]; refresh {
		case "create", nil:
		case "write":
			o.Refresh = dedup.RefreshWrite
		case "any":
			o.Refresh = dedup.RefreshAny
		default:
			t.Fatalf("unknown ttl_refresh %v", refresh)
		}
		if watermark, ok := c.Config["watermark"].(string); ok {
			m := lagging.FindStringSubmatch(watermark)
			require.NotNil(t, m, "unknown watermark %q", watermark)
			o.Disorder = math.MaxInt64 // moved by the ends of batches
			if m[2] == "" {
				lag, err := strconv.Atoi(m[1])
				require.NoError(t, err)
				o.Disorder = time.Duration(lag) * time.Second
			}
		}
		if len(o.By) > 0 || o.Tie == dedup.TieLast || o.Keep != dedup.KeepBest {
			o.Expired = stream.Into(out)
		}
	}
	return key, o, out
}

// stateComparators is comparators for rows of a State: numbers and texts only.
func stateComparators(t *testing.T, term map[string]any) []dedup.Comparator[stateRow] {
	field := term["field"].(string)
	if term["prefer"] == "non_null" {
		return []dedup.Comparator[stateRow]{dedup.Present(func(r stateRow) bool { return r.Row[field] != nil }).Named(field)}
	}
	nullsFirst := term["nulls"] == "first"
	null := dedup.Present(func(r stateRow) bool { return (r.Row[field] == nil) == nullsFirst }).Named(field + " null")
	compare := func(a, b stateRow) int { return compareAny(a.Row[field], b.Row[field]) }
	if term["dir"] == "desc" {
		return []dedup.Comparator[stateRow]{null, dedup.MaxFunc(compare).Named(field)}
	}
	return []dedup.Comparator[stateRow]{null, dedup.MinFunc(compare).Named(field)}
}

func (c *conformanceCase) checkSurvivors(t *testing.T, out []stateRow) {
	t.Helper()
	var got []caseRow
	for _, r := range out {
		got = append(got, r.Row)
	}
	want, have := jsonLines(t, c.Expect), jsonLines(t, got)
	if c.Order != "exact" {
		slices.Sort(want)
		slices.Sort(have)
	}
	require.Equal(t, want, have)
}

// checkOperators runs the same as an operator, and replays its changelog (DP8).
func (c *conformanceCase) checkOperators(t *testing.T, rows []stateRow, key func(stateRow) caseKey, o dedup.StateOptions[stateRow], byBatch bool) {
	o.Expired, o.Changes = nil, nil
	if byBatch { // nothing advances the watermark inside a batch; a row at a time gives the same survivors
		lag, err := strconv.Atoi(lagging.FindStringSubmatch(c.Config["watermark"].(string))[1])
		require.NoError(t, err)
		o.Disorder = time.Duration(lag) * time.Second
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(r stateRow) bool { return r.BatchEnd })
	if o.TTL > 0 {
		var stats dedup.Stats
		o.Stats = &stats
		got, err := stream.Collect(dedup.Windowed(stream.Of(rows...), key, o))
		require.NoError(t, err)
		c.checkSurvivors(t, got)
		checkStats(t, c.ExpectStats, []dedup.Stats{stats}, []int{int(stats.RejectedNull)})
	}
	log, err := stream.Collect(dedup.Changelog(stream.Of(rows...), key, o))
	require.NoError(t, err)
	left, err := stream.Collect(dedup.Replay(stream.Of(log...), key))
	require.NoError(t, err)
	c.checkSurvivors(t, left)
	if c.ExpectChanges != nil {
		var changes []any
		for _, ch := range log {
			changes = append(changes, []any{ch.Kind.String(), map[string]any(ch.Row.Row)})
		}
		require.Equal(t, jsonLines(t, c.ExpectChanges), jsonLines(t, changes))
	}
}
