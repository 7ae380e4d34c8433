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

// fields has a field of each kind that reducers are made of.
type fields struct {
	F     float64
	S     string
	P     *int
	O     stream.Opt[int]
	B     bool
	I     int8
	Tags  []string
	Inner struct{ A, B int }

	Shared *struct{ N int }
	List   []int
	C, D   int
	At     time.Time
}

func TestReducer_Table(t *testing.T) {
	p := func(v int) *int { return &v }
	f := func(r *fields) *float64 { return &r.F }
	negativeZero := math.Copysign(0, -1)

	t.Run("zeros_of_both_signs_have_an_order", func(t *testing.T) {
		for _, rows := range [][]fields{{{F: 0}, {F: negativeZero}}, {{F: negativeZero}, {F: 0}}} {
			require.False(t, math.Signbit(mergeAll(t, rows, dedup.Greatest(f)).F))
			require.True(t, math.Signbit(mergeAll(t, rows, dedup.Least(f)).F))
		}
	})
	t.Run("nan_is_never_the_extreme_of_numbers", func(t *testing.T) {
		for _, rows := range [][]fields{{{F: 1}, {F: math.NaN()}}, {{F: math.NaN()}, {F: 1}}} {
			require.Equal(t, 1., mergeAll(t, rows, dedup.Greatest(f)).F)
			require.Equal(t, 1., mergeAll(t, rows, dedup.Least(f)).F)
		}
		require.True(t, math.IsNaN(mergeAll(t, []fields{{F: math.NaN()}, {F: math.NaN()}}, dedup.Least(f)).F))
	})
	t.Run("of_several_nans_one_is_kept_whichever_comes_first", func(t *testing.T) {
		other := math.Float64frombits(math.Float64bits(math.NaN()) | 1<<40)
		for _, reducer := range []dedup.Reducer[fields]{dedup.Greatest(f), dedup.Least(f)} {
			a := mergeAll(t, []fields{{F: math.NaN()}, {F: other}}, reducer).F
			b := mergeAll(t, []fields{{F: other}, {F: math.NaN()}}, reducer).F
			require.Equal(t, math.Float64bits(a), math.Float64bits(b))
		}
	})
	t.Run("strings_compare_byte_by_byte", func(t *testing.T) {
		s := func(r *fields) *string { return &r.S }
		require.Equal(t, "b", mergeAll(t, []fields{{S: "a"}, {S: "b"}, {S: "B"}}, dedup.Greatest(s)).S)
		require.Equal(t, "B", mergeAll(t, []fields{{S: "a"}, {S: "b"}, {S: "B"}}, dedup.Least(s)).S)
	})
	t.Run("sums_of_pointers_are_new", func(t *testing.T) {
		a, b, c := p(1), p(2), p(4)
		sum := mergeAll(t, []fields{{P: a}, {P: nil}, {P: b}, {P: c}}, dedup.SumPtr(func(r *fields) **int { return &r.P }))
		require.Equal(t, 7, *sum.P)
		require.Equal(t, []int{1, 2, 4}, []int{*a, *b, *c})
	})
	t.Run("extremes_of_pointers", func(t *testing.T) {
		rows := []fields{{P: nil}, {P: p(2)}, {P: p(-1)}}
		require.Equal(t, 2, *mergeAll(t, rows, dedup.GreatestPtr(func(r *fields) **int { return &r.P })).P)
		require.Equal(t, -1, *mergeAll(t, rows, dedup.LeastPtr(func(r *fields) **int { return &r.P })).P)
	})
	t.Run("extremes_of_opts", func(t *testing.T) {
		o := func(r *fields) *stream.Opt[int] { return &r.O }
		rows := []fields{{O: stream.Null[int]()}, {O: stream.Present(-4)}, {O: stream.Present(-2)}, {}}
		require.Equal(t, stream.Present(-2), mergeAll(t, rows, dedup.GreatestOpt(o)).O)
		require.Equal(t, stream.Present(-4), mergeAll(t, rows, dedup.LeastOpt(o)).O)
	})
	t.Run("nothing_counts_leaves_the_best_row", func(t *testing.T) {
		never := func(*fields) bool { return false }
		rows := []fields{{S: "best", F: 3, O: stream.Null[int]()}, {S: "other", F: 4}}
		got := mergeAll(t, rows,
			dedup.Last(func(r *fields) *string { return &r.S }).Where(never), dedup.Sum(f).Where(never),
			dedup.SumOpt(func(r *fields) *stream.Opt[int] { return &r.O }))
		require.Equal(t, rows[0], got)
	})
	t.Run("where_adds_to_where", func(t *testing.T) {
		positive := func(r *fields) bool { return r.I > 0 }
		even := func(r *fields) bool { return r.I%2 == 0 }
		i := func(r *fields) *int8 { return &r.I }
		require.EqualValues(t, 6, mergeAll(t, []fields{{I: 1}, {I: 2}, {I: -2}, {I: 4}}, dedup.Sum(i).Where(positive).Where(even)).I)
	})
	t.Run("integers_wrap_around", func(t *testing.T) {
		require.EqualValues(t, -128, mergeAll(t, []fields{{I: 127}, {I: 1}}, dedup.Sum(func(r *fields) *int8 { return &r.I })).I)
	})
	t.Run("a_set_of_one_row_is_a_set", func(t *testing.T) {
		tags := []string{"b", "a", "b"}
		union := dedup.Union(func(r *fields) *[]string { return &r.Tags })
		require.Equal(t, []string{"a", "b"}, mergeAll(t, []fields{{Tags: tags}}, union).Tags)
		require.Equal(t, []string{"b", "a", "b"}, tags)
		require.Nil(t, mergeAll(t, []fields{{}, {}}, union).Tags)
		require.Equal(t, []string{}, mergeAll(t, []fields{{}, {Tags: []string{}}}, union).Tags)
	})
	t.Run("a_struct_is_a_field", func(t *testing.T) {
		rows := []fields{{}, {}}
		rows[0].Inner.A, rows[1].Inner.A, rows[1].Inner.B = 1, 2, 3
		got := mergeAll(t, rows, dedup.Last(func(r *fields) *struct{ A, B int } { return &r.Inner }))
		require.Equal(t, struct{ A, B int }{2, 3}, got.Inner)
	})
	t.Run("the_row_itself_is_a_field", func(t *testing.T) {
		first := dedup.First(func(r *fields) *fields { return r }).Where(func(r *fields) bool { return r.C > 1 })
		require.Equal(t, fields{C: 2, S: "b"}, mergeAll(t, []fields{{C: 1, S: "a"}, {C: 2, S: "b"}, {C: 3, S: "c"}}, first))
	})
	t.Run("floats_are_added_in_input_order", func(t *testing.T) {
		rows := []fields{{F: 1e300}, {F: 1}, {F: -1e300}, {F: 1}}
		require.Equal(t, 1., mergeAll(t, rows, dedup.Sum(f)).F)
	})
}

// A field that is not in the row would be changed for all who share it.
func TestReducer_OnlyFieldsOfTheRowItself(t *testing.T) {
	global := 0
	for name, tt := range map[string]struct {
		reducers []dedup.Reducer[fields]
		option   string
		text     string
	}{
		"behind_a_pointer":  {[]dedup.Reducer[fields]{dedup.Sum(func(r *fields) *int { return &r.Shared.N })}, "Merge[0]", "Sum of something outside the row"},
		"in_a_slice":        {[]dedup.Reducer[fields]{dedup.Sum(func(r *fields) *int { return &r.List[0] })}, "Merge[0]", "Sum of something outside the row"},
		"somewhere_else":    {[]dedup.Reducer[fields]{dedup.Sum(func(r *fields) *int { return &global })}, "Merge[0]", "Sum of something outside the row"},
		"nowhere":           {[]dedup.Reducer[fields]{dedup.Last(func(r *fields) *int { return nil })}, "Merge[0]", "Last of something outside the row"},
		"a_copy":            {[]dedup.Reducer[fields]{dedup.Last(func(r *fields) *int { c := *r; return &c.C })}, "Merge[0]", "Last of something outside the row"},
		"twice":             {[]dedup.Reducer[fields]{dedup.Sum(func(r *fields) *int { return &r.C }), dedup.First(func(r *fields) *int { return &r.C })}, "Merge[1]", "First of what Merge[0] has"},
		"a_part_of_another": {[]dedup.Reducer[fields]{dedup.Sum(func(r *fields) *int { return &r.D }), dedup.Last(func(r *fields) *fields { return r })}, "Merge[1]", "Last of what Merge[0] has"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := stream.Collect(dedup.Run(untouchable[fields](t), func(r fields) int { return r.C }, dedup.Options[fields]{Keep: dedup.KeepMerge, Merge: tt.reducers}))
			var option *stream.OptionError
			require.ErrorAs(t, err, &option)
			require.Equal(t, tt.option, option.Option)
			require.Equal(t, tt.text, option.Got)
		})
	}
	neighbours := []dedup.Reducer[fields]{dedup.Sum(func(r *fields) *int { return &r.C }), dedup.Sum(func(r *fields) *int { return &r.D })}
	require.Equal(t, fields{C: 3, D: 30}, mergeAll(t, []fields{{C: 1, D: 10}, {C: 2, D: 20}}, neighbours...))
}

func TestReducer_NilArgumentsPanic(t *testing.T) {
	n := func(r *fields) *int { return &r.C }
	for message, call := range map[string]func(){
		"dedup: First: nil field":             func() { dedup.First[fields, int](nil) },
		"dedup: FirstOpt: nil field":          func() { dedup.FirstOpt[fields, int](nil) },
		"dedup: FirstPtr: nil field":          func() { dedup.FirstPtr[fields, int](nil) },
		"dedup: Last: nil field":              func() { dedup.Last[fields, int](nil) },
		"dedup: LastOpt: nil field":           func() { dedup.LastOpt[fields, int](nil) },
		"dedup: LastPtr: nil field":           func() { dedup.LastPtr[fields, int](nil) },
		"dedup: GreatestFunc: nil field":      func() { dedup.GreatestFunc[fields](nil, time.Time.Compare) },
		"dedup: GreatestFunc: nil compare":    func() { dedup.GreatestFunc(n, nil) },
		"dedup: LeastFunc: nil field":         func() { dedup.LeastFunc[fields](nil, time.Time.Compare) },
		"dedup: LeastFunc: nil compare":       func() { dedup.LeastFunc(n, nil) },
		"dedup: Greatest: nil field":          func() { dedup.Greatest[fields, int](nil) },
		"dedup: GreatestOpt: nil field":       func() { dedup.GreatestOpt[fields, int](nil) },
		"dedup: GreatestPtr: nil field":       func() { dedup.GreatestPtr[fields, int](nil) },
		"dedup: Least: nil field":             func() { dedup.Least[fields, int](nil) },
		"dedup: LeastOpt: nil field":          func() { dedup.LeastOpt[fields, int](nil) },
		"dedup: LeastPtr: nil field":          func() { dedup.LeastPtr[fields, int](nil) },
		"dedup: Sum: nil field":               func() { dedup.Sum[fields, int](nil) },
		"dedup: SumOpt: nil field":            func() { dedup.SumOpt[fields, int](nil) },
		"dedup: SumPtr: nil field":            func() { dedup.SumPtr[fields, int](nil) },
		"dedup: AnyTrue: nil field":           func() { dedup.AnyTrue[fields, bool](nil) },
		"dedup: AllTrue: nil field":           func() { dedup.AllTrue[fields, bool](nil) },
		"dedup: Union: nil field":             func() { dedup.Union[fields, string](nil) },
		"dedup: Combine: nil field":           func() { dedup.Combine[fields](nil, func(a, b int) int { return a }) },
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
	const n = 20_000
	for name, reducers := range map[string][]dedup.Reducer[profile]{
		"totals": {dedup.Sum(func(p *profile) *int32 { return &p.Visits })},
		"picks":  {dedup.FirstOpt(func(p *profile) *stream.Opt[string] { return &p.Mail })},
	} {
		t.Run(name, func(t *testing.T) {
			budget, err := stream.NewBudget(1 << 30)
			require.NoError(t, err)
			var before, live, booked int64
			s := stream.Seq[profile](func(yield func(profile, error) bool) {
				before = liveHeap()
				for round := range 3 { // the second row has the mail, the third nothing
					for i := range n {
						p := profile{ID: i, Name: fmt.Sprintf("%040d", i)}
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
			require.NoError(t, stream.Drain(dedup.Run(s, profile.Key,
				dedup.Options[profile]{Keep: dedup.KeepMerge, Merge: reducers, Resources: stream.Resources{Budget: budget}})))
			require.Zero(t, budget.Used())
			require.InEpsilon(t, live, booked, 0.15, "%d bytes live, %d booked", live, booked)
		})
	}
}

// Floats are added in input order whatever the number of workers and the bound, so that their sums are the same to the
// last bit; and of many rows, most of one key, every one counts.
func TestMerge_FloatSumsRepeat(t *testing.T) {
	const n = 30_000
	rows := make([]profile, n)
	want := map[int]profile{}
	for i := range rows {
		user := 0
		if r := mix(uint64(i)); r%10 == 0 {
			user = int(r % 701)
		}
		rows[i] = profile{ID: user, High: float64(mix(uint64(i))%1000) / 7, Visits: 1}
		sum := want[user]
		want[user] = profile{ID: user, High: sum.High + rows[i].High, Visits: sum.Visits + 1}
	}
	for _, r := range []stream.Resources{{}, {Workers: 2}, {Workers: 8}, {Memory: 1 << 20}} {
		got, err := stream.Collect(dedup.Run(stream.Of(rows...), profile.Key, dedup.Options[profile]{
			Keep: dedup.KeepMerge, Resources: r,
			Merge: []dedup.Reducer[profile]{
				dedup.Sum(func(p *profile) *float64 { return &p.High }), dedup.Sum(func(p *profile) *int32 { return &p.Visits })},
		}))
		require.NoError(t, err)
		require.Len(t, got, len(want))
		for _, p := range got {
			require.Equal(t, want[p.ID], p)
		}
	}
}
