package realdata

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/fixture"
)

// answers are those parts of the published answers that one file has.
type answers struct {
	Rows          int `json:"rows"`
	NullUsers     int `json:"null_users"`
	DistinctUsers int `json:"distinct_users"`
	CountByUser   struct {
		Groups int    `json:"groups"`
		SHA256 string `json:"sha256"`
	} `json:"count_by_user_type"`
	Sessions map[string]sessionAnswers `json:"sessions_30m"`

	DedupReviewerVendor dedupAnswers `json:"dedup_key_reviewer_vendor"`
	DedupInvoiceStock   dedupAnswers `json:"dedup_key_InvoiceNo_StockCode"`
	DedupPath           dedupAnswers `json:"dedup_key_path"`

	Quarantine map[string]struct {
		Rows   int    `json:"rows"`
		First  []int  `json:"first"`
		SHA256 string `json:"sha256_of_row_numbers_in_order"`
	} `json:"quarantine"`
}

type sessionAnswers struct {
	Sessions      int    `json:"sessions"`
	TotalLengthMS int64  `json:"total_length_ms"`
	SingleEvent   int    `json:"single_event_sessions"`
	LongestMS     int64  `json:"longest_ms"`
	MostEvents    int    `json:"most_events"`
	Events        int    `json:"events"`
	SHA256        string `json:"sha256"`
}

type dedupAnswers struct {
	Kept    int    `json:"kept"`
	Dropped int    `json:"dropped"`
	SHA256  string `json:"sha256"`
}

// load returns the path of an event file and its answers.
func load(t *testing.T, name string) (string, answers) {
	t.Helper()
	if testing.Short() {
		t.Skip("reads hundreds of thousands of rows several times")
	}
	text, err := os.ReadFile(fixture.Path(t, "data", "expected_events.json"))
	require.NoError(t, err)
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &all))
	var a answers
	require.True(t, all[name] != nil, "no answers for %s", name)
	require.NoError(t, json.Unmarshal(all[name], &a))
	return fixture.Path(t, "data", "events", name), a
}

// digest is the published form of a set of lines: sorted as bytes, each ended by one LF, SHA-256.
func digest(lines []string) string {
	slices.Sort(lines)
	return digestInOrder(lines)
}

func digestInOrder(lines []string) string {
	h := sha256.New()
	for _, line := range lines {
		h.Write([]byte(line))
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

func tabbed(fields ...string) string { return strings.Join(fields, "\t") }
