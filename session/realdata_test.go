package session_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/fixture"
	"github.com/millrace-go/millrace/session"
)

// expectedSessions are the published answers for one file and one convention.
type expectedSessions struct {
	Sessions            int
	TotalLengthMS       int64 `json:"total_length_ms"`
	SingleEventSessions int   `json:"single_event_sessions"`
	LongestMS           int64 `json:"longest_ms"`
	MostEvents          int   `json:"most_events"`
	Events              int
	SHA256              string
}

// Real event files, out of time order and with many ties at the minute, in both conventions: each figure and
// the hash over all sessions must be those that others computed.
func TestRealData(t *testing.T) {
	raw, err := os.ReadFile(fixture.Path(t, "data", "expected_events.json"))
	require.NoError(t, err)
	var expected map[string]struct {
		Sessions map[string]expectedSessions `json:"sessions_30m"`
	}
	require.NoError(t, json.Unmarshal(raw, &expected))

	for _, file := range []struct {
		name     string
		user, at string
		layout   string
	}{
		{"vendor_reviews.csv.gz", "reviewerId", "date", "2006-01-02 15:04"},
		{"online_retail_2010-12-01_2011-08-31.csv.gz", "CustomerID", "InvoiceDate", time.DateTime},
		{"file_changes_pinot.csv.gz", "author", "author_time", time.RFC3339},
	} {
		t.Run(file.name, func(t *testing.T) {
			events := readClicks(t, fixture.Path(t, "data", "events", file.name), file.user, file.at, file.layout)
			sorted := slices.Clone(events)
			slices.SortStableFunc(sorted, func(a, b click) int { return a.at.Compare(b.at) })
			for convention, atLeast := range map[string]bool{"new_session_when_gap_gt_30m": false, "new_session_when_gap_ge_30m": true} {
				want, ok := expected[file.name].Sessions[convention]
				require.True(t, ok, convention)
				var stats session.Stats
				o := session.Options[click]{AtLeast: atLeast, NullKey: nullUser, Stats: &stats}
				got, err := drain(session.Intervals(of(events...), 30*time.Minute, userOf, atOf, o))
				require.NoError(t, err)
				require.Equal(t, want, summarise(got), convention)
				require.EqualValues(t, len(events), int64(want.Events)+stats.NullKeys, convention)

				folded, err := drain(plain(session.Run(of(events...), 30*time.Minute, userOf, atOf, sum(), o)))
				require.NoError(t, err)
				require.True(t, slices.Equal(got, folded), convention)

				o.Ordered = true
				inOrder, err := drain(session.Intervals(of(sorted...), 30*time.Minute, userOf, atOf, o))
				require.NoError(t, err)
				require.True(t, slices.Equal(got, inOrder), convention)
			}
		})
	}
}

func readClicks(t *testing.T, name, user, at, layout string) (out []click) {
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	r := csv.NewReader(z)
	header, err := r.Read()
	require.NoError(t, err)
	u, a := slices.Index(header, user), slices.Index(header, at)
	require.True(t, u >= 0 && a >= 0, "%v", header)
	for {
		row, err := r.Read()
		if err == io.EOF {
			return out
		}
		require.NoError(t, err)
		when, err := time.Parse(layout, row[a])
		require.NoError(t, err)
		out = append(out, click{user: row[u], at: when})
	}
}

// summarise computes the published figures. The hash is over lines "user TAB start_ms TAB end_ms TAB events",
// sorted as bytes, each ended by LF.
func summarise(got []session.Session[string]) expectedSessions {
	var e expectedSessions
	lines := make([]string, 0, len(got))
	for _, s := range got {
		length := s.Length().Milliseconds()
		e.Sessions++
		e.TotalLengthMS += length
		e.LongestMS = max(e.LongestMS, length)
		e.MostEvents = max(e.MostEvents, s.Events)
		e.Events += s.Events
		if s.Events == 1 {
			e.SingleEventSessions++
		}
		lines = append(lines, fmt.Sprintf("%s\t%d\t%d\t%d\n", s.Key, s.Start.UnixMilli(), s.End.UnixMilli(), s.Events))
	}
	slices.Sort(lines)
	h := sha256.New()
	for _, line := range lines {
		_, _ = io.WriteString(h, line)
	}
	e.SHA256 = hex.EncodeToString(h.Sum(nil))
	return e
}
