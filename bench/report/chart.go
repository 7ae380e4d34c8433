package report

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/measure"
)

// A chart is one picture of a comparison: a block of bars for each case, a bar for each side, its length the wall
// time, or the CPU time where a case is noisy. Where the slowest side takes more than fifty times as long as the
// fastest, lengths are logarithmic. The chart says both.
const (
	width    = 760
	labels   = 150 // pixels left of the bars
	values   = 150 // pixels right of them
	barStep  = 22
	barSize  = 15
	caseHead = 30
	maxLin   = 50
)

// style works on a light and on a dark page: GitHub shows the file as an image, which follows the reader's theme.
const style = `<style>
text{font:13px system-ui,sans-serif;fill:#1f2328}.c{font-weight:600}.v,.n{fill:#59636e}.n{font-size:11px}
.ours{fill:#0969da}.peer{fill:#9aa4af}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.v,.n{fill:#9198a1}.ours{fill:#4493f8}.peer{fill:#656c76}}
</style>
`

// chart draws the section.
func (s section) chart() string {
	of, note := wallOf, "median wall time; shorter is better"
	if slices.ContainsFunc(s, func(r compare.Result) bool { return isNoisy(&r) }) {
		of, note = measure.Cost.CPU, "median CPU time, since other processes kept the machine busy; shorter is better"
	}
	shortest, longest := math.Inf(1), 0.
	height := 24
	for i := range s {
		height += caseHead + barStep*len(s[i].Sides)
		for j := range s[i].Sides {
			time := s[i].Sides[j].Median(of)
			shortest, longest = min(shortest, time), max(longest, time)
		}
	}
	logarithmic := longest > maxLin*shortest
	length := func(time float64) float64 {
		if logarithmic {
			// The shortest bar is a tenth of the longest.
			return (width - labels - values) * (1 + 9*math.Log(time/shortest)/math.Log(longest/shortest)) / 10
		}
		return (width - labels - values) * time / longest
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="%s">`+"\n",
		width, height, html.EscapeString(s[0].Title+": "+note))
	b.WriteString(style)
	y := 0
	for i := range s {
		r := &s[i]
		fmt.Fprintf(&b, `<text class="c" x="0" y="%d">%s</text>`+"\n", y+20, html.EscapeString(r.Case+": "+r.CaseAbout))
		y += caseHead
		for j := range r.Sides {
			side := &r.Sides[j]
			class := "peer"
			if ours(side) {
				class = "ours"
			}
			time := side.Median(of)
			bar := max(length(time), 1)
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, labels-8, y+12, html.EscapeString(side.Name))
			fmt.Fprintf(&b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`, class, labels, y, bar, barSize)
			fmt.Fprintf(&b, `<text class="v" x="%.1f" y="%d">%s s, %s ns/row</text>`+"\n", labels+bar+6, y+12,
				digits(time), digits(time*1e9/float64(max(r.Params.Events.Rows, 1))))
			y += barStep
		}
	}
	if logarithmic {
		note += "; lengths are logarithmic"
	}
	fmt.Fprintf(&b, `<text class="n" x="0" y="%d">%s</text>`+"\n</svg>\n", y+16, note)
	return b.String()
}
