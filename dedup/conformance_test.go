package dedup_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/internal/fixture"
	"github.com/millrace-go/millrace/stream"
)

// The conformance cases are neutral data: input rows, a configuration, the expected survivors. Everything
// here is driven by the configuration, nothing by the name of a case, so that cases never seen before run too.

type caseFile struct {
	Format string            `json:"format"`
	Cases  []json.RawMessage `json:"cases"`
}

type conformanceCase struct {
	ID            string            `json:"id"`
	Config        map[string]any    `json:"config"`
	Input         []json.RawMessage `json:"input"`
	Expect        []map[string]any  `json:"expect"`
	Order         string            `json:"order"`
	Permute       bool              `json:"permute"`
	ExpectStats   map[string]any    `json:"expect_stats"`
	ExpectError   map[string]any    `json:"expect_error"`
	ExpectChanges []any             `json:"expect_changes"`
	ExpectSizes   []int             `json:"expect_state_sizes"`
	SnapshotAfter []int             `json:"snapshot_after"`
}

// caseRow is a row of a case, and caseKey its key: null is nil, and equal to itself.
type (
	caseRow map[string]any
	caseKey [4]any
)

func TestConformance(t *testing.T) {
	raw, err := os.ReadFile(fixture.Path(t, "cases", "dedup_cases.json"))
	require.NoError(t, err)
	var file caseFile
	require.NoError(t, json.Unmarshal(raw, &file))
	require.Equal(t, "stream-dedup-cases/1", file.Format)
	require.NotEmpty(t, file.Cases)

	ran, outOfReach := 0, map[string][]string{}
	for _, rawCase := range file.Cases {
		var c conformanceCase
		require.NoError(t, json.Unmarshal(rawCase, &c))
		blocking := c.features()
		for _, feature := range blocking {
			outOfReach[feature] = append(outOfReach[feature], c.ID)
		}
		if len(blocking) > 0 {
			continue
		}
		ran++
		t.Run(c.ID, func(t *testing.T) {
			if c.needsState() {
				c.runState(t)
				return
			}
			c.run(t)
		})
	}
	t.Logf("%d of %d cases ran, %d of them in two passes as well", ran, len(file.Cases), len(twoPassCases))
	for feature, ids := range outOfReach {
		t.Logf("out of reach of this version: %s: %d (%s)", feature, len(ids), strings.Join(ids, " "))
	}
}

// knownConfig are the configuration keys that run understands.
var knownConfig = []string{"key", "keep", "order_by", "final_tie", "null_key", "output_order", "order", "fingerprint", "on_conflict", "chain", "emit", "merge",
	"input", "ttl", "ttl_refresh", "watermark"}

// features lists what the case needs and this version has not, so that the case cannot run.
func (c *conformanceCase) features() (blocking []string) {
	for name := range c.Config {
		if !slices.Contains(knownConfig, name) {
			blocking = append(blocking, "config "+name)
		}
	}
	slices.Sort(blocking)
	return blocking
}

func (c *conformanceCase) run(t *testing.T) {
	var rows []caseRow
	for _, raw := range c.Input {
		var row caseRow
		require.NoError(t, json.Unmarshal(raw, &row))
		rows = append(rows, row)
	}
	stages := []map[string]any{c.Config}
	if chain, ok := c.Config["chain"].([]any); ok {
		stages = nil
		for _, stage := range chain {
			stages = append(stages, stage.(map[string]any))
		}
	}
	check := func(rows []caseRow, exact bool) {
		s := stream.Of(rows...)
		stats := make([]dedup.Stats, len(stages))
		rejected := make([]int, len(stages))
		losers := make([][]dedup.Loser[caseRow], len(stages))
		for i, stage := range stages {
			s = runStage(t, s, stage, rows, &stats[i], &losers[i], &rejected[i])
		}
		got, err := stream.Collect(s)
		if c.ExpectError != nil {
			checkError(t, c.ExpectError, err)
			return
		}
		require.NoError(t, err)
		want := jsonLines(t, c.Expect)
		have := jsonLines(t, got)
		if !exact {
			slices.Sort(want)
			slices.Sort(have)
		}
		require.Equal(t, want, have)
		for i := range stages {
			require.EqualValues(t, len(losers[i]), stats[i].Dropped, "losers delivered == dropped")
			require.Equal(t, stats[i].In, stats[i].Out+stats[i].Dropped+stats[i].RejectedNull)
		}
		checkStats(t, c.ExpectStats, stats, rejected)
		if len(stages) == 1 && stages[0]["keep"] != "merge" {
			checkTwoPass(t, stages[0], rows, want, stats[0])
		}
	}
	check(rows, c.Order == "exact")

	// A case that says so, and one whose order is total, must not depend on the order of its input.
	if c.Permute || c.Config["final_tie"] == "total_order" {
		permutations(rows, func(p []caseRow) { check(p, false) })
	}
}

// runStage builds one deduplication from its configuration.
func runStage(t *testing.T, s stream.Seq[caseRow], config map[string]any, rows []caseRow,
	stats *dedup.Stats, losers *[]dedup.Loser[caseRow], rejected *int,
) stream.Seq[caseRow] {
	if config["keep"] == "merge" {
		return mergeStage(t, s, config, stats, losers)
	}
	key, o := stageOptions(t, config, rows, stats, losers, rejected)
	switch order := config["order"]; order {
	case nil:
		return dedup.Run(s, key, o)
	case "sorted_by_key":
		return dedup.Sorted(s, key, compareCaseKeys, o)
	default:
		t.Fatalf("unknown order %v", order)
	}
	return nil
}

// stageOptions reads a configuration.
func stageOptions(t *testing.T, config map[string]any, rows []caseRow,
	stats *dedup.Stats, losers *[]dedup.Loser[caseRow], rejected *int,
) (func(caseRow) caseKey, dedup.Options[caseRow]) {
	fields := stringsOf(config["key"])
	require.LessOrEqual(t, len(fields), len(caseKey{}))
	key := func(r caseRow) (k caseKey) {
		for i, field := range fields {
			k[i] = keyPart(t, r, field)
		}
		return k
	}
	*losers = nil
	o := dedup.Options[caseRow]{Stats: stats, Losers: stream.Into(losers)}

	switch keep := config["keep"]; keep {
	case "first", "best", nil:
	case "last":
		o.Tie = dedup.TieLast
	case "none":
		o.Keep = dedup.KeepNone
	default:
		t.Fatalf("unknown keep %v", keep)
	}
	if config["keep"] == "best" {
		by, _ := config["order_by"].([]any)
		for _, term := range by {
			o.By = append(o.By, comparators(t, term.(map[string]any), rows)...)
		}
		switch tie := config["final_tie"]; tie {
		case "earliest_arrival", nil:
		case "latest_arrival":
			o.Tie = dedup.TieLast
		case "total_order":
			o.Tie = dedup.TieFail
			o.Same = func(a, b caseRow) bool { return jsonText(t, a) == jsonText(t, b) }
		default:
			t.Fatalf("unknown final_tie %v", tie)
		}
	}

	hasNull := func(r caseRow) bool {
		k := key(r)
		return slices.Contains(k[:len(fields)], nil)
	}
	switch policy := config["null_key"]; policy {
	case "distinct", nil:
		o.NullKey = hasNull
	case "equal":
		// With several fields the others still tell null keys apart: nil is then a value like any other.
		if len(fields) == 1 {
			o.NullKey, o.NullKeys = hasNull, dedup.NullsEqual
		}
	case "reject":
		o.NullKey, o.NullKeys = hasNull, dedup.NullsReject
		o.Rejects = func(dedup.Reject[caseRow]) error { *rejected++; return nil }
	default:
		t.Fatalf("unknown null_key %v", policy)
	}

	switch order := config["output_order"]; order {
	case "first_seen", nil:
	case "winner_position":
		o.Order = dedup.OrderWinner
	default:
		t.Fatalf("unknown output_order %v", order)
	}
	if fingerprint, ok := config["fingerprint"]; ok {
		o.Same = func(a, b caseRow) bool {
			for _, field := range stringsOf(fingerprint) {
				if jsonText(t, a[field]) != jsonText(t, b[field]) {
					return false
				}
			}
			return true
		}
	}
	switch policy := config["on_conflict"]; policy {
	case "report", nil:
	case "error":
		o.Tie = dedup.TieFail
	default:
		t.Fatalf("unknown on_conflict %v", policy)
	}

	return key, o
}

var floorField = regexp.MustCompile(`^floor\((\w+)/(\d+)\)$`)

// keyPart returns one field of a key, plain or computed. Lists and objects become their text: a key must be
// comparable.
func keyPart(t *testing.T, r caseRow, field string) any {
	if m := floorField.FindStringSubmatch(field); m != nil {
		width, err := strconv.ParseFloat(m[2], 64)
		require.NoError(t, err)
		v, ok := r[m[1]].(float64)
		if !ok {
			return nil
		}
		return math.Floor(v / width)
	}
	switch v := r[field].(type) {
	case nil, string, bool, float64:
		return v
	default:
		return jsonText(t, v)
	}
}

// comparators turns one term of order_by into comparators, by the kind of the values it finds.
func comparators(t *testing.T, term map[string]any, rows []caseRow) []dedup.Comparator[caseRow] {
	field := term["field"].(string)
	if prefer, ok := term["prefer"]; ok {
		require.Equal(t, "non_null", prefer)
		return []dedup.Comparator[caseRow]{dedup.Present(func(r caseRow) bool { return r[field] != nil }).Named(field)}
	}
	isDescending := term["dir"] == "desc"
	if !isDescending {
		require.Contains(t, []any{"asc", nil}, term["dir"])
	}
	nullsFirst := term["nulls"] == "first"
	if !nullsFirst {
		require.Contains(t, []any{"last", nil}, term["nulls"])
	}

	kinds := map[string]bool{}
	for _, r := range rows {
		if v := r[field]; v != nil {
			kinds[fmt.Sprintf("%T", v)] = true
		}
	}
	var c dedup.Comparator[caseRow]
	switch {
	case len(kinds) == 1 && kinds["float64"]:
		c = ordered(optional[float64](field), isDescending)
	case len(kinds) <= 1 && (kinds["string"] || len(kinds) == 0):
		c = ordered(optional[string](field), isDescending)
	default:
		// Lists, booleans and mixtures have no accessor: an order of our own, with nulls as a rule before it.
		null := dedup.Present(func(r caseRow) bool { return (r[field] == nil) == nullsFirst })
		compare := func(a, b caseRow) int { return compareAny(a[field], b[field]) }
		if isDescending {
			return []dedup.Comparator[caseRow]{null, dedup.MaxFunc(compare).Named(field)}
		}
		return []dedup.Comparator[caseRow]{null, dedup.MinFunc(compare).Named(field)}
	}
	if nullsFirst {
		c = c.NullsFirst()
	}
	return []dedup.Comparator[caseRow]{c.Named(field)}
}

func optional[V any](field string) func(caseRow) stream.Opt[V] {
	return func(r caseRow) stream.Opt[V] {
		v, ok := r[field]
		switch {
		case !ok:
			return stream.Missing[V]()
		case v == nil:
			return stream.Null[V]()
		}
		return stream.Present(v.(V))
	}
}

func ordered[V cmp.Ordered](of func(caseRow) stream.Opt[V], isDescending bool) dedup.Comparator[caseRow] {
	if isDescending {
		return dedup.MaxOpt(of)
	}
	return dedup.MinOpt(of)
}

// compareAny orders JSON values: null, false, true, numbers, strings, lists by their elements, objects by text.
func compareAny(a, b any) int {
	rank := func(v any) int {
		switch v := v.(type) {
		case nil:
			return 0
		case bool:
			if v {
				return 2
			}
			return 1
		case float64:
			return 3
		case string:
			return 4
		case []any:
			return 5
		}
		return 6
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch a := a.(type) {
	case float64:
		return cmp.Compare(a, b.(float64))
	case string:
		return cmp.Compare(a, b.(string))
	case []any:
		return slices.CompareFunc(a, b.([]any), compareAny)
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

func compareCaseKeys(a, b caseKey) int { return slices.CompareFunc(a[:], b[:], compareAny) }

func checkError(t *testing.T, want map[string]any, err error) {
	require.Error(t, err)
	require.ErrorIs(t, err, stream.ErrConflict)
	switch want["kind"] {
	case "out_of_order":
		var order *dedup.OrderError
		require.ErrorAs(t, err, &order)
		key := func(k any) any {
			if k == nil {
				return nil
			}
			return k.(caseKey)[0]
		}
		require.EqualValues(t, want["prev_index"], order.PrevPosition)
		require.EqualValues(t, want["index"], order.Position)
		require.Equal(t, want["prev_key"], key(order.PrevKey))
		require.Equal(t, want["key"], key(order.Key))
	case "tie", "conflict":
		var tie *dedup.TieError
		require.ErrorAs(t, err, &tie)
	default:
		t.Fatalf("unknown kind of error %v, got %v", want["kind"], err)
	}
}

func checkStats(t *testing.T, want map[string]any, stats []dedup.Stats, rejected []int) {
	first, last := stats[0], stats[len(stats)-1]
	for name, v := range want {
		var got any
		switch name {
		case "in":
			got = first.In
		case "out":
			got = last.Out
		case "dropped":
			got = first.In - last.Out - first.RejectedNull - first.Late - first.Tombstones - first.Deleted
		case "dropped_per_stage":
			var per []any
			for _, s := range stats {
				per = append(per, float64(s.Dropped))
			}
			require.Equal(t, v, any(per))
			continue
		case "identical_duplicates":
			got = first.Identical
		case "conflicting_duplicates":
			got = first.Conflicting
		case "null_key", "null_keys":
			got = first.NullKeys
		case "rejected", "rejected_null", "null_key_rejected":
			require.EqualValues(t, v, rejected[0])
			got = first.RejectedNull
		case "late":
			got = first.Late
		default:
			t.Fatalf("unknown statistic %q", name)
		}
		require.EqualValues(t, v, got, name)
	}
}

func stringsOf(v any) (out []string) {
	list, _ := v.([]any)
	for _, s := range list {
		out = append(out, s.(string))
	}
	return out
}

func jsonText(t *testing.T, v any) string {
	var b bytes.Buffer
	require.NoError(t, json.NewEncoder(&b).Encode(v)) // map keys come out sorted
	return strings.TrimSpace(b.String())
}

func jsonLines[T any](t *testing.T, rows []T) []string {
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = jsonText(t, r)
	}
	return lines
}

// permutations visits every order of the rows, up to seven of them; of more rows, every rotation, and each
// of them reversed.
func permutations(rows []caseRow, visit func([]caseRow)) {
	if len(rows) > 7 {
		for i := range rows {
			p := append(slices.Clone(rows[i:]), rows[:i]...)
			visit(p)
			slices.Reverse(p)
			visit(p)
		}
		return
	}
	var walk func(prefix, rest []caseRow)
	walk = func(prefix, rest []caseRow) {
		if len(rest) == 0 {
			visit(prefix)
			return
		}
		for i := range rest {
			left := append(slices.Clone(rest[:i]), rest[i+1:]...)
			walk(append(slices.Clone(prefix), rest[i]), left)
		}
	}
	walk(nil, rows)
}
