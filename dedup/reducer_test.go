package dedup_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// mergeAll merges rows of one key.
func mergeAll[T any](t *testing.T, rows []T, reducers ...dedup.Reducer[T]) T {
	t.Helper()
	got, err := stream.Collect(dedup.Run(stream.Of(rows...), func(T) int { return 0 }, dedup.Options[T]{Keep: dedup.KeepMerge, Merge: reducers}))
	require.NoError(t, err)
	require.Len(t, got, 1)
	return got[0]
}

func TestReducer_Table(t *testing.T) {
	type row struct {
		F     float64
		S     string
		P     *int
		O     stream.Opt[int]
		B     bool
		I     int8
		Tags  []string
		Inner struct{ A, B int }
	}
	p := func(v int) *int { return &v }
	f := func(r *row) *float64 { return &r.F }
	negativeZero := math.Copysign(0, -1)

	t.Run("zeros_of_both_signs_have_an_order", func(t *testing.T) {
		for _, rows := range [][]row{{{F: 0}, {F: negativeZero}}, {{F: negativeZero}, {F: 0}}} {
			require.False(t, math.Signbit(mergeAll(t, rows, dedup.Greatest(f)).F))
			require.True(t, math.Signbit(mergeAll(t, rows, dedup.Least(f)).F))
		}
	})
	t.Run("nan_is_never_the_extreme_of_numbers", func(t *testing.T) {
		for _, rows := range [][]row{{{F: 1}, {F: math.NaN()}}, {{F: math.NaN()}, {F: 1}}} {
			require.Equal(t, 1., mergeAll(t, rows, dedup.Greatest(f)).F)
			require.Equal(t, 1., mergeAll(t, rows, dedup.Least(f)).F)
		}
		require.True(t, math.IsNaN(mergeAll(t, []row{{F: math.NaN()}, {F: math.NaN()}}, dedup.Least(f)).F))
	})
	t.Run("of_several_nans_one_is_kept_whichever_comes_first", func(t *testing.T) {
		other := math.Float64frombits(math.Float64bits(math.NaN()) | 1<<40)
		for _, reducer := range []dedup.Reducer[row]{dedup.Greatest(f), dedup.Least(f)} {
			a := mergeAll(t, []row{{F: math.NaN()}, {F: other}}, reducer).F
			b := mergeAll(t, []row{{F: other}, {F: math.NaN()}}, reducer).F
			require.Equal(t, math.Float64bits(a), math.Float64bits(b))
		}
	})
	t.Run("strings_compare_byte_by_byte", func(t *testing.T) {
		s := func(r *row) *string { return &r.S }
		require.Equal(t, "b", mergeAll(t, []row{{S: "a"}, {S: "b"}, {S: "B"}}, dedup.Greatest(s)).S)
		require.Equal(t, "B", mergeAll(t, []row{{S: "a"}, {S: "b"}, {S: "B"}}, dedup.Least(s)).S)
	})
	t.Run("sums_of_pointers_are_new", func(t *testing.T) {
		a, b, c := p(1), p(2), p(4)
		sum := mergeAll(t, []row{{P: a}, {P: nil}, {P: b}, {P: c}}, dedup.SumPtr(func(r *row) **int { return &r.P }))
		require.Equal(t, 7, *sum.P)
		require.Equal(t, []int{1, 2, 4}, []int{*a, *b, *c})
	})
	t.Run("extremes_of_pointers", func(t *testing.T) {
		rows := []row{{P: nil}, {P: p(2)}, {P: p(-1)}}
		require.Equal(t, 2, *mergeAll(t, rows, dedup.GreatestPtr(func(r *row) **int { return &r.P })).P)
		require.Equal(t, -1, *mergeAll(t, rows, dedup.LeastPtr(func(r *row) **int { return &r.P })).P)
	})
	t.Run("extremes_of_opts", func(t *testing.T) {
		o := func(r *row) *stream.Opt[int] { return &r.O }
		rows := []row{{O: stream.Null[int]()}, {O: stream.Present(-4)}, {O: stream.Present(-2)}, {}}
		require.Equal(t, stream.Present(-2), mergeAll(t, rows, dedup.GreatestOpt(o)).O)
		require.Equal(t, stream.Present(-4), mergeAll(t, rows, dedup.LeastOpt(o)).O)
	})
	t.Run("nothing_counts_leaves_the_best_row", func(t *testing.T) {
		never := func(*row) bool { return false }
		rows := []row{{S: "best", F: 3, O: stream.Null[int]()}, {S: "other", F: 4}}
		got := mergeAll(t, rows,
			dedup.Last(func(r *row) *string { return &r.S }).Where(never), dedup.Sum(f).Where(never),
			dedup.SumOpt(func(r *row) *stream.Opt[int] { return &r.O }))
		require.Equal(t, rows[0], got)
	})
	t.Run("where_adds_to_where", func(t *testing.T) {
		positive := func(r *row) bool { return r.I > 0 }
		even := func(r *row) bool { return r.I%2 == 0 }
		i := func(r *row) *int8 { return &r.I }
		require.EqualValues(t, 6, mergeAll(t, []row{{I: 1}, {I: 2}, {I: -2}, {I: 4}}, dedup.Sum(i).Where(positive).Where(even)).I)
	})
	t.Run("integers_wrap_around", func(t *testing.T) {
		require.EqualValues(t, -128, mergeAll(t, []row{{I: 127}, {I: 1}}, dedup.Sum(func(r *row) *int8 { return &r.I })).I)
	})
	t.Run("a_set_of_one_row_is_a_set", func(t *testing.T) {
		tags := []string{"b", "a", "b"}
		union := dedup.Union(func(r *row) *[]string { return &r.Tags })
		require.Equal(t, []string{"a", "b"}, mergeAll(t, []row{{Tags: tags}}, union).Tags)
		require.Equal(t, []string{"b", "a", "b"}, tags)
		require.Nil(t, mergeAll(t, []row{{}, {}}, union).Tags)
		require.Equal(t, []string{}, mergeAll(t, []row{{}, {Tags: []string{}}}, union).Tags)
	})
	t.Run("a_struct_is_a_field", func(t *testing.T) {
		rows := []row{{}, {}}
		rows[0].Inner.A, rows[1].Inner.A, rows[1].Inner.B = 1, 2, 3
		got := mergeAll(t, rows, dedup.Last(func(r *row) *struct{ A, B int } { return &r.Inner }))
		require.Equal(t, struct{ A, B int }{2, 3}, got.Inner)
	})
	t.Run("the_row_itself_is_a_field", func(t *testing.T) {
		require.Equal(t, 6, mergeAll(t, []int{1, 2, 3}, dedup.Sum(func(v *int) *int { return v })))
	})
	t.Run("floats_are_added_in_input_order", func(t *testing.T) {
		rows := []row{{F: 1e300}, {F: 1}, {F: -1e300}, {F: 1}}
		require.Equal(t, 1., mergeAll(t, rows, dedup.Sum(f)).F)
	})
}

// A field that is not in the row would be changed for all who share it.
func TestReducer_OnlyFieldsOfTheRowItself(t *testing.T) {
	type shared struct{ N int }
	type row struct {
		Shared *shared
		Map    map[string]int
		List   []int
		A, B   int
	}
	global := 0
	for name, tt := range map[string]struct {
		reducers []dedup.Reducer[row]
		option   string
		text     string
	}{
		"behind_a_pointer":  {[]dedup.Reducer[row]{dedup.Sum(func(r *row) *int { return &r.Shared.N })}, "Merge[0]", "Sum of something outside the row"},
		"in_a_slice":        {[]dedup.Reducer[row]{dedup.Sum(func(r *row) *int { return &r.List[0] })}, "Merge[0]", "Sum of something outside the row"},
		"somewhere_else":    {[]dedup.Reducer[row]{dedup.Sum(func(r *row) *int { return &global })}, "Merge[0]", "Sum of something outside the row"},
		"nowhere":           {[]dedup.Reducer[row]{dedup.Last(func(r *row) *int { return nil })}, "Merge[0]", "Last of something outside the row"},
		"a_copy":            {[]dedup.Reducer[row]{dedup.Last(func(r *row) *int { c := *r; return &c.A })}, "Merge[0]", "Last of something outside the row"},
		"twice":             {[]dedup.Reducer[row]{dedup.Sum(func(r *row) *int { return &r.A }), dedup.First(func(r *row) *int { return &r.A })}, "Merge[1]", "First of what Merge[0] has"},
		"a_part_of_another": {[]dedup.Reducer[row]{dedup.Sum(func(r *row) *int { return &r.B }), dedup.Last(func(r *row) *row { return r })}, "Merge[1]", "Last of what Merge[0] has"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := stream.Collect(dedup.Run(untouchable[row](t), func(r row) int { return r.A }, dedup.Options[row]{Keep: dedup.KeepMerge, Merge: tt.reducers}))
			var option *stream.OptionError
			require.ErrorAs(t, err, &option)
			require.Equal(t, tt.option, option.Option)
			require.Equal(t, tt.text, option.Got)
		})
	}
	neighbours := []dedup.Reducer[row]{dedup.Sum(func(r *row) *int { return &r.A }), dedup.Sum(func(r *row) *int { return &r.B })}
	require.Equal(t, row{A: 3, B: 30}, mergeAll(t, []row{{A: 1, B: 10}, {A: 2, B: 20}}, neighbours...))
}

func TestReducer_NilArgumentsPanic(t *testing.T) {
	type row struct {
		N int
		P *int
		O stream.Opt[int]
		B bool
		S []string
		T time.Time
	}
	n := func(r *row) *int { return &r.N }
	for message, call := range map[string]func(){
		"dedup: First: nil field":             func() { dedup.First[row, int](nil) },
		"dedup: FirstOpt: nil field":          func() { dedup.FirstOpt[row, int](nil) },
		"dedup: FirstPtr: nil field":          func() { dedup.FirstPtr[row, int](nil) },
		"dedup: Last: nil field":              func() { dedup.Last[row, int](nil) },
		"dedup: LastOpt: nil field":           func() { dedup.LastOpt[row, int](nil) },
		"dedup: LastPtr: nil field":           func() { dedup.LastPtr[row, int](nil) },
		"dedup: GreatestFunc: nil field":      func() { dedup.GreatestFunc[row](nil, time.Time.Compare) },
		"dedup: GreatestFunc: nil compare":    func() { dedup.GreatestFunc(n, nil) },
		"dedup: LeastFunc: nil field":         func() { dedup.LeastFunc[row](nil, time.Time.Compare) },
		"dedup: LeastFunc: nil compare":       func() { dedup.LeastFunc(n, nil) },
		"dedup: Greatest: nil field":          func() { dedup.Greatest[row, int](nil) },
		"dedup: GreatestOpt: nil field":       func() { dedup.GreatestOpt[row, int](nil) },
		"dedup: GreatestPtr: nil field":       func() { dedup.GreatestPtr[row, int](nil) },
		"dedup: Least: nil field":             func() { dedup.Least[row, int](nil) },
		"dedup: LeastOpt: nil field":          func() { dedup.LeastOpt[row, int](nil) },
		"dedup: LeastPtr: nil field":          func() { dedup.LeastPtr[row, int](nil) },
		"dedup: Sum: nil field":               func() { dedup.Sum[row, int](nil) },
		"dedup: SumOpt: nil field":            func() { dedup.SumOpt[row, int](nil) },
		"dedup: SumPtr: nil field":            func() { dedup.SumPtr[row, int](nil) },
		"dedup: AnyTrue: nil field":           func() { dedup.AnyTrue[row, bool](nil) },
		"dedup: AllTrue: nil field":           func() { dedup.AllTrue[row, bool](nil) },
		"dedup: Union: nil field":             func() { dedup.Union[row, string](nil) },
		"dedup: Combine: nil field":           func() { dedup.Combine[row](nil, func(a, b int) int { return a }) },
		"dedup: Combine: nil combine":         func() { dedup.Combine(n, nil) },
		"dedup: Reducer.Where: nil predicate": func() { dedup.Sum(n).Where(nil) },
	} {
		require.PanicsWithValue(t, message, call)
	}
}

// Two passes hold no row that could be merged into.
func TestTwoPass_RefusesMerge(t *testing.T) {
	open := func() stream.Seq[click] { return untouchable[click](t) }
	_, err := stream.Collect(dedup.TwoPass(open, click.Key, dedup.Options[click]{
		Keep: dedup.KeepMerge, Merge: []dedup.Reducer[click]{lastPage}, Order: dedup.OrderWinner}))
	var option *stream.OptionError
	require.ErrorAs(t, err, &option)
	require.Equal(t, "Keep", option.Option)
}

// What a merge books must be what it has.
func TestMerge_BookedIsWhatLives(t *testing.T) {
	type person struct {
		ID   int64
		Name string
		Mail stream.Opt[string]
		N    int64
	}
	const n = 20_000
	for name, reducers := range map[string][]dedup.Reducer[person]{
		"totals": {dedup.Sum(func(p *person) *int64 { return &p.N })},
		"picks":  {dedup.FirstOpt(func(p *person) *stream.Opt[string] { return &p.Mail })},
	} {
		t.Run(name, func(t *testing.T) {
			budget, err := stream.NewBudget(1 << 30)
			require.NoError(t, err)
			var before, live, booked int64
			s := stream.Seq[person](func(yield func(person, error) bool) {
				before = liveHeap()
				for round := range 3 { // the second row has the mail, the third nothing
					for i := range int64(n) {
						p := person{ID: i, Name: fmt.Sprintf("%040d", i)}
						if round == 1 {
							p.Mail = stream.Present(fmt.Sprintf("%060d", i))
						}
						if !yield(p, nil) {
							return
						}
					}
				}
				live, booked = liveHeap()-before, budget.Used()
			})
			require.NoError(t, stream.Drain(dedup.Run(s, func(p person) int64 { return p.ID },
				dedup.Options[person]{Keep: dedup.KeepMerge, Merge: reducers, Resources: stream.Resources{Budget: budget}})))
			require.Zero(t, budget.Used())
			require.InEpsilon(t, live, booked, 0.15, "%d bytes live, %d booked", live, booked)
		})
	}
}

// Floats are added in input order whatever the number of workers and the bound, so that their sums are the same to the
// last bit; and of many rows, most of one key, every one counts.
func TestMerge_FloatSumsRepeat(t *testing.T) {
	type payment struct {
		User   int
		Amount float64
		Count  int
	}
	const n = 30_000
	rows := make([]payment, n)
	want := map[int]payment{}
	for i := range rows {
		user := 0
		if r := mix(uint64(i)); r%10 == 0 {
			user = int(r % 701)
		}
		rows[i] = payment{User: user, Amount: float64(mix(uint64(i))%1000) / 7, Count: 1}
		sum := want[user]
		want[user] = payment{User: user, Amount: sum.Amount + rows[i].Amount, Count: sum.Count + 1}
	}
	for _, r := range []stream.Resources{{}, {Workers: 2}, {Workers: 8}, {Memory: 1 << 20}} {
		got, err := stream.Collect(dedup.Run(stream.Of(rows...), func(p payment) int { return p.User }, dedup.Options[payment]{
			Keep: dedup.KeepMerge, Resources: r,
			Merge: []dedup.Reducer[payment]{
				dedup.Sum(func(p *payment) *float64 { return &p.Amount }), dedup.Sum(func(p *payment) *int { return &p.Count })},
		}))
		require.NoError(t, err)
		require.Len(t, got, len(want))
		for _, p := range got {
			require.Equal(t, want[p.User], p)
		}
	}
}
