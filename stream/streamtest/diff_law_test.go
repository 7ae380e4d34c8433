package streamtest

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func intsEqual(a, b int) bool { return a == b }

// An alignment is a script: it reads want and got in order, keeps only equal pairs, and keeps as many as possible.
func TestAlign_Law_Replays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 12)
		want, got := list.Draw(t, "want"), list.Draw(t, "got")
		i, j, kept := 0, 0, 0
		for _, e := range align(want, got, intsEqual) {
			if e.op != '+' {
				if e.want != i {
					t.Fatalf("element %d of want out of order", e.want)
				}
				i++
			}
			if e.op != '-' {
				if e.got != j {
					t.Fatalf("element %d of got out of order", e.got)
				}
				j++
			}
			if e.op == ' ' {
				if want[e.want] != got[e.got] {
					t.Fatalf("kept %d for %d", got[e.got], want[e.want])
				}
				kept++
			}
		}
		if i != len(want) || j != len(got) || kept != longestCommon(want, got) {
			t.Fatalf("read %d of %d and %d of %d, kept %d of %d", i, len(want), j, len(got), kept, longestCommon(want, got))
		}
	})
}

// longestCommon is the oracle: the definition.
func longestCommon(a, b []int) int {
	memo := make(map[[2]int]int)
	var of func(i, j int) int
	of = func(i, j int) int {
		if i == len(a) || j == len(b) {
			return 0
		}
		if n, ok := memo[[2]int{i, j}]; ok {
			return n
		}
		n := max(of(i+1, j), of(i, j+1))
		if a[i] == b[j] {
			n = max(n, 1+of(i+1, j+1))
		}
		memo[[2]int{i, j}] = n
		return n
	}
	return of(0, 0)
}

// Diff is empty exactly where the lists are equal: in order, or sorted.
func TestDiff_Law_EmptyIffEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.IntRange(0, 2), 0, 4)
		want, got := list.Draw(t, "want"), list.Draw(t, "got")
		if empty := Diff(want, got, WantOptions{}) == ""; empty != slices.Equal(want, got) {
			t.Fatalf("Diff(%v, %v) empty: %v", want, got, empty)
		}
		empty := Diff(want, got, WantOptions{Unordered: true}) == ""
		slices.Sort(want)
		slices.Sort(got)
		if empty != slices.Equal(want, got) {
			t.Fatalf("unordered Diff(%v, %v) empty: %v", want, got, empty)
		}
	})
}
