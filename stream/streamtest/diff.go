package streamtest

import (
	"fmt"
	"slices"
	"strings"
)

// Diff compares two lists as o says and returns "" if they are equal, otherwise the difference for a human:
// elements missing from got with -, unexpected ones with +, each with its index, the fields that differ where an
// element was replaced, and two equal elements around each change. At most 20 changes are shown.
func Diff[T any](want, got []T, o WantOptions) string {
	mark := markOf[T]
	if o.Tolerance != 0 {
		mark = nil
	}
	return diffBy(want, got, o, func(a, b T) bool { return equalValues(a, b, o.Tolerance) }, mark)
}

// diffBy is Diff under an equality of the caller's, and the marks that go with it.
func diffBy[T any](want, got []T, o WantOptions, equal func(a, b T) bool, mark func(T) uint64) string {
	var edits []edit
	if o.Unordered {
		missing, unexpected := matchUnordered(want, got, equal, mark)
		for _, i := range missing {
			edits = append(edits, edit{'-', i, -1})
		}
		for _, i := range unexpected {
			edits = append(edits, edit{'+', -1, i})
		}
	} else {
		edits = align(want, got, equal)
	}
	minus, plus := 0, 0
	for _, e := range edits {
		switch e.op {
		case '-':
			minus++
		case '+':
			plus++
		}
	}
	if minus+plus == 0 {
		return ""
	}
	var b strings.Builder
	order := ""
	if o.Unordered {
		order = ", in any order"
	}
	fmt.Fprintf(&b, "want %s (-), got %s (+)%s:\n", plural(len(want), "element"), plural(len(got), "element"), order)
	writeEdits(&b, want, got, edits, o)
	return strings.TrimSuffix(b.String(), "\n")
}

// edit is one line of a diff: an element of want that is missing (-), one of got that is unexpected (+), or one
// of both.
type edit struct {
	op        byte // '-', '+', ' '
	want, got int  // indices; -1: none
}

const (
	diffContext = 2  // equal elements shown around a change
	diffChanges = 20 // changes shown
	diffFields  = 3  // fields shown of a replaced element; more say less than the two lines do
	// diffCells bounds the table of the alignment: 4 MB. Longer changes are compared index by index.
	diffCells = 1 << 20
)

// align finds the longest common subsequence, after cutting off what is equal at both ends.
func align[T any](want, got []T, equal func(a, b T) bool) []edit {
	head := 0
	for head < min(len(want), len(got)) && equal(want[head], got[head]) {
		head++
	}
	tail := 0
	for tail < min(len(want), len(got))-head && equal(want[len(want)-1-tail], got[len(got)-1-tail]) {
		tail++
	}
	var edits []edit
	for i := range head {
		edits = append(edits, edit{' ', i, i})
	}
	w, g := want[head:len(want)-tail], got[head:len(got)-tail]
	if int64(len(w)+1)*int64(len(g)+1) <= diffCells {
		edits = common(edits, w, g, head, equal)
	} else {
		edits = pairwise(edits, w, g, head, equal)
	}
	for i := range tail {
		edits = append(edits, edit{' ', len(want) - tail + i, len(got) - tail + i})
	}
	return edits
}

// common appends the edits of a longest common subsequence. length[i][j] is that of w[i:] and g[j:].
func common[T any](edits []edit, w, g []T, offset int, equal func(a, b T) bool) []edit {
	width := len(g) + 1
	length := make([]int32, (len(w)+1)*width)
	same := make([]bool, (len(w)+1)*width)
	for i := len(w) - 1; i >= 0; i-- {
		for j := len(g) - 1; j >= 0; j-- {
			at := i*width + j
			if same[at] = equal(w[i], g[j]); same[at] {
				length[at] = length[at+width+1] + 1
			} else {
				length[at] = max(length[at+width], length[at+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(w) && j < len(g) {
		switch at := i*width + j; {
		case same[at]:
			edits = append(edits, edit{' ', offset + i, offset + j})
			i++
			j++
		case length[at+width] >= length[at+1]:
			edits = append(edits, edit{'-', offset + i, -1})
			i++
		default:
			edits = append(edits, edit{'+', -1, offset + j})
			j++
		}
	}
	return rest(edits, i, j, len(w), len(g), offset)
}

func pairwise[T any](edits []edit, w, g []T, offset int, equal func(a, b T) bool) []edit {
	n := min(len(w), len(g))
	for i := range n {
		if equal(w[i], g[i]) {
			edits = append(edits, edit{' ', offset + i, offset + i})
		} else {
			edits = append(edits, edit{'-', offset + i, -1}, edit{'+', -1, offset + i})
		}
	}
	return rest(edits, n, n, len(w), len(g), offset)
}

func rest(edits []edit, i, j, w, g, offset int) []edit {
	for ; i < w; i++ {
		edits = append(edits, edit{'-', offset + i, -1})
	}
	for ; j < g; j++ {
		edits = append(edits, edit{'+', -1, offset + j})
	}
	return edits
}

// matchUnordered pairs equal elements and returns the indices of those without a partner. Where equal elements have
// equal marks, only elements of one mark are compared; without marks, each with each.
func matchUnordered[T any](want, got []T, equal func(a, b T) bool, mark func(T) uint64) (missing, unexpected []int) {
	if mark == nil {
		mark = func(T) uint64 { return 0 }
	}
	byMark := make(map[uint64][]int) // those of got that have no partner yet, ascending
	for j, v := range got {
		m := mark(v)
		byMark[m] = append(byMark[m], j)
	}
	for i, v := range want {
		m := mark(v)
		at := slices.IndexFunc(byMark[m], func(j int) bool { return equal(v, got[j]) })
		if at < 0 {
			missing = append(missing, i)
			continue
		}
		byMark[m] = slices.Delete(byMark[m], at, at+1)
	}
	for _, left := range byMark {
		unexpected = append(unexpected, left...)
	}
	slices.Sort(unexpected)
	return missing, unexpected
}

// writeEdits writes runs of changes with their context.
func writeEdits[T any](b *strings.Builder, want, got []T, edits []edit, o WantOptions) {
	width := len(fmt.Sprint(max(len(want), len(got), 1) - 1))
	line := func(op byte, i int, text string) { fmt.Fprintf(b, "%c %*d: %s\n", op, width, i, text) }
	shown, hidden, skipped := 0, 0, false
	for i := 0; i < len(edits); {
		if edits[i].op == ' ' {
			if nearChange(edits, i) && shown < diffChanges {
				line(' ', edits[i].got, Format(got[edits[i].got]))
				skipped = false
			} else if !skipped && shown < diffChanges {
				b.WriteString("  ...\n")
				skipped = true
			}
			i++
			continue
		}
		minus, plus := changeAt(edits, i)
		i += len(minus) + len(plus)
		if shown >= diffChanges {
			hidden += len(minus) + len(plus)
			continue
		}
		for k := range max(len(minus), len(plus)) {
			if shown >= diffChanges {
				hidden += max(len(minus)-k, 0) + max(len(plus)-k, 0)
				break
			}
			if k < len(minus) {
				line('-', minus[k], Format(want[minus[k]]))
				shown++
			}
			if k < len(plus) {
				line('+', plus[k], Format(got[plus[k]]))
				shown++
			}
			if k < len(minus) && k < len(plus) && !o.Unordered { // otherwise the two have nothing to do with each other
				writeFields(b, width, differences(want[minus[k]], got[plus[k]], o.Tolerance, diffFields+1))
			}
		}
		skipped = false
	}
	if hidden > 0 {
		fmt.Fprintf(b, "  ... and %s\n", plural(hidden, "more change"))
	}
}

// changeAt collects the run of changes that starts at edits[i].
func changeAt(edits []edit, i int) (minus, plus []int) {
	for ; i < len(edits) && edits[i].op != ' '; i++ {
		if edits[i].op == '-' {
			minus = append(minus, edits[i].want)
		} else {
			plus = append(plus, edits[i].got)
		}
	}
	return minus, plus
}

func nearChange(edits []edit, i int) bool {
	for j := max(i-diffContext, 0); j <= min(i+diffContext, len(edits)-1); j++ {
		if edits[j].op != ' ' {
			return true
		}
	}
	return false
}

// writeFields tells which fields of a replaced element differ, unless they are all of it or too many.
func writeFields(b *strings.Builder, width int, fields []difference) {
	if len(fields) > diffFields {
		return
	}
	for _, d := range fields {
		if d.path != "" {
			fmt.Fprintf(b, "  %*s  %s: want %s, got %s\n", width, "", d.path, d.want, d.got)
		}
	}
}
