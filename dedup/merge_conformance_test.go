package dedup_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// mergeRow is a row of a case whose configuration merges fields: those stand apart, each with an address, in the order
// of their names.
type mergeRow struct {
	rest   caseRow
	fields [8]any // nil: null
	has    [8]bool
}

// mergeStage builds the deduplication of a configuration whose keep is merge.
func mergeStage(t *testing.T, s stream.Seq[caseRow], config map[string]any,
	stats *dedup.Stats, losers *[]dedup.Loser[caseRow],
) stream.Seq[caseRow] {
	ways := config["merge"].(map[string]any)
	var names []string
	for name := range ways {
		names = append(names, name)
	}
	slices.Sort(names)
	apart := func(r caseRow) (m mergeRow) {
		m.rest = caseRow{}
		for name, v := range r {
			if i := slices.Index(names, name); i >= 0 {
				m.fields[i], m.has[i] = v, true
			} else {
				m.rest[name] = v
			}
		}
		return m
	}
	whole := func(m mergeRow) caseRow {
		r := caseRow{}
		for name, v := range m.rest {
			r[name] = v
		}
		for i, name := range names {
			if m.has[i] || m.fields[i] != nil {
				r[name] = m.fields[i]
			}
		}
		return r
	}

	*losers = nil
	o := dedup.Options[mergeRow]{Keep: dedup.KeepMerge, Stats: stats}
	o.Losers = func(l dedup.Loser[mergeRow]) error {
		*losers = append(*losers, dedup.Loser[caseRow]{Row: whole(l.Row), Winner: whole(l.Winner), Position: l.Position, WinnerPosition: l.WinnerPosition})
		return nil
	}
	for i, name := range names {
		o.Merge = append(o.Merge, fieldReducer(t, i, ways[name].(string)))
	}
	by, _ := config["order_by"].([]any)
	for _, term := range by {
		term := term.(map[string]any)
		field, descends := term["field"].(string), term["dir"] == "desc"
		nullsFirst := term["nulls"] == "first"
		value := func(m mergeRow) any { return whole(m)[field] }
		compare := func(a, b mergeRow) int { return compareAny(value(a), value(b)) }
		o.By = append(o.By, dedup.Present(func(m mergeRow) bool { return (value(m) == nil) == nullsFirst }))
		if descends {
			o.By = append(o.By, dedup.MaxFunc(compare))
		} else {
			o.By = append(o.By, dedup.MinFunc(compare))
		}
	}
	fields := stringsOf(config["key"])
	key := func(m mergeRow) (k caseKey) {
		r := whole(m)
		for i, field := range fields {
			k[i] = keyPart(t, r, field)
		}
		return k
	}
	o.NullKey = func(m mergeRow) bool { k := key(m); return slices.Contains(k[:len(fields)], nil) }
	return stream.Map(dedup.Run(stream.Map(s, apart), key, o), whole)
}

// fieldReducer reads the way in which field number i is merged.
func fieldReducer(t *testing.T, i int, way string) dedup.Reducer[mergeRow] {
	field := func(m *mergeRow) *any { return &m.fields[i] }
	hasValue := func(m *mergeRow) bool { return m.fields[i] != nil }
	switch way {
	case "first":
		return dedup.First(field)
	case "first_non_null":
		return dedup.First(field).Where(hasValue)
	case "last", "latest":
		return dedup.Last(field)
	case "last_non_null", "latest_non_null":
		return dedup.Last(field).Where(hasValue)
	case "max":
		return dedup.GreatestFunc(field, compareAny).Where(hasValue)
	case "min":
		return dedup.LeastFunc(field, compareAny).Where(hasValue)
	case "sum":
		return dedup.Combine(field, func(a, b any) any { return a.(float64) + b.(float64) }).Where(hasValue)
	}
	require.FailNow(t, "unknown way to merge", way)
	return dedup.Reducer[mergeRow]{}
}
