package dedup_test

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// profile is the row of the merge tests: what several systems say of one person.
type profile struct {
	ID     int
	At     int
	Serial int // unique within an input

	Name   string
	Mail   stream.Opt[string]
	Phone  stream.Opt[string]
	Boss   *int
	Deputy *int
	City   string // empty: not known
	Born   time.Time
	Seen   time.Time
	High   float64
	Low    float64
	Best   stream.Opt[int]
	Worst  *int
	Visits int32
	Cents  stream.Opt[float64] // halves, whose sums are exact
	Points *int
	Active bool
	Opted  bool
	Tags   []string
	Codes  []int
	Rights uint8
}

func (p profile) Key() int     { return p.ID }
func (p profile) IsNull() bool { return p.ID == 0 }

// String spells out what pointers point to, nil slices apart from empty ones, and -0 apart from 0.
func (p profile) String() string {
	ptr := func(v *int) string {
		if v == nil {
			return "nil"
		}
		return fmt.Sprint(*v)
	}
	zone := func(t time.Time) string { return t.Format(time.RFC3339) }
	return fmt.Sprintf("%d at %d #%d: %q %v %v boss %s deputy %s %q born %s seen %s %v %v %v worst %s %d %v points %s %t %t %#v %#v %b",
		p.ID, p.At, p.Serial, p.Name, p.Mail, p.Phone, ptr(p.Boss), ptr(p.Deputy), p.City, zone(p.Born), zone(p.Seen),
		p.High, p.Low, p.Best, ptr(p.Worst), p.Visits, p.Cents, ptr(p.Points), p.Active, p.Opted, p.Tags, p.Codes, p.Rights)
}

func drawProfiles(t *rapid.T) []profile {
	n := rapid.IntRange(0, 24).Draw(t, "n")
	keys := rapid.IntRange(1, 6).Draw(t, "keys")
	words := rapid.SampledFrom([]stream.Opt[string]{{}, stream.Null[string](), stream.Present("x"), stream.Present("yy")})
	numbers := rapid.SampledFrom([]int{-3, 0, 1, 2, 7})
	pointer := func(name string) *int {
		if rapid.Bool().Draw(t, name) {
			return nil
		}
		v := numbers.Draw(t, name)
		return &v
	}
	otherNaN := math.Float64frombits(math.Float64bits(math.NaN()) | 1<<40)
	floats := rapid.SampledFrom([]float64{-1, math.Copysign(0, -1), 0, 2, math.Inf(1), math.NaN(), otherNaN})
	at := func(name string) time.Time {
		zone := time.FixedZone("", 3600*rapid.IntRange(0, 2).Draw(t, name))
		return time.Date(2024, 1, 1, rapid.IntRange(5, 7).Draw(t, name), 0, 0, 0, time.UTC).In(zone)
	}
	rows := make([]profile, n)
	for i := range rows {
		rows[i] = profile{
			ID: rapid.IntRange(0, keys).Draw(t, "id"), At: rapid.IntRange(0, 3).Draw(t, "at"), Serial: i,
			Name: rapid.SampledFrom([]string{"", "ann", "bob"}).Draw(t, "name"),
			Mail: words.Draw(t, "mail"), Phone: words.Draw(t, "phone"),
			Boss: pointer("boss"), Deputy: pointer("deputy"), Worst: pointer("worst"), Points: pointer("points"),
			City: rapid.SampledFrom([]string{"", "oslo", "rome"}).Draw(t, "city"), Born: at("born"), Seen: at("seen"),
			High: floats.Draw(t, "high"), Low: floats.Draw(t, "low"),
			Best:   rapid.SampledFrom([]stream.Opt[int]{{}, stream.Null[int](), stream.Present(1), stream.Present(2)}).Draw(t, "best"),
			Visits: rapid.SampledFrom([]int32{1, 5, math.MaxInt32}).Draw(t, "visits"),
			Cents:  rapid.SampledFrom([]stream.Opt[float64]{{}, stream.Null[float64](), stream.Present(0.5), stream.Present(-2.5)}).Draw(t, "cents"),
			Active: rapid.Bool().Draw(t, "active"), Opted: rapid.Bool().Draw(t, "opted"),
			Tags:   rapid.SampledFrom([][]string{nil, {}, {"b", "a"}, {"c", "c"}, {"a", "b"}}).Draw(t, "tags"),
			Codes:  rapid.SampledFrom([][]int{nil, {1}, {3, 2, 3}, {1, 2}}).Draw(t, "codes"),
			Rights: rapid.Uint8Range(0, 7).Draw(t, "rights"),
		}
		rows[i].Tags = slices.Clone(rows[i].Tags)
		rows[i].Codes = slices.Clone(rows[i].Codes)
	}
	return rows
}

// mergeRule pairs a reducer with the textbook: what it makes of a merged row, given all rows of the key in line, the
// worst first. It shares no code with the package.
type mergeRule struct {
	name    string
	reducer dedup.Reducer[profile]
	apply   func(line []profile, merged *profile)
}

// those are the rows of a line for which a field is there.
func those(line []profile, has func(profile) bool) (rows []profile) {
	for _, r := range line {
		if has(r) {
			rows = append(rows, r)
		}
	}
	return rows
}

func firstThat(has func(profile) bool, set func(from, merged *profile)) func([]profile, *profile) {
	return func(line []profile, merged *profile) {
		if rows := those(line, has); len(rows) > 0 {
			set(&rows[0], merged)
		}
	}
}

func lastThat(has func(profile) bool, set func(from, merged *profile)) func([]profile, *profile) {
	return func(line []profile, merged *profile) {
		if rows := those(line, has); len(rows) > 0 {
			set(&rows[len(rows)-1], merged)
		}
	}
}

func always(profile) bool { return true }

func mergeRules() []mergeRule {
	setCents := func(line []profile, merged *profile) {
		rows := those(line, func(p profile) bool { return p.Cents.IsPresent() })
		total := 0.
		for _, r := range rows {
			total += r.Cents.Or(0)
		}
		if len(rows) > 0 {
			merged.Cents = stream.Present(total)
		}
	}
	// The order in which NaN, -0 and 0 stand: by number, -0 below 0, NaN the worst.
	better := func(a, b float64, least bool) bool {
		switch {
		case math.IsNaN(a) || math.IsNaN(b):
			return !math.IsNaN(a)
		case a == b:
			return math.Signbit(a) == least
		}
		return a < b == least
	}
	extreme := func(field func(*profile) *float64, least bool) func([]profile, *profile) {
		return func(line []profile, merged *profile) {
			*field(merged) = *field(&line[0])
			for _, r := range line {
				if better(*field(&r), *field(merged), least) {
					*field(merged) = *field(&r)
				}
			}
		}
	}
	set := func(all []string, isNil bool) []string {
		slices.Sort(all)
		all = slices.Compact(all)
		if all == nil && !isNil {
			return []string{}
		}
		return all
	}
	return []mergeRule{
		{"First", dedup.First(func(p *profile) *string { return &p.Name }),
			firstThat(always, func(from, merged *profile) { merged.Name = from.Name })},
		{"FirstOpt", dedup.FirstOpt(func(p *profile) *stream.Opt[string] { return &p.Mail }),
			firstThat(func(p profile) bool { return p.Mail.IsPresent() }, func(from, merged *profile) { merged.Mail = from.Mail })},
		{"LastOpt", dedup.LastOpt(func(p *profile) *stream.Opt[string] { return &p.Phone }),
			lastThat(func(p profile) bool { return p.Phone.IsPresent() }, func(from, merged *profile) { merged.Phone = from.Phone })},
		{"FirstPtr", dedup.FirstPtr(func(p *profile) **int { return &p.Boss }),
			firstThat(func(p profile) bool { return p.Boss != nil }, func(from, merged *profile) { merged.Boss = from.Boss })},
		{"LastPtr", dedup.LastPtr(func(p *profile) **int { return &p.Deputy }),
			lastThat(func(p profile) bool { return p.Deputy != nil }, func(from, merged *profile) { merged.Deputy = from.Deputy })},
		{"LastWhere", dedup.Last(func(p *profile) *string { return &p.City }).Where(func(p *profile) bool { return p.City != "" }),
			lastThat(func(p profile) bool { return p.City != "" }, func(from, merged *profile) { merged.City = from.City })},
		{"LeastFunc", dedup.LeastFunc(func(p *profile) *time.Time { return &p.Born }, time.Time.Compare),
			func(line []profile, merged *profile) {
				merged.Born = slices.MinFunc(line, func(a, b profile) int { return a.Born.Compare(b.Born) }).Born
			}},
		{"GreatestFunc", dedup.GreatestFunc(func(p *profile) *time.Time { return &p.Seen }, time.Time.Compare),
			func(line []profile, merged *profile) {
				merged.Seen = slices.MaxFunc(line, func(a, b profile) int { return a.Seen.Compare(b.Seen) }).Seen
			}},
		{"Greatest", dedup.Greatest(func(p *profile) *float64 { return &p.High }), extreme(func(p *profile) *float64 { return &p.High }, false)},
		{"Least", dedup.Least(func(p *profile) *float64 { return &p.Low }), extreme(func(p *profile) *float64 { return &p.Low }, true)},
		{"GreatestOpt", dedup.GreatestOpt(func(p *profile) *stream.Opt[int] { return &p.Best }), func(line []profile, merged *profile) {
			for _, r := range line {
				if v, ok := r.Best.Get(); ok && v >= merged.Best.Or(v) {
					merged.Best = r.Best
				}
			}
		}},
		{"LeastPtr", dedup.LeastPtr(func(p *profile) **int { return &p.Worst }), func(line []profile, merged *profile) {
			for _, r := range line {
				if r.Worst != nil && (merged.Worst == nil || *r.Worst < *merged.Worst) {
					merged.Worst = r.Worst
				}
			}
		}},
		{"Sum", dedup.Sum(func(p *profile) *int32 { return &p.Visits }), func(line []profile, merged *profile) {
			merged.Visits = 0
			for _, r := range line {
				merged.Visits += r.Visits
			}
		}},
		{"SumOpt", dedup.SumOpt(func(p *profile) *stream.Opt[float64] { return &p.Cents }).Exact(), setCents},
		{"SumPtrWhere", dedup.SumPtr(func(p *profile) **int { return &p.Points }).Where(func(p *profile) bool { return p.Active }),
			func(line []profile, merged *profile) {
				if rows := those(line, func(p profile) bool { return p.Points != nil && p.Active }); len(rows) > 0 {
					merged.Points = new(int)
					for _, r := range rows {
						*merged.Points += *r.Points
					}
				}
			}},
		{"AnyTrue", dedup.AnyTrue(func(p *profile) *bool { return &p.Active }), func(line []profile, merged *profile) {
			merged.Active = len(those(line, func(p profile) bool { return p.Active })) > 0
		}},
		{"AllTrue", dedup.AllTrue(func(p *profile) *bool { return &p.Opted }), func(line []profile, merged *profile) {
			merged.Opted = len(those(line, func(p profile) bool { return p.Opted })) == len(line)
		}},
		{"Union", dedup.Union(func(p *profile) *[]string { return &p.Tags }), func(line []profile, merged *profile) {
			var all []string
			isNil := true
			for _, r := range line {
				all = append(all, r.Tags...)
				isNil = isNil && r.Tags == nil
			}
			merged.Tags = set(all, isNil)
		}},
		{"Combine", dedup.Combine(func(p *profile) *uint8 { return &p.Rights }, func(a, b uint8) uint8 { return a | b }).Exact(),
			func(line []profile, merged *profile) {
				for _, r := range line {
					merged.Rights |= r.Rights
				}
			}},
	}
}

// mergeProgram is one random merge.
type mergeProgram struct {
	rows  []profile
	by    []dedup.Comparator[profile]
	rank  func(profile) []int // by the comparators: the greater is better
	rules []mergeRule
	o     dedup.Options[profile]
}

func (p mergeProgram) options() dedup.Options[profile] {
	o := p.o
	o.Keep, o.By = dedup.KeepMerge, p.by
	for _, r := range p.rules {
		o.Merge = append(o.Merge, r.reducer)
	}
	return o
}

// drawMerge draws rows, an order of them, and a few reducers; with total, no two rows tie.
func drawMerge(t *rapid.T, total bool) mergeProgram {
	p := mergeProgram{rows: drawProfiles(t)}
	all := mergeRules()
	for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, len(all), rapid.ID[int]).Draw(t, "reducers") {
		p.rules = append(p.rules, all[i])
	}
	serial := dedup.Max(func(p profile) int { return p.Serial }).Named("serial")
	latest := dedup.Max(func(p profile) int { return p.At }).Named("at")
	visits := dedup.Min(func(p profile) int32 { return p.Visits }).Named("visits") // of a field that may be merged
	switch rapid.IntRange(0, 3).Draw(t, "by") {
	case 0:
		p.rank = func(profile) []int { return nil }
	case 1:
		p.by, p.rank = []dedup.Comparator[profile]{latest}, func(r profile) []int { return []int{r.At} }
	case 2:
		p.by, p.rank = []dedup.Comparator[profile]{visits}, func(r profile) []int { return []int{-int(r.Visits)} }
	case 3:
		p.by = []dedup.Comparator[profile]{latest, visits}
		p.rank = func(r profile) []int { return []int{r.At, -int(r.Visits)} }
	}
	if total {
		rank := p.rank
		p.by, p.rank = append(p.by, serial), func(r profile) []int { return append(rank(r), r.Serial) }
	}
	p.o.Tie = rapid.SampledFrom([]dedup.Tie{dedup.TieFirst, dedup.TieLast}).Draw(t, "tie")
	p.o.Order = rapid.SampledFrom([]dedup.Order{dedup.OrderFirstSeen, dedup.OrderWinner}).Draw(t, "order")
	if rapid.Bool().Draw(t, "hasNullKey") {
		p.o.NullKey = profile.IsNull
		p.o.NullKeys = rapid.SampledFrom([]dedup.NullKeys{dedup.NullsDistinct, dedup.NullsEqual}).Draw(t, "nullKeys")
	}
	return p
}

// model merges as the documentation says it.
func (p mergeProgram) model() []string {
	type group struct {
		place int
		line  []profile // in the order of the input, to begin with
	}
	var groups []*group
	byKey := map[int]*group{}
	for i, r := range p.rows {
		g := byKey[r.ID]
		if g == nil || p.o.NullKey != nil && r.IsNull() && p.o.NullKeys == dedup.NullsDistinct {
			g = &group{place: i}
			byKey[r.ID] = g
			groups = append(groups, g)
		}
		g.line = append(g.line, r)
	}
	merged := map[int]profile{}
	for _, g := range groups {
		best := p.merged(g.line)
		if p.o.Order == dedup.OrderWinner {
			g.place = slices.IndexFunc(p.rows, func(r profile) bool { return r.Serial == best.Serial })
		}
		merged[g.place] = best
	}
	var lines []string
	for i := range p.rows {
		if row, ok := merged[i]; ok {
			lines = append(lines, row.String())
		}
	}
	return lines
}

// merged makes one row of those of a key, which are in the order of the input. Its serial is that of the best one, for
// nothing merges it.
func (p mergeProgram) merged(rows []profile) profile {
	line := slices.Clone(rows)
	slices.SortStableFunc(line, func(a, b profile) int { return slices.Compare(p.rank(a), p.rank(b)) })
	best := line[len(line)-1]
	if p.o.Tie == dedup.TieFirst {
		best = line[slices.IndexFunc(line, func(r profile) bool { return slices.Equal(p.rank(r), p.rank(best)) })]
	}
	for _, rule := range p.rules {
		rule.apply(line, &best)
	}
	return best
}

func (p mergeProgram) run(e func(stream.Seq[profile], dedup.Options[profile]) stream.Seq[profile], o dedup.Options[profile]) ([]string, error) {
	rows, err := stream.Collect(e(stream.Of(p.rows...), o))
	return profileTexts(rows), err
}

func profileTexts(rows []profile) (lines []string) {
	for _, r := range rows {
		lines = append(lines, r.String())
	}
	return lines
}

func mergeHashed(s stream.Seq[profile], o dedup.Options[profile]) stream.Seq[profile] {
	return dedup.Run(s, profile.Key, o)
}

func mergeSorted(s stream.Seq[profile], o dedup.Options[profile]) stream.Seq[profile] {
	return dedup.Sorted(s, profile.Key, cmp.Compare, o)
}

func TestMerge_Oracle(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawMerge(t, false)
		before := profileTexts(p.rows)
		var stats dedup.Stats
		var losers []dedup.Loser[profile]
		o := p.options()
		o.Stats = &stats
		if rapid.Bool().Draw(t, "losers") {
			o.Losers = stream.Into(&losers)
		}
		o.Resources.Workers = rapid.SampledFrom([]int{0, 1, 2, 3, 8}).Draw(t, "workers")
		want := p.model()
		got, err := p.run(mergeHashed, o)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, before, profileTexts(p.rows), "no row that came was changed")
		require.Equal(t, stats.In, stats.Out+stats.Dropped)
		for _, l := range losers {
			require.Equal(t, before[l.Position], l.Row.String(), "a loser is as it came")
			require.Equal(t, before[l.WinnerPosition], l.Winner.String(), "and so is the row it lost to")
		}
		again, err := p.run(mergeHashed, o)
		require.NoError(t, err)
		require.Equal(t, want, again, "a second run")
	})
}

// A bound on memory may end a run, but never changes what it yields.
func TestMerge_Law_MemoryNeverChangesRows(t *testing.T) {
	law(t, func(t *rapid.T) {
		p := drawMerge(t, false)
		want := p.model()
		o := p.options()
		o.Resources.Memory = rapid.Int64Range(1, 64<<10).Draw(t, "memory")
		got, err := p.run(mergeHashed, o)
		if errors.Is(err, stream.ErrLimit) {
			return
		}
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}
