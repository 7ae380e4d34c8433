package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/fixture"
)

// published are the answers to one of the real event files.
type published struct {
	Rows          int64 `json:"rows"`
	DistinctUsers int64 `json:"distinct_users"`
	CountByUser   struct {
		Groups int64 `json:"groups"`
	} `json:"count_by_user_type"`
	Sessions map[string]struct {
		Sessions      int64 `json:"sessions"`
		TotalLengthMS int64 `json:"total_length_ms"`
	} `json:"sessions_30m"`
	Distinct map[string]int64 `json:"distinct"`
}

func realData(t *testing.T, name string) (string, published) {
	t.Helper()
	text, err := os.ReadFile(fixture.Path(t, "data", "expected_events.json"))
	require.NoError(t, err)
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &all))
	var p published
	require.NoError(t, json.Unmarshal(all[name], &p))
	return fixture.Path(t, "data", "events", name), p
}

// The main job over a user's own files, by -columns alone, prints the published answers.
func TestRealData(t *testing.T) {
	for _, tc := range []struct{ name, file, columns string }{
		{"retail", "online_retail_2010-12-01_2011-08-31.csv.gz", "user=CustomerID,type=Country,ts=InvoiceDate"},
		{"changes", "file_changes_pinot.csv.gz", "user=author,type=type,ts=author_time"},
		{"reviews", "vendor_reviews.csv.gz", "user=reviewerId,type=rating,ts=date"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.name != "retail" && testing.Short() {
				t.Skip("replaces more than a thousand date partitions of two datasets")
			}
			path, want := realData(t, tc.file)
			for boundary, rule := range map[string]string{"more": "new_session_when_gap_gt_30m", "atleast": "new_session_when_gap_ge_30m"} {
				if boundary == "atleast" && tc.name != "retail" {
					continue // internal/realdata holds both rules against these files, without the partitions
				}
				r := reported(t, "-out", t.TempDir(), "-columns", tc.columns, "-boundary", boundary, path)
				a := r.Answers
				require.Equal(t, want.Rows, a.Rows)
				require.Equal(t, want.Rows, a.Valid)
				require.Zero(t, a.Quarantined)
				require.Nil(t, a.Deduplicated)
				require.Contains(t, r.Skipped, skippedStep{"dedup", "no column is mapped to id"})
				require.Equal(t, want.CountByUser.Groups, *a.UserTypeGroups)
				require.Equal(t, want.DistinctUsers, a.DistinctUsers.Exact)
				require.InEpsilon(t, want.DistinctUsers, a.DistinctUsers.Estimated, 0.03)
				require.Equal(t, want.Sessions[rule].Sessions, *a.Sessions, boundary)
				require.Equal(t, want.Sessions[rule].TotalLengthMS, *a.SessionsTotalMS, boundary)
			}
		})
	}
}

// An id of one column or of several, with and without an ingest time: as many rows are kept as there are ids.
func TestRealData_dedup(t *testing.T) {
	for _, tc := range []struct {
		name, file, columns string
		kept                func(published, map[string]int64) int64
	}{
		{"commits", "file_changes_pinot.csv.gz", "id=commit,user=author,type=type,ingested=commit_time",
			func(p published, _ map[string]int64) int64 { return p.Distinct["commit"] }},
		{"paths", "file_changes_pinot.csv.gz", "id=path,user=author,ingested=commit_time",
			func(_ published, kept map[string]int64) int64 { return kept["dedup_key_path"] }},
		{"invoice_lines", "online_retail_2010-12-01_2011-08-31.csv.gz", "id=InvoiceNo+StockCode,user=CustomerID",
			func(_ published, kept map[string]int64) int64 { return kept["dedup_key_InvoiceNo_StockCode"] }},
		{"reviews_per_vendor", "vendor_reviews.csv.gz", "id=reviewerId+vendorId,user=reviewerId,type=rating",
			func(_ published, kept map[string]int64) int64 { return kept["dedup_key_reviewer_vendor"] }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path, want := realData(t, tc.file)
			r := reported(t, "-out", t.TempDir(), "-columns", tc.columns, path)
			kept := tc.kept(want, dedupKept(t, tc.file))
			require.NotZero(t, kept)
			require.Equal(t, kept, *r.Answers.Deduplicated)
			require.Equal(t, want.Rows-kept, *r.Answers.Duplicates)
			require.Nil(t, r.Answers.Sessions, "no event time is mapped")
		})
	}
}

// dedupKept are the rows kept of each published dedup of a file.
func dedupKept(t *testing.T, file string) map[string]int64 {
	t.Helper()
	text, err := os.ReadFile(fixture.Path(t, "data", "expected_events.json"))
	require.NoError(t, err)
	var all map[string]map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &all))
	kept := map[string]int64{}
	for name, raw := range all[file] {
		var d struct {
			Kept int64 `json:"kept"`
		}
		if json.Unmarshal(raw, &d) == nil && d.Kept > 0 {
			kept[name] = d.Kept
		}
	}
	return kept
}
