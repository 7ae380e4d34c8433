package compare

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
)

func threeSides() *Comparison {
	return &Comparison{
		Name: "sums", Title: "Sums", Cases: []Case{
			{Name: "all", Rows: 100},
			{Name: "two", Rows: 100, Sides: []string{"a", "c"}, Goals: []Goal{{Measure: "wall", A: "a", B: "c", AtMost: 1}}},
		},
		Sides: []Side{{Name: "a"}, {Name: "b", Module: "example.com/b"}, {Name: "c"}},
	}
}

// fake answers at once, and notes who was asked.
type fake struct {
	asked   []string
	answers map[string]measure.Answer // of sides that do not answer 1
	failing map[string]error
}

func (f *fake) start(s Side, j Job) (Report, error) {
	f.asked = append(f.asked, fmt.Sprintf("%s%d", s.Name, j.Params.Events.Rows))
	a := measure.Answer{Rows: 1, Digest: 1}
	if other, ok := f.answers[s.Name]; ok {
		a = other
	}
	wall := float64(len(f.asked))
	return Report{Cost: measure.Cost{Wall: wall}, Answer: a, Modules: map[string]string{"example.com/b": "v1.2.3"}}, f.failing[s.Name]
}

func (f *fake) run(o Options) ([]*Result, error) {
	o.Log, o.Start = io.Discard, f.start
	var results []*Result
	err := Run(threeSides(), o, func(r *Result) error {
		results = append(results, r)
		return nil
	})
	return results, err
}

func TestRun_takes_turns(t *testing.T) {
	var f fake
	results, err := f.run(Options{Rounds: 3, Rows: 7})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields("a7 b7 c7 b7 c7 a7 c7 a7 b7 a7 c7 c7 a7 a7 c7")
	if !slices.Equal(f.asked, want) {
		t.Errorf("asked %v, want %v", f.asked, want)
	}
	if len(results) != 2 || len(results[0].Sides) != 3 || len(results[1].Sides) != 2 {
		t.Fatalf("results %+v", results)
	}
	if v := results[0].Side("b").Version; v != "v1.2.3" {
		t.Errorf("version %q", v)
	}
	// Case two took 10, 13, 14 for a and 11, 12, 15 for c.
	if got, ok := results[1].Measured(results[1].Goals[0]); !ok || got != 14./15 {
		t.Errorf("Measured = %v, %v", got, ok)
	}
	if got := results[1].Side("a").Median(func(c measure.Cost) float64 { return c.Wall }); got != 13 {
		t.Errorf("Median = %v", got)
	}
}

func TestRun_only_what_was_asked_for(t *testing.T) {
	var f fake
	if _, err := f.run(Options{Rounds: 1, Cases: []string{"all"}, Sides: []string{"c"}}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"c100"}; !slices.Equal(f.asked, want) {
		t.Errorf("asked %v, want %v", f.asked, want)
	}
}

func TestRun_keeps_nothing_where_answers_differ(t *testing.T) {
	for _, wrong := range []measure.Answer{{Rows: 1, Digest: 2}, {Rows: 2, Digest: 1}, {}} {
		f := fake{answers: map[string]measure.Answer{"c": wrong}}
		results, err := f.run(Options{Rounds: 2})
		if err == nil || len(results) != 0 || !strings.Contains(err.Error(), "side c") {
			t.Errorf("c answers %+v: %d results, error %v", wrong, len(results), err)
		}
	}
}

func TestRun_failing_sides(t *testing.T) {
	broken := errors.New("broken")
	f := fake{failing: map[string]error{"b": broken}}
	if results, err := f.run(Options{Rounds: 2}); !errors.Is(err, broken) || len(results) != 0 {
		t.Errorf("a broken side: %d results, error %v", len(results), err)
	}
	f = fake{failing: map[string]error{"b": fmt.Errorf("b: %w", ErrUnavailable)}}
	results, err := f.run(Options{Rounds: 2, Cases: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(results[0].Sides) != 2 || !reflect.DeepEqual(results[0].LeftOut, []LeftOut{{"b", "b: not available here"}}) {
		t.Errorf("a side that cannot run: %+v", results[0])
	}
	if want := strings.Fields("a100 b100 c100 c100 a100"); !slices.Equal(f.asked, want) {
		t.Errorf("asked %v, want %v", f.asked, want)
	}
}

func TestGoal_measures(t *testing.T) {
	cost := measure.Cost{Wall: 2, Live: 3, PeakBefore: 100, Peak: 140}
	r := Result{Sides: []SideResult{{Name: "a", Costs: []measure.Cost{cost}}}}
	for name, want := range map[string]float64{"wall": 2, "live": 3, "peak": 40, "resident": 140} {
		if got, ok := r.Measured(Goal{Measure: name, A: "a"}); !ok || got != want {
			t.Errorf("%s: measured %v (%v), want %v", name, got, ok, want)
		}
	}
}

func TestCase_scales_with_its_rows(t *testing.T) {
	c := Case{Rows: 1000, Params: Params{Events: events.Options{Users: 100}, Other: 10, Memory: 64 << 20}}
	got := c.fill(250, 3)
	want := Params{Events: events.Options{Rows: 250, Seed: 3, Users: 25}, Other: 2, Memory: 16 << 20}
	if got != want {
		t.Errorf("a quarter of the rows: %+v, want %+v", got, want)
	}
	if got := c.fill(1, 3); got.Events.Users != 1 || got.Other != 1 || got.Memory != (64<<20)/1000 {
		t.Errorf("one row: %+v", got)
	}
}

func TestResult_saved_and_loaded(t *testing.T) {
	var f fake
	results, err := f.run(Options{Rounds: 2, Commit: "abc"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, r := range results {
		if err := r.Save(dir); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	for i := range loaded {
		if !reflect.DeepEqual(&loaded[i], results[i]) {
			t.Errorf("loaded %+v, saved %+v", loaded[i], results[i])
		}
	}
}
