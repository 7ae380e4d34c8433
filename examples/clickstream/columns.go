package main

import (
	"fmt"
	"slices"
	"strings"
)

// columns says which column of the input plays which role. A role without a column is not played: the steps
// that need it are skipped, and the report says so.
type columns struct {
	id       []string // one or more columns that together name an event
	user     string
	kind     string // the event's type
	ts       string // event time
	ingested string // ingest time: among duplicates the latest wins
	updater  string // who changed the row: among duplicates of one ingest time a known one wins
}

// generatedColumns are those of the generated events, and of any input that comes without -columns.
var generatedColumns = columns{
	id: []string{"event_id"}, user: "user_id", kind: "event_type", ts: "ts", ingested: "ingested_at", updater: "updated_by",
}

var columnRoles = []string{"id", "user", "type", "ts", "ingested", "updater"}

// parseColumns reads "id=commit,user=author,type=type,ts=author_time". An id of several columns is written
// with plus signs: id=InvoiceNo+StockCode.
func parseColumns(text string) (columns, error) {
	var c columns
	seen := map[string]bool{}
	for item := range strings.SplitSeq(text, ",") {
		role, column, ok := strings.Cut(strings.TrimSpace(item), "=")
		if !ok || column == "" {
			return c, usagef("-columns: %q is not role=column", item)
		}
		if seen[role] {
			return c, usagef("-columns: role %q is mapped twice", role)
		}
		seen[role] = true
		switch role {
		case "id":
			c.id = strings.Split(column, "+")
			if slices.Contains(c.id, "") {
				return c, usagef("-columns: %q has an empty column name", item)
			}
			if len(c.id) > maxIDColumns {
				return c, usagef("-columns: id takes at most %d columns, got %d", maxIDColumns, len(c.id))
			}
		case "user":
			c.user = column
		case "type":
			c.kind = column
		case "ts":
			c.ts = column
		case "ingested":
			c.ingested = column
		case "updater":
			c.updater = column
		default:
			return c, usagef("-columns: unknown role %q, want one of %s", role, strings.Join(columnRoles, ", "))
		}
	}
	return c, c.check()
}

// textColumns are the columns read as text, each once, and timeColumns those read as times.
func (c columns) textColumns() []string {
	return distinct(append(slices.Clone(c.id), c.user, c.kind, c.updater))
}
func (c columns) timeColumns() []string { return distinct([]string{c.ts, c.ingested}) }

func distinct(names []string) []string {
	var out []string
	for _, name := range names {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// check refuses one column as a text and as a time: a schema reads a column once.
func (c columns) check() error {
	for _, column := range c.timeColumns() {
		if slices.Contains(c.textColumns(), column) {
			return usagef("-columns: column %q is mapped to a time (ts, ingested) and to a text (id, user, type, updater)", column)
		}
	}
	return nil
}

// String prints the mapping in the form of the flag.
func (c columns) String() string {
	var items []string
	for _, m := range [][2]string{{"id", strings.Join(c.id, "+")}, {"user", c.user}, {"type", c.kind}, {"ts", c.ts}, {"ingested", c.ingested}, {"updater", c.updater}} {
		if m[1] != "" {
			items = append(items, fmt.Sprintf("%s=%s", m[0], m[1]))
		}
	}
	return strings.Join(items, ",")
}
