package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// config is everything the job is told, checked before anything starts.
type config struct {
	inputs     []string // files in order; "-" is stdin; empty: generate
	format     string   // "auto", "ndjson", "csv" or "tsv"
	out        string   // directory
	quarantine string   // file
	columns    columns
	mapped     bool      // -columns was given: values are taken as they are written
	layouts    []string  // time layouts of package time, tried before the built-in ones
	from, to   time.Time // half-open range of event dates, UTC; zero: all dates seen
	gap        time.Duration
	atLeast    bool // a distance of exactly the gap starts a new session
	maxBad     float64
	minRows    int
	workers    int
	events     int
	seed       uint64
	json       bool
	log        bool
}

func (c config) ranged() bool { return !c.from.IsZero() }

const usageText = `clickstream turns a dirty stream of events into clean, deduplicated, sessionized, counted, partitioned Parquet.

  go run ./examples/clickstream [flags] [input ...]

Without inputs it generates events from a seed. An input is a file, a glob, or - for stdin; gzip and zstd are
recognised by content. Every flag can be set by a variable: -max-bad is MILLRACE_MAX_BAD. A flag wins over its
variable.

Steps: parse and quarantine, dedup (by id: latest ingested, then a known updater, then first seen), sessions per
user, counts per (user, type), distinct users per type, heavy hitters, Parquet by event date. A step whose column
is not mapped is skipped, and the report says so. Nothing is published before all steps are done.

events/ and sessions/ are replaced date by date: the dates of -from and -to, or those that the input has; other
dates stay as they are. Sessions are found over the whole input and belong to the date on which they start. The
tables and the quarantine are those of this run.

Exit codes: 0 done, 2 bad usage, 3 missing input, 4 too many bad rows, 5 corrupt input, 6 I/O failure,
130 interrupted, 1 anything else.

Flags:
`

// parseFlags reads arguments and environment into a checked config. It returns flag.ErrHelp for -h.
func parseFlags(args []string, getenv func(string) string, help io.Writer) (config, error) {
	var (
		c                                            config
		in, columnsText, layouts, from, to, boundary string
	)
	flags := flag.NewFlagSet("clickstream", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&in, "in", "", "input files and globs, comma-separated; - is stdin (also as plain arguments)")
	flags.StringVar(&c.format, "format", "auto", "auto (by file name, else by content), ndjson, csv (any of , ; | or tab between fields) or tsv")
	flags.StringVar(&c.out, "out", "clickstream-out", "output `directory`")
	flags.StringVar(&c.quarantine, "quarantine", "", "`file` for rejected rows, NDJSON (default: quarantine.ndjson in -out)")
	flags.StringVar(&columnsText, "columns", "", "role=column,... with the roles id, user, type, ts, ingested, updater;\nid=a+b for an id of several columns (default: those of the generated events)")
	flags.StringVar(&layouts, "layouts", "", "time layouts in Go's notation, separated by |, tried before RFC 3339 and 2006-01-02[ 15:04[:05]];\nunix, unixms, unixus, unixns for numbers")
	flags.StringVar(&from, "from", "", "first event `date` to process and replace, 2026-01-02, UTC, included")
	flags.StringVar(&to, "to", "", "first event `date` no longer processed, excluded")
	flags.DurationVar(&c.gap, "gap", 30*time.Minute, "inactivity that ends a session")
	flags.StringVar(&boundary, "boundary", "more", "a new session starts when the distance is: more (than the gap) or atleast (the gap)")
	flags.Float64Var(&c.maxBad, "max-bad", 0.05, "largest ratio of bad rows, 0 to 1")
	flags.IntVar(&c.minRows, "min-rows", 1000, "rows before the ratio is judged; it is always judged at the end")
	flags.IntVar(&c.workers, "workers", runtime.GOMAXPROCS(0), "steps after the parse that run at once; the output is the same for any number")
	flags.IntVar(&c.events, "events", 1_000_000, "events to generate when there is no input")
	flags.Uint64Var(&c.seed, "seed", 1, "seed of the generated events")
	flags.BoolVar(&c.json, "json", false, "print the report as one JSON object")
	flags.BoolVar(&c.log, "log", false, "log stage starts, completions and failures to stderr as JSON")

	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(help, usageText)
			flags.SetOutput(help)
			flags.PrintDefaults()
			return c, err
		}
		return c, usagef("%v", err)
	}
	if err := fromEnvironment(flags, getenv); err != nil {
		return c, err
	}
	return c, c.resolve(flags.Args(), in, columnsText, layouts, from, to, boundary)
}

// fromEnvironment sets the flags that were not given from their variables.
func fromEnvironment(flags *flag.FlagSet, getenv func(string) string) error {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var first error
	flags.VisitAll(func(f *flag.Flag) {
		name := "MILLRACE_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if f.Name == "in" && flags.NArg() > 0 {
			return // inputs were given as arguments
		}
		if text := getenv(name); text != "" && !given[f.Name] && first == nil {
			if err := flags.Set(f.Name, text); err != nil {
				first = usagef("invalid value %q for %s: %v", text, name, err)
			}
		}
	})
	return first
}

// resolve checks the texts and what the flags say together.
func (c *config) resolve(args []string, in, columnsText, layouts, from, to, boundary string) error {
	var err error
	if in != "" {
		var named []string
		for name := range strings.SplitSeq(in, ",") {
			named = append(named, strings.TrimSpace(name))
		}
		args = append(named, args...)
	}
	if c.inputs, err = expand(args); err != nil {
		return err
	}
	c.columns = generatedColumns
	if columnsText != "" {
		c.mapped = true
		if c.columns, err = parseColumns(columnsText); err != nil {
			return err
		}
		if len(c.inputs) == 0 {
			return usagef("-columns: needs an input, the generated events have their own columns")
		}
	}
	if layouts != "" {
		c.layouts = strings.Split(layouts, "|")
		units := 0
		for _, layout := range c.layouts {
			if _, epoch := epochUnits[layout]; epoch {
				units++
			}
			if _, epoch := epochUnits[layout]; !epoch && time.Unix(1e9, 5).UTC().Format(layout) == layout {
				return usagef("-layouts: %q has no part of a time; write the time 2006-01-02 15:04:05 the way the file does", layout)
			}
		}
		if units > 1 {
			return usagef("-layouts: numbers count in one unit, got %s", layouts)
		}
	}
	if c.from, c.to, err = parseRange(from, to); err != nil {
		return err
	}
	if c.ranged() && c.columns.ts == "" {
		return usagef("-from and -to: need a column mapped to ts")
	}
	switch boundary {
	case "more":
	case "atleast":
		c.atLeast = true
	default:
		return usagef("-boundary: want more or atleast, got %q", boundary)
	}
	switch c.format {
	case "auto", "ndjson", "csv", "tsv":
	default:
		return usagef("-format: want auto, ndjson, csv or tsv, got %q", c.format)
	}
	if _, err := inputFormat(*c); err != nil {
		return err
	}
	switch {
	case c.gap <= 0:
		return usagef("-gap: must be positive, got %v", c.gap)
	case !(c.maxBad >= 0 && c.maxBad <= 1):
		return usagef("-max-bad: must be from 0 to 1, got %v", c.maxBad)
	case c.minRows < 0:
		return usagef("-min-rows: must not be negative, got %d", c.minRows)
	case c.workers < 1:
		return usagef("-workers: must be positive, got %d", c.workers)
	case c.events < 1:
		return usagef("-events: must be positive, got %d", c.events)
	case c.out == "":
		return usagef("-out: must name a directory")
	}
	if c.quarantine == "" {
		c.quarantine = filepath.Join(c.out, "quarantine.ndjson")
	}
	if c.mapped {
		format, err := inputFormat(*c)
		if err != nil {
			return err
		}
		if _, err := mappedSchema(c.columns, c.layouts, format); err != nil {
			return usagef("-columns and -layouts: %v", err)
		}
	}
	if dir := filepath.Dir(c.quarantine); dir != filepath.Clean(c.out) {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return usagef("-quarantine: directory %s does not exist", dir)
		}
	}
	return nil
}

// expand resolves globs, keeping the order of the arguments. A plain name is kept, there or not.
func expand(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		switch {
		case arg == "":
			return nil, usagef("-in: empty file name")
		case arg == "-":
			if len(args) > 1 {
				return nil, usagef("-in: stdin (-) must be the only input")
			}
			files = append(files, arg)
		case strings.ContainsAny(arg, "*?[") && !exists(arg):
			// Glob sorts, so the order of files is the same everywhere.
			found, err := filepath.Glob(arg)
			if err != nil {
				return nil, usagef("-in: bad glob %q: %v", arg, err)
			}
			if len(found) == 0 {
				return nil, &missingInputError{arg}
			}
			files = append(files, found...)
		default:
			files = append(files, arg)
		}
	}
	return files, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// parseRange reads the two dates. Both or none are given; an empty or reversed range is a mistake, for
// it would replace nothing and look like success.
func parseRange(from, to string) (time.Time, time.Time, error) {
	var none time.Time
	if from == "" && to == "" {
		return none, none, nil
	}
	if from == "" || to == "" {
		return none, none, usagef("-from and -to: give both or none")
	}
	first, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return none, none, usagef("-from: want a date such as 2026-01-02, got %q", from)
	}
	last, err := time.Parse(time.DateOnly, to)
	if err != nil {
		return none, none, usagef("-to: want a date such as 2026-01-02, got %q", to)
	}
	if !first.Before(last) {
		return none, none, usagef("-from %s -to %s: the range is half-open and must hold at least one day", from, to)
	}
	if days := last.Sub(first) / (24 * time.Hour); days > maxRangeDays {
		return none, none, usagef("-from %s -to %s: %s days, at most %d at once", from, to, strconv.Itoa(int(days)), maxRangeDays)
	}
	return first, last, nil
}

// maxRangeDays bounds how many partitions one run may be asked to replace: a hundred years.
const maxRangeDays = 36_525
