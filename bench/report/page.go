package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/measure"
)

// noisy is the share of the machine, used by other processes, above which the page warns of a case.
const noisy = 0.1

const head = `# Results

Written by ` + "`go run . report`" + ` from the files in [results](results); [README](README.md) says how to run it. Do not edit.

Every run is a process of its own, and all sides answer in turns; a figure counts only if all answers of a case are
equal. Wall and CPU (user and system) are medians over the rounds. *times ours* is the median of the ratios of the same
round, the time of the side divided by ours (the first row): above 1 the side is slower than Millrace, **below 1 it is
faster, and we lose**. *Spread* is the slowest wall time over the fastest: with a spread of 1.5, a difference of 20 % says
nothing. *Own peak* is how far the work drove the resident set of its process above the program and its input; *live* the
highest live heap that a collection found (Go sides only: what a cgo library allocates is in the peak alone). Input is
in memory that the collector does not see.

Times are of the machine and the hour; only ratios within one case are worth quoting, and where a case is marked
**noisy**, because other processes had a tenth of the machine or more, those of CPU time rather than those of wall time.

`

// page is the whole of RESULTS.md.
func page(sections []section) string {
	var b strings.Builder
	b.WriteString(head)
	for _, s := range sections {
		b.WriteString("- [" + s[0].Title + "](#" + anchor(s[0].Title) + ")\n")
	}
	b.WriteString("\n")
	goals(&b, sections)
	losses(&b, sections)
	for _, s := range sections {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n![plot](plots/%s)\n\n", s[0].Title, s[0].About, s.plot())
		for i := range s {
			writeCase(&b, &s[i])
		}
	}
	return b.String()
}

// anchor is how GitHub names a heading.
func anchor(title string) string {
	return strings.ReplaceAll(strings.ToLower(strings.NewReplacer(",", "", ":", "", "(", "", ")", "").Replace(title)), " ", "-")
}

// goals is the table of what was promised, kept or not.
func goals(b *strings.Builder, sections []section) {
	var rows []string
	for _, s := range sections {
		for i := range s {
			r := &s[i]
			for _, g := range r.Goals {
				got, ok := r.Measured(g)
				if !ok {
					continue
				}
				cpu, verdict := "", verdict(got, g.AtMost)
				if g.Measure == "wall" && g.B != "" {
					byCPU := compare.Ratio(r.Side(g.A), r.Side(g.B), measure.Cost.CPU)
					cpu = ratio(byCPU)
					if isNoisy(r) && (got > g.AtMost) != (byCPU > g.AtMost) {
						verdict = "unclear: noisy"
					}
				}
				rows = append(rows, fmt.Sprintf("| %s, %s | %s | %s | %s | %s | %s |\n",
					r.Comparison, r.Case, what(g), bound(g, g.AtMost), bound(g, got), cpu, verdict))
			}
		}
	}
	if len(rows) > 0 {
		b.WriteString("| case | goal | at most | measured | by CPU | |\n|---|---|--:|--:|--:|---|\n" + strings.Join(rows, "") + "\n")
	}
}

func verdict(got, atMost float64) string {
	if got > atMost {
		return "**missed**"
	}
	return "kept"
}

// losses lists the peers that were faster than the first side, by wall time, or where that is noisy by CPU time.
func losses(b *strings.Builder, sections []section) {
	var rows []string
	for _, s := range sections {
		for i := range s {
			r := &s[i]
			of, name := wallOf, "wall"
			if isNoisy(r) {
				of, name = measure.Cost.CPU, "CPU"
			}
			for j := range r.Sides {
				side := &r.Sides[j]
				if got := compare.Ratio(side, &r.Sides[0], of); !ours(side) && got < 1 {
					rows = append(rows, fmt.Sprintf("| %s, %s | %s | %s of our %s time |\n", r.Comparison, r.Case, side.Name, ratio(got), name))
				}
			}
		}
	}
	if len(rows) > 0 {
		b.WriteString("## Where we lose\n\n| case | faster side | needs |\n|---|---|--:|\n" + strings.Join(rows, "") + "\n")
	}
}

// ours tells the sides of Millrace by what they call.
func ours(s *compare.SideResult) bool {
	return strings.HasPrefix(s.About, "stream.") || strings.HasPrefix(s.About, "dedup.")
}

func what(g compare.Goal) string {
	if g.B == "" {
		return g.Measure + " of " + g.A
	}
	return g.Measure + " of " + g.A + " / " + g.B
}

// bound writes a figure in the unit of the goal.
func bound(g compare.Goal, v float64) string {
	switch {
	case g.B != "":
		return ratio(v)
	case g.Measure == "wall":
		return fmt.Sprintf("%.2f s", v)
	}
	return mib(v) + " MiB"
}

func writeCase(b *strings.Builder, r *compare.Result) {
	fmt.Fprintf(b, "**%s**: %s, %s rows, %d rounds.\n\n", r.Case, r.CaseAbout, count(r.Params.Events.Rows), r.Rounds)
	b.WriteString("| side | | wall s | ns/row | times ours | spread | CPU s | CPU times ours | own peak MiB | live MiB | allocs/row |\n" +
		"|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	rows := float64(max(r.Params.Events.Rows, 1))
	for i := range r.Sides {
		s := &r.Sides[i]
		wall := s.Median(wallOf)
		name := s.Name
		if s.Version != "" {
			name += " " + s.Version
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", name, s.About,
			digits(wall), digits(wall*1e9/rows), ratio(compare.Ratio(s, &r.Sides[0], wallOf)), ratio(spread(s)),
			digits(s.Median(measure.Cost.CPU)), ratio(compare.Ratio(s, &r.Sides[0], measure.Cost.CPU)),
			mib(s.Median(func(c measure.Cost) float64 { return float64(c.OwnPeak()) })),
			mib(s.Median(func(c measure.Cost) float64 { return float64(c.Live) })),
			digits(s.Median(func(c measure.Cost) float64 { return float64(c.Allocs) })/rows))
	}
	b.WriteString("\n")
	for _, l := range r.LeftOut {
		fmt.Fprintf(b, "%s was left out: %s.\n\n", l.Name, l.Reason)
	}
	b.WriteString(circumstances(r) + "\n\n")
}

// circumstances is the small print of a case.
func circumstances(r *compare.Result) string {
	m := r.Machine
	cpu := m.CPU
	if cpu == "" {
		cpu = m.Arch
	}
	text := fmt.Sprintf("<sub>%s, commit %s, seed %d; %s, %d cores, %.0f GiB, %s/%s, %s", r.Date.Format("2006-01-02 15:04 UTC"),
		r.Commit, r.Params.Events.Seed, cpu, m.Cores, float64(m.Memory)/(1<<30), m.OS, m.Arch, m.Go)
	if most := disturbance(r); most >= 0 {
		text += fmt.Sprintf("; other processes used up to %.0f %% of the machine during a run", 100*most)
		if isNoisy(r) {
			text += ": **noisy**"
		}
	}
	return text + "</sub>"
}

// disturbance is the largest share of the machine that others used during a run; -1: not known.
func disturbance(r *compare.Result) float64 {
	most := -1.
	for _, s := range r.Sides {
		for _, c := range s.Costs {
			most = max(most, c.Others)
		}
	}
	return most
}

// isNoisy reports whether wall times of the case say little.
func isNoisy(r *compare.Result) bool { return disturbance(r) > noisy }

func wallOf(c measure.Cost) float64 { return c.Wall }

// spread is the slowest round over the fastest.
func spread(s *compare.SideResult) float64 {
	slower := func(a, b measure.Cost) int { return int(math.Copysign(1, a.Wall-b.Wall)) }
	return slices.MaxFunc(s.Costs, slower).Wall / slices.MinFunc(s.Costs, slower).Wall
}

// digits writes three significant figures.
func digits(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 0.0005:
		return "<0.001"
	}
	places := max(0, 2-int(math.Floor(math.Log10(v))))
	return fmt.Sprintf("%.*f", min(places, 3), v)
}

func ratio(v float64) string {
	return fmt.Sprintf("%.*f", map[bool]int{true: 2, false: 3}[v >= 0.1], v)
}

func mib(v float64) string { return digits(max(v, 0) / (1 << 20)) }

// count writes large round numbers short.
func count(n int) string {
	switch {
	case n >= 1_000_000 && n%100_000 == 0:
		return fmt.Sprintf("%g M", float64(n)/1e6)
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprintf("%d k", n/1000)
	}
	return fmt.Sprint(n)
}
