package stream

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// letter is a row that holds far more than its static size says.
type letter struct {
	To   int
	Text string
}

// letters are n rows of size bytes; to is what the i-th is sent to.
func letters(n, size int, to func(i int) int) Seq[letter] {
	return func(yield func(letter, error) bool) {
		for i := range n {
			if !yield(letter{to(i), strings.Repeat(string(rune('a'+i%26)), size)}, nil) {
				return
			}
		}
	}
}

// numbers are 0 to n-1.
func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// liveHeap is the heap that two collections in a row leave; goroutines go on meanwhile.
func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// liveAt returns the most heap that was live at a row whose position is a multiple of every.
func liveAt[T any](s Seq[T], every int, most *uint64) Seq[T] {
	i := 0
	return Map(s, func(v T) T {
		if i++; i%every == 0 {
			*most = max(*most, liveHeap())
		}
		return v
	})
}

// Rows that are large against the bound: what waits in chunks and blocks is live too.
func TestSpillingOperators_LargeRowsStayWithinTheBound(t *testing.T) {
	const memory, size, n = 4 << 20, 128 << 10, 200 // 25 MiB in all
	seen := Fold[letter, int]{Add: func(n *int, l letter) { *n += len(l.Text) }}
	distinct := func(i int) int { return i * 7919 % n }
	for _, workers := range []int{1, 2} {
		for name, run := range map[string]func(s Seq[letter], r Resources) (rows int, err error){
			"Aggregate": func(s Seq[letter], r Resources) (int, error) {
				out, err := Collect(aggregateWith("Aggregate", s, func(l letter) int { return l.To }, seen, AggregateOptions{Resources: r}, nil))
				return len(out), err
			},
			"Aggregate/deep": func(s Seq[letter], r Resources) (int, error) {
				plan := planRadix(memory, 32, 8, workers)
				plan.splitAt, plan.floor = 4, 1 // the first keys fill it: all others are spilled
				fold := seen
				fold.Size = func(*int) int { return 1 << 20 }
				out, err := Collect(aggregateWith("Aggregate", s, func(l letter) int { return l.To }, fold, AggregateOptions{Resources: r}, &plan))
				return len(out), err
			},
			"Sort": func(s Seq[letter], r Resources) (int, error) {
				n := 0
				for _, err := range Sort(s, func(l letter) int { return l.To }, SortOptions{Resources: r}) {
					if err != nil {
						return n, err
					}
					n++
				}
				return n, nil
			},
			"Join": func(s Seq[letter], r Resources) (int, error) {
				rows := 0
				one := func(i int) letter { return letter{To: i} }
				for _, err := range Join(Map(Of(numbers(n)...), one), s, func(l letter) int { return l.To }, func(l letter) int { return l.To }, JoinOptions{Resources: r}) {
					if err != nil {
						return rows, err
					}
					rows++
				}
				return rows, nil
			},
		} {
			t.Run(fmt.Sprintf("%s/workers=%d", name, workers), func(t *testing.T) {
				before := liveHeap()
				var most uint64
				rows, err := run(liveAt(letters(n, size, distinct), 20, &most), Resources{Memory: memory, Workers: workers, TempDir: t.TempDir()})
				require.NoError(t, err)
				require.Equal(t, n, rows)
				require.LessOrEqual(t, float64(most-before), 1.2*memory+float64(1<<20), "live bytes")
			})
		}
	}
}

// Operators of one pipeline share a budget: whoever finds it taken goes to disk, and the rows are the same.
func TestBudget_sharedByAPipeline(t *testing.T) {
	const n = 1500
	rows := make([]purchase, n)
	for i := range rows {
		rows[i] = purchase{User: fmt.Sprintf("user-%d", i*7919%(n/3)), Amount: float64(i)}
	}
	user := func(p purchase) string { return p.User }
	amount := func(p purchase) float64 { return p.Amount }
	total := Fold[purchase, float64]{Add: func(n *float64, p purchase) { *n += p.Amount }}
	sortBy := func(s Seq[purchase], r Resources) Seq[purchase] { return Sort(s, user, SortOptions{Resources: r}) }
	for name, pipeline := range map[string]func(s Seq[purchase], r Resources) Seq[string]{
		"Sort, Sort": func(s Seq[purchase], r Resources) Seq[string] {
			return Map(Sort(sortBy(s, r), amount, SortOptions{Resources: r}), func(p purchase) string { return fmt.Sprint(p) })
		},
		"Sort, Aggregate": func(s Seq[purchase], r Resources) Seq[string] {
			return Map(Aggregate(sortBy(s, r), amount, total, AggregateOptions{Resources: r}), func(p Keyed[float64, float64]) string { return fmt.Sprint(p) })
		},
		"Sort, GroupBy": func(s Seq[purchase], r Resources) Seq[string] {
			return Map(GroupBy(sortBy(s, r), user, AggregateOptions{Resources: r}), func(p Keyed[string, []purchase]) string { return fmt.Sprint(p) })
		},
		"Aggregate, Sort": func(s Seq[purchase], r Resources) Seq[string] {
			groups := Aggregate(s, user, total, AggregateOptions{Resources: r})
			return Map(Sort(groups, func(g Keyed[string, float64]) string { return g.Key }, SortOptions{Resources: r}), func(p Keyed[string, float64]) string { return fmt.Sprint(p) })
		},
		"Sort, Join": func(s Seq[purchase], r Resources) Seq[string] {
			return Map(Join(sortBy(s, r), Of(rows...), user, user, JoinOptions{Resources: r}), func(p Joined[purchase, purchase]) string { return fmt.Sprint(p) })
		},
		"Sort beside Sort, Join": func(s Seq[purchase], r Resources) Seq[string] {
			return Map(Join(sortBy(s, r), sortBy(Of(rows...), r), user, user, JoinOptions{Kind: Full, Resources: r}), func(p Joined[purchase, purchase]) string { return fmt.Sprint(p) })
		},
		"Aggregate, Join": func(s Seq[purchase], r Resources) Seq[string] {
			groups := Aggregate(s, amount, total, AggregateOptions{Resources: r})
			back := func(g Keyed[float64, float64]) string { return rows[int(g.Key)].User }
			return Map(Join(groups, Of(rows...), back, user, JoinOptions{Resources: r}), func(p Joined[Keyed[float64, float64], purchase]) string { return fmt.Sprint(p) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := Collect(pipeline(Of(rows...), Resources{}))
			require.NoError(t, err)
			for _, total := range []int64{512 << 10, 250 << 10, 150 << 10, 100 << 10, 50 << 10, 30 << 10, 1000} {
				budget, err := NewBudget(total)
				require.NoError(t, err)
				got, err := Collect(pipeline(Of(rows...), Resources{Budget: budget, TempDir: t.TempDir()}))
				var limit *LimitError
				if errors.As(err, &limit) {
					t.Errorf("budget %d: %v", total, err)
				} else {
					require.NoError(t, err, "budget %d", total)
					require.Equal(t, want, got, "budget %d", total)
				}
				require.Zero(t, budget.Used(), "budget %d", total)
			}
		})
	}
}
