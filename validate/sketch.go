package validate

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/millrace-go/millrace/stream"
)

// Sketch is what a sample of rows says about their schema: a first look at unknown data, and a schema to begin
// with. It prints itself as a table.
type Sketch struct {
	Format   Format   // FormatNDJSON or FormatCSV; FormatAuto for dynamic rows
	Dialect  Dialect  // of CSV: its delimiter
	Rows     int64    // looked at, rejected ones not included
	Rejected int64    // could not be read: broken JSON, ragged CSV
	Columns  []Column // in order of first appearance; nested names are dotted
}

// Column is what a sample says about one field.
type Column struct {
	Name       string   // dotted where it is nested
	Kind       string   // "int64", "float64", "bool", "date", "time", "string", "array", "object", "null", or "mixed" (scalars of several kinds)
	Fits       float64  // share of the values that Kind can read, 0 to 1
	Values     int64    // neither null nor missing
	Null       int64    // null, or one of NullTokens
	Missing    int64    // rows without the field
	NullTokens []string // words for null that were seen: "null", "N/A", ""
	Min, Max   string   // of the values, as written; by number, by time or by bytes
	Examples   []string // the first distinct values, at most 3, cut at 64 bytes
}

// String prints the sketch as a table.
func (s *Sketch) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows sampled, %d unreadable\n", s.Rows, s.Rejected)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "field\tkind\tfits\tnull\tmissing\tmin\tmax\texamples")
	for _, c := range s.Columns {
		kind := c.Kind
		if len(c.NullTokens) > 0 {
			kind += fmt.Sprintf(" or %q", c.NullTokens)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", printable(c.Name), kind, percent(c.Fits),
			percent(ratio(c.Null, s.Rows)), percent(ratio(c.Missing, s.Rows)), printable(shorten(c.Min)), printable(shorten(c.Max)),
			printable(strings.Join(c.Examples, ", ")))
	}
	w.Flush()
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

func ratio(n, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// percent never prints a part as nothing or as all.
func percent(x float64) string {
	switch {
	case x == 0:
		return "0 %"
	case x == 1:
		return "100 %"
	case x < 0.001:
		return "<0.1 %"
	case x > 0.999:
		return ">99.9 %"
	}
	return fmt.Sprintf("%.1f %%", 100*x)
}

func shorten(s string) string {
	if len(s) <= 32 {
		return s
	}
	return string(cutText([]byte(s), 32)) + "..."
}

// printable keeps control characters of the data from breaking the table.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// Schema makes a schema of dynamic rows from the sketch: every column with a scalar kind, in its kind, required
// where no row was without it, null allowed where null was seen (or text, which CSV cannot tell from null).
// Columns of arrays and objects are left out; mixed ones are read as text. A row then has the fields that were
// not missing, as int64, float64, bool, time.Time, string or nil.
func (s *Sketch) Schema() (*Schema[stream.Row], error) {
	var fields []Field[stream.Row]
	values, nulls, groups := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, c := range s.Columns {
		values[c.Name] = c.scalar() && c.Kind != "null"
		nulls[c.Name] = c.Null > 0
		for i := range len(c.Name) {
			if c.Name[i] == '.' {
				groups[c.Name[:i]] = true
			}
		}
	}
	for _, c := range s.Columns {
		if !c.scalar() || c.below(values) || c.Kind == "null" && groups[c.Name] {
			continue
		}
		fields = append(fields, newRowField(c, c.below(nulls)))
	}
	return New(fields...)
}

func (c *Column) scalar() bool { return c.Kind != "array" && c.Kind != "object" }

// below reports whether the column is nested in one of the named ones.
func (c *Column) below(names map[string]bool) bool {
	for i := range len(c.Name) {
		if c.Name[i] == '.' && names[c.Name[:i]] {
			return true
		}
	}
	return false
}
