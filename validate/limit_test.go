package validate_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// verdicts writes one NDJSON row per letter: g good, b bad value, x no JSON.
func verdicts(letters string) string {
	var b strings.Builder
	for _, l := range letters {
		switch l {
		case 'g':
			b.WriteString("{\"sensor\":\"a\",\"value\":1}\n")
		case 'b':
			b.WriteString("{\"sensor\":\"a\",\"value\":1000}\n")
		default:
			b.WriteString("{\"sensor\"\n")
		}
	}
	return b.String()
}

func TestLimit_TripsAtTheRow(t *testing.T) {
	good := strings.Repeat("g", 100)
	for name, c := range map[string]struct {
		letters        string
		limit          validate.Limit
		rows, rejected int64 // of the error; 0 rows: none
		what           string
	}{
		"no_limit":              {"bbbb", validate.Limit{}, 0, 0, ""},
		"absolute":              {"bgbgbg", validate.Limit{MaxRows: 2}, 5, 3, "MaxRows"},
		"absolute_met":          {"bgbg", validate.Limit{MaxRows: 2}, 0, 0, ""},
		"ratio_after_min":       {"bbbbb" + good, validate.Limit{MaxRatio: 0.5, MinRows: 3}, 3, 3, "MaxRatio"},
		"ratio_recovers":        {"bg" + good, validate.Limit{MaxRatio: 0.5, MinRows: 2}, 0, 0, ""},
		"ratio_exactly":         {good[:98] + "bb", validate.Limit{MaxRatio: 0.02, MinRows: 100}, 0, 0, ""},
		"ratio_one_more":        {good[:97] + "bbb", validate.Limit{MaxRatio: 0.02, MinRows: 100}, 100, 3, "MaxRatio"},
		"end_judges_anyway":     {"gggb", validate.Limit{MaxRatio: 0.02, MinRows: 1000}, 4, 1, "MaxRatio"},
		"end_default_min":       {"xxxx", validate.Limit{MaxRatio: 0.02}, 4, 4, "MaxRatio"},
		"only_broken_then_trip": {strings.Repeat("x", 2000), validate.Limit{MaxRatio: 0.02}, 1000, 1000, "MaxRatio"},
		"empty":                 {"", validate.Limit{MaxRatio: 0.02, MaxRows: 1}, 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, rejects, err := all(func(o validate.Options) stream.Seq[reading] {
				return readings(t).NDJSON(strings.NewReader(verdicts(c.letters)), o)
			}, validate.Options{Limit: c.limit})
			if c.rows == 0 {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, stream.ErrThreshold)
			var te *validate.ThresholdError
			require.ErrorAs(t, err, &te)
			require.Equal(t, []any{c.what, c.rows, c.rejected}, []any{te.What, te.Rows, te.Rejected})
			require.Len(t, rejects, int(c.rejected), "every reject is in the quarantine, the tripping one too")
			require.Equal(t, rejects[:min(5, len(rejects))], te.First)
		})
	}
}

func TestThresholdError_SaysWhatAndWhere(t *testing.T) {
	_, _, err := all(func(o validate.Options) stream.Seq[reading] {
		return readings(t).NDJSON(strings.NewReader(verdicts("gbxbg")), o)
	}, validate.Options{Limit: validate.Limit{MaxRatio: 0.1}, Name: "clicks.ndjson"})
	require.EqualError(t, err, "validate: clicks.ndjson: 3 of 5 rows rejected (60 %), want at most 10 %: range 2, invalid_json 1; "+
		"first clicks.ndjson:2: value: range: got 1000, want -50..100 at byte 22; "+
		"clicks.ndjson:3: invalid_json: got end of line, want ':' at byte 9; "+
		"clicks.ndjson:4: value: range: got 1000, want -50..100 at byte 22: threshold exceeded")
}

func TestQuarantine_NoneMakesTheFirstBadRowTheError(t *testing.T) {
	var rows []reading
	var err error
	for r, e := range readings(t).NDJSON(strings.NewReader(verdicts("ggbg")), validate.Options{}) {
		if err = e; err == nil {
			rows = append(rows, r)
		}
	}
	require.Len(t, rows, 2)
	var re *validate.RejectError
	require.ErrorAs(t, err, &re)
	require.ErrorIs(t, err, stream.ErrSchema)
	require.EqualValues(t, 3, re.Reject.Line)
	require.EqualError(t, err, "validate: input:3: value: range: got 1000, want -50..100 at byte 22: schema mismatch")

	_, err = stream.Collect(readings(t).NDJSON(strings.NewReader(verdicts("x")), validate.Options{}))
	require.ErrorIs(t, err, stream.ErrCorrupt)
}

func TestQuarantine_FailingSinkEndsTheStream(t *testing.T) {
	full := errors.New("disk full")
	calls := 0
	seq := readings(t).NDJSON(strings.NewReader(verdicts("gbgbg")), validate.Options{Quarantine: func(validate.Reject) error {
		if calls++; calls == 2 {
			return full
		}
		return nil
	}})
	n := 0
	var err error
	for _, e := range seq {
		if err = e; err == nil {
			n++
		}
	}
	require.Equal(t, 2, n)
	require.ErrorIs(t, err, full)
	var se *validate.SinkError
	require.ErrorAs(t, err, &se)
	require.EqualValues(t, 4, se.Line)
	require.EqualError(t, err, "validate: input:4: quarantine: disk full")
}

func TestStats_AreExactWhileItRuns(t *testing.T) {
	stats := &validate.Stats{}
	seq := readings(t).NDJSON(strings.NewReader(verdicts("gxbgb")+"\n\n"), validate.Options{
		Quarantine: stream.Discard[validate.Reject]("counted by Stats"), Stats: stats})
	var seen []string
	for _, err := range seq {
		require.NoError(t, err)
		seen = append(seen, fmt.Sprintf("%d=%d+%d", stats.Rows(), stats.Valid(), stats.Rejected()))
	}
	require.Equal(t, []string{"1=1+0", "4=2+2"}, seen)
	require.Equal(t, []validate.CodeCount{{Code: validate.CodeInvalidJSON, Rows: 1}, {Code: validate.CodeRange, Rows: 2}}, stats.ByCode())
	require.EqualValues(t, 2, stats.Blank())
	require.EqualValues(t, 1, stats.Files())
}

func TestSchema_ConcurrentUse(t *testing.T) {
	s := readings(t)
	stats := &validate.Stats{}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				want := reading{fmt.Sprint("s", g), int64(i % 100)}
				got, err := s.Parse(fmt.Appendf(nil, `{"sensor":%q,"value":%d}`, want.Sensor, want.Value))
				if err != nil || got != want {
					t.Errorf("Parse = %v, %v, want %v", got, err, want)
				}
				if _, err := s.Parse([]byte(`{"value":`)); err == nil {
					t.Error("Parse took half a row")
				}
			}
			n, err := stream.Count(s.NDJSON(strings.NewReader(verdicts("gbgxg")), validate.Options{
				Stats: stats, Quarantine: stream.Discard[validate.Reject]("counted by Stats")}))
			if err != nil || n != 3 {
				t.Errorf("Count = %d, %v, want 3", n, err)
			}
			stats.ByCode()
		})
	}
	wg.Wait()
	require.EqualValues(t, 24, stats.Valid())
	require.EqualValues(t, 16, stats.Rejected())
}
