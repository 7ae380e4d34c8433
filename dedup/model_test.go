package dedup_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// The model is deduplication as a ten-line textbook would have it: gather the rows of each key, sort them
// from best to worst, keep the first. It shares no code with the package: a rule has a rank, where the
// package has a comparator.

// reading is the row of the random tests: a measurement, delivered more than once.
type reading struct {
	Sensor string
	Port   int
	Null   bool // no key
	At     int  // minutes
	Value  float64
	Source stream.Opt[string]
	Level  stream.Opt[int]
	Serial int // unique within an input
}

type readingKey struct {
	Sensor string
	Port   int
}

func (r reading) Key() readingKey { return readingKey{r.Sensor, r.Port} }
func (r reading) IsNull() bool    { return r.Null }
func (r reading) Time() time.Time {
	// Zones differ from row to row: instants must decide.
	return time.Date(2024, 3, 1, 0, r.At, 0, 0, time.UTC).In(time.FixedZone("", 3600*(r.Serial%5)))
}

func compareKeys(a, b readingKey) int {
	return cmp.Or(cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.Port, b.Port))
}

// sameReading compares all but the serial number, which the delivery adds.
func sameReading(a, b reading) bool {
	a.Serial, b.Serial = 0, 0
	return fmt.Sprint(a) == fmt.Sprint(b) // a NaN equals itself in print
}

// rule pairs a comparator with the rank that a row has by it: the greater rank is better.
type rule struct {
	name       string
	comparator dedup.Comparator[reading]
	rank       func(reading) [2]float64
}

func value(o stream.Opt[int], absent float64) [2]float64 {
	if v, ok := o.Get(); ok {
		return [2]float64{0, float64(v)}
	}
	return [2]float64{absent, 0}
}

func negate(r [2]float64) [2]float64 { return [2]float64{r[0], -r[1]} }

func number(v float64) [2]float64 {
	if math.IsNaN(v) {
		return [2]float64{-1, 0}
	}
	return [2]float64{0, v}
}

func flag(b bool) [2]float64 {
	if b {
		return [2]float64{1, 0}
	}
	return [2]float64{}
}

var rules = []rule{
	{"Latest", dedup.Latest(reading.Time), func(r reading) [2]float64 { return number(float64(r.At)) }},
	{"Earliest", dedup.Earliest(reading.Time), func(r reading) [2]float64 { return negate(number(float64(r.At))) }},
	{"Max", dedup.Max(func(r reading) float64 { return r.Value }), func(r reading) [2]float64 { return number(r.Value) }},
	{"Min", dedup.Min(func(r reading) float64 { return r.Value }), func(r reading) [2]float64 { return negate(number(r.Value)) }},
	{"Present", dedup.Present(func(r reading) bool { return r.Source.IsPresent() }), func(r reading) [2]float64 { return flag(r.Source.IsPresent()) }},
	{"MaxOpt", dedup.MaxOpt(readingLevel), func(r reading) [2]float64 { return value(r.Level, -1) }},
	{"MinOpt", dedup.MinOpt(readingLevel), func(r reading) [2]float64 { return negate(value(r.Level, -1)) }},
	{"MaxOptNullsFirst", dedup.MaxOpt(readingLevel).NullsFirst(), func(r reading) [2]float64 { return value(r.Level, 1) }},
	{"MinOptNullsFirst", dedup.MinOpt(readingLevel).NullsFirst(), func(r reading) [2]float64 { return negate(value(r.Level, 1)) }},
	{"LatestOpt", dedup.LatestOpt(levelTime), func(r reading) [2]float64 { return value(r.Level, -1) }},
	{"EarliestOptNullsFirst", dedup.EarliestOpt(levelTime).NullsFirst(), func(r reading) [2]float64 { return negate(value(r.Level, 1)) }},
	{"MaxFunc", dedup.MaxFunc(func(a, b reading) int { return cmp.Compare(a.At%3, b.At%3) }), func(r reading) [2]float64 { return number(float64(r.At % 3)) }},
	{"MinFunc", dedup.MinFunc(func(a, b reading) int { return cmp.Compare(a.At%3, b.At%3) }), func(r reading) [2]float64 { return negate(number(float64(r.At % 3))) }},
}

// total is a rule that no two rows of an input tie by.
var total = rule{"serial", dedup.Max(func(r reading) int { return r.Serial }).Named("serial"), func(r reading) [2]float64 { return number(float64(r.Serial)) }}

func readingLevel(r reading) stream.Opt[int] { return r.Level }

func levelTime(r reading) stream.Opt[time.Time] {
	if v, ok := r.Level.Get(); ok {
		return stream.Present(time.Unix(int64(v), 0))
	}
	if r.Serial%2 == 0 {
		return stream.Missing[time.Time]()
	}
	return stream.Null[time.Time]()
}

// program is one random deduplication.
type program struct {
	rows  []reading
	rules []rule
	o     dedup.Options[reading] // without sinks, Stats and By
}

func (p program) options() dedup.Options[reading] {
	o := p.o
	for _, r := range p.rules {
		o.By = append(o.By, r.comparator)
	}
	return o
}

// answer is what the model says: survivors in order, and whether the best rows of some key tie.
type answer struct {
	survivors []reading
	rejected  int
	ambiguous bool
}

// better is negative where x is better, 0 where no rule can tell.
func (p program) better(x, y reading) int {
	for _, r := range p.rules {
		rx, ry := r.rank(x), r.rank(y)
		if c := cmp.Or(cmp.Compare(ry[0], rx[0]), cmp.Compare(ry[1], rx[1])); c != 0 {
			return c
		}
	}
	return 0
}

func (p program) model() answer {
	type row struct {
		reading
		at int
	}
	groups, first := map[string][]row{}, map[string]int{}
	var a answer
	for i, r := range p.rows {
		name := fmt.Sprintf("key %q %d", r.Sensor, r.Port)
		if r.Null && p.o.NullKey != nil {
			switch p.o.NullKeys {
			case dedup.NullsReject:
				a.rejected++
				continue
			case dedup.NullsEqual:
				name = "null"
			case dedup.NullsDistinct:
				name = fmt.Sprintf("null %d", i)
			}
		}
		if _, seen := first[name]; !seen {
			first[name] = i
		}
		groups[name] = append(groups[name], row{r, i})
	}

	better := func(x, y row) int { return p.better(x.reading, y.reading) }
	type survivor struct {
		reading
		place int
	}
	var out []survivor
	for name, group := range groups {
		if p.o.Keep == dedup.KeepNone && len(group) > 1 {
			continue
		}
		slices.SortStableFunc(group, func(x, y row) int {
			if c := better(x, y); c != 0 {
				return c
			}
			if p.o.Tie == dedup.TieLast {
				return cmp.Compare(y.at, x.at)
			}
			return cmp.Compare(x.at, y.at)
		})
		winner := group[0]
		for _, other := range group[1:] {
			if better(winner, other) == 0 && !(p.o.Same != nil && p.o.Same(other.reading, winner.reading)) {
				a.ambiguous = a.ambiguous || p.o.Tie == dedup.TieFail
			}
		}
		place := first[name]
		if p.o.Order == dedup.OrderWinner {
			place = winner.at
		}
		out = append(out, survivor{winner.reading, place})
	}
	slices.SortFunc(out, func(x, y survivor) int { return cmp.Compare(x.place, y.place) })
	for _, s := range out {
		a.survivors = append(a.survivors, s.reading)
	}
	return a
}

// drawRows draws rows with few keys and few values, so that duplicates and ties are the rule.
func drawRows(t *rapid.T) []reading {
	n := rapid.IntRange(0, 40).Draw(t, "n")
	rows := make([]reading, n)
	for i := range rows {
		rows[i] = reading{
			Sensor: rapid.SampledFrom([]string{"", "a", "ab", "b"}).Draw(t, "sensor"),
			Port:   rapid.IntRange(0, 2).Draw(t, "port"),
			Null:   rapid.IntRange(0, 5).Draw(t, "null") == 0,
			At:     rapid.IntRange(0, 4).Draw(t, "at"),
			Value:  rapid.SampledFrom([]float64{-1, math.Copysign(0, -1), 0, 2, math.Inf(1), math.NaN()}).Draw(t, "value"),
			Source: rapid.SampledFrom([]stream.Opt[string]{{}, stream.Null[string](), stream.Present("x")}).Draw(t, "source"),
			Level:  rapid.SampledFrom([]stream.Opt[int]{{}, stream.Null[int](), stream.Present(1), stream.Present(2)}).Draw(t, "level"),
			Serial: i,
		}
	}
	return rows
}

// drawProgram draws rows and a legal combination of options.
func drawProgram(t *rapid.T) program {
	p := program{rows: drawRows(t)}
	p.o.Keep = rapid.SampledFrom([]dedup.Keep{dedup.KeepBest, dedup.KeepBest, dedup.KeepBest, dedup.KeepNone}).Draw(t, "keep")
	if p.o.Keep == dedup.KeepBest {
		p.rules = rapid.SliceOfN(rapid.SampledFrom(rules), 0, 3).Draw(t, "rules")
		p.o.Tie = rapid.SampledFrom([]dedup.Tie{dedup.TieFirst, dedup.TieLast, dedup.TieFail}).Draw(t, "tie")
	}
	p.o.Order = rapid.SampledFrom([]dedup.Order{dedup.OrderFirstSeen, dedup.OrderWinner}).Draw(t, "order")
	if rapid.Bool().Draw(t, "hasNullKey") {
		p.o.NullKey = reading.IsNull
		p.o.NullKeys = rapid.SampledFrom([]dedup.NullKeys{dedup.NullsDistinct, dedup.NullsEqual, dedup.NullsReject}).Draw(t, "nullKeys")
	}
	if rapid.Bool().Draw(t, "hasSame") {
		p.o.Same = sameReading
	}
	return p
}

// result is what a run of the package gave.
type result struct {
	survivors []reading
	losers    []dedup.Loser[reading]
	rejected  []dedup.Reject[reading]
	stats     dedup.Stats
	err       error
}

// engine runs a program.
type engine func(rows []reading, o dedup.Options[reading]) stream.Seq[reading]

func hashEngine(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
	return dedup.Run(stream.Of(rows...), reading.Key, o)
}

func sortedEngine(rows []reading, o dedup.Options[reading]) stream.Seq[reading] {
	return dedup.Sorted(stream.Of(rows...), reading.Key, compareKeys, o)
}

func (p program) run(e engine, withLosers bool) (r result) {
	o := p.options()
	o.Stats = &r.stats
	if withLosers {
		o.Losers = stream.Into(&r.losers)
	}
	if o.NullKeys == dedup.NullsReject {
		o.Rejects = stream.Into(&r.rejected)
	}
	r.survivors, r.err = stream.Collect(e(p.rows, o))
	return r
}

// text makes rows comparable: a NaN prints as itself.
func text(rows []reading) []string {
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = fmt.Sprintf("%+v", r)
	}
	return lines
}

func sortedText(rows []reading) []string {
	lines := text(rows)
	slices.Sort(lines)
	return lines
}
