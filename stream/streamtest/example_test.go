package streamtest_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// Reading is what a sensor says.
type Reading struct {
	Sensor string
	Value  float64
}

var readings = []Reading{{"attic", 3.5}, {"attic", 1}, {"cellar", 40}, {"cellar", 2}}

// spikes has three faults: it loses errors, so that it also loses the news that a source was consumed, and it does
// not listen to its consumer.
func spikes(s stream.Seq[Reading], limit float64) stream.Seq[Reading] {
	return func(yield func(Reading, error) bool) {
		for r, err := range s {
			if err == nil && r.Value > limit {
				yield(r, nil)
			}
		}
	}
}

// goodSpikes has none.
func goodSpikes(s stream.Seq[Reading], limit float64) stream.Seq[Reading] {
	return func(yield func(Reading, error) bool) {
		for r, err := range s {
			if err != nil {
				yield(Reading{}, err)
				return
			}
			if r.Value > limit && !yield(r, nil) {
				return
			}
		}
	}
}

// printer stands for the *testing.T of a test: it prints what a failing test would.
type printer struct{}

func (printer) Helper() {}

func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

var t printer

func ExampleCheck() {
	streamtest.Check(t, func(s stream.Seq[Reading]) stream.Seq[Reading] { return spikes(s, 3) }, readings...)
	// Output:
	// streamtest: the operator breaks the contract of stream:
	//   - E4 stop: break at output 0 of 2: 1 pair yielded after the loop ended (and in 1 more place)
	//   - E1 error forwarded: error at input 0 of 4: want an error that wraps the injected one, but it ended without an error after 0 values (and in 4 more places)
	//   - E6 second run: second run over a single-use source: want stream.ErrConsumed, but it ended without an error after 0 values
}

// A filter holds nothing back: Streaming makes the check stricter.
func ExampleCheckWith() {
	op := func(s stream.Seq[Reading]) stream.Seq[Reading] { return goodSpikes(s, 3) }
	streamtest.CheckWith(t, op, streamtest.CheckOptions[Reading]{Streaming: true}, readings...)
	fmt.Println("passed")
	// Output: passed
}

func ExampleCheckSource() {
	clicks := make(chan string, 2)
	clicks <- "home"
	clicks <- "cart"
	close(clicks)
	streamtest.CheckSource(t, func() stream.Seq[string] {
		return func(yield func(string, error) bool) {
			for c := range clicks {
				if !yield(c, nil) {
					return
				}
			}
		}
	})
	// Output:
	// streamtest: the source breaks the contract of stream:
	//   - E9 repeatable: fresh source 0 of 4: the output differs from the first run's:
	//     want 2 elements (-), got 0 elements (+):
	//     - 0: "home"
	//     - 1: "cart" (and in 3 more places)
	//   - E6 second run: run of one sequence 0 of 3: the output differs from the first run's:
	//     want 2 elements (-), got 0 elements (+):
	//     - 0: "home"
	//     - 1: "cart" (and in 2 more places)
	//   - E9 repeatable: break at output 0 of 2: the output before the break differs from the first run's:
	//     want 1 element (-), got 0 elements (+):
	//     - 0: "home" (and in 1 more place)
	//   - E6 second run: run after a break at output 0 of 2: the output differs from the first run's:
	//     want 2 elements (-), got 0 elements (+):
	//     - 0: "home"
	//     - 1: "cart" (and in 1 more place)
}

// A source that can run only once says so, instead of ending silently.
func ExampleCheckSourceWith() {
	open := func() stream.Seq[string] {
		return (&streamtest.Script[string]{Values: []string{"home", "cart"}, SingleUse: true}).Seq()
	}
	streamtest.CheckSourceWith(t, open, streamtest.CheckOptions[string]{SingleUse: true})
	fmt.Println("passed")
	// Output: passed
}

func ExampleCheckSink() {
	longest := func(s stream.Seq[string]) (string, error) {
		best := ""
		for word := range s { // an error ends the loop and looks like the end
			if len(word) > len(best) {
				best = word
			}
		}
		return best, nil
	}
	streamtest.CheckSink(t, longest, "click", "purchase", "view")
	// Output:
	// streamtest: the sink breaks the contract of stream:
	//   - E1 error forwarded: error at input 0 of 3: want an error that wraps the injected one, but it ended without an error after 1 value (and in 3 more places)
}

// A mean of floats is compared as the caller likes.
func ExampleCheckSinkWith() {
	mean := func(s stream.Seq[float64]) (float64, error) {
		sum, n := 0.0, 0.0
		for v, err := range s {
			if err != nil {
				return 0, err
			}
			sum, n = sum+v, n+1
		}
		return sum / n, nil
	}
	near := func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
	streamtest.CheckSinkWith(t, mean, streamtest.CheckOptions[float64]{Equal: near}, 1, 2, 4)
	fmt.Println("passed")
	// Output: passed
}

// latest keeps the last reading of each sensor, in the order in which the sensors were first seen. It takes the
// first byte of a name for the whole, which four readings from an attic and a cellar do not show.
func latest(s stream.Seq[Reading]) stream.Seq[Reading] {
	return func(yield func(Reading, error) bool) {
		var order []byte
		last := make(map[byte]Reading)
		for r, err := range s {
			if err != nil {
				yield(Reading{}, err)
				return
			}
			key := byte(0)
			if r.Sensor != "" {
				key = r.Sensor[0]
			}
			if _, ok := last[key]; !ok {
				order = append(order, key)
			}
			last[key] = r
		}
		for _, key := range order {
			if !yield(last[key], nil) {
				return
			}
		}
	}
}

// naiveLatest is the model: slow and obvious.
func naiveLatest(all []Reading) []Reading {
	var out []Reading
	for _, r := range all {
		same := func(o Reading) bool { return o.Sensor == r.Sensor }
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i] = r
		} else {
			out = append(out, r)
		}
	}
	return out
}

func ExampleModel() {
	streamtest.Model(t, latest, naiveLatest)
	// Output:
	// streamtest: the operator differs from its model: want 2 elements (-), got 1 element (+):
	// - 0: {Sensor:"cl" Value:0}
	//   0: {Sensor:"c" Value:0}
	// the input, 2 elements (shrunk from 7 in 37 runs):
	//   0: {Sensor:"cl" Value:0}
	//   1: {Sensor:"c" Value:0}
	// replay: streamtest.ModelOptions{Seed: 6, Cases: 1}
}

// The operator under other options is a variant, and must give the same to the last bit.
func ExampleModelWith() {
	byValue := func(a, b Reading) int { return cmp.Compare(a.Value, b.Value) }
	top := func(chunk int) func(stream.Seq[Reading]) stream.Seq[Reading] {
		return func(s stream.Seq[Reading]) stream.Seq[Reading] {
			return stream.Map(stream.Batch(goodSpikes(s, 3), chunk), func(b []Reading) Reading { return slices.MaxFunc(b, byValue) })
		}
	}
	naive := func(all []Reading) []Reading {
		all = slices.DeleteFunc(all, func(r Reading) bool { return r.Value <= 3 })
		if len(all) == 0 {
			return nil
		}
		return []Reading{slices.MaxFunc(all, byValue)}
	}
	streamtest.ModelWith(t, top(5000), naive, streamtest.ModelOptions[Reading, Reading]{
		Variants: map[string]func(stream.Seq[Reading]) stream.Seq[Reading]{"chunk=6000": top(6000)},
	})
	fmt.Println("passed")
	// Output: passed
}

func ExampleMismatch() {
	err := streamtest.Mismatch(latest, naiveLatest, streamtest.ModelOptions[Reading, Reading]{MaxLen: 1})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleViolations() {
	op := func(s stream.Seq[Reading]) stream.Seq[Reading] { return spikes(s, 3) }
	for _, err := range streamtest.Violations(op, streamtest.CheckOptions[Reading]{}, readings...) {
		var v *streamtest.Violation
		if errors.As(err, &v) {
			fmt.Println(v.Rule, "at", v.Step)
		}
	}
	// Output:
	// E4 stop at break at output 0 of 2
	// E1 error forwarded at error at input 0 of 4
	// E6 second run at second run over a single-use source
}

func ExampleSourceViolations() {
	forgetful := func() stream.Seq[int] {
		return func(yield func(int, error) bool) { yield(404, errors.New("not found")) }
	}
	for _, err := range streamtest.SourceViolations(forgetful, streamtest.CheckOptions[int]{Fails: true}) {
		fmt.Println(err)
	}
	// Output: E2 zero beside error: full run: the value beside the error is 404 (and in 11 more places)
}

func ExampleSinkViolations() {
	count := func(s stream.Seq[string]) (int, error) {
		n := 0
		for _, err := range s {
			if err != nil {
				return n, fmt.Errorf("count: %v", err) // should be %w
			}
			n++
		}
		return n, nil
	}
	for _, err := range streamtest.SinkViolations(count, streamtest.CheckOptions[int]{}, "click") {
		fmt.Println(err)
	}
	// Output: E1 error forwarded: error at input 0 of 1: want an error that wraps the injected one, but it ended with the error "count: streamtest: error injected at input 0" after 0 values (and in 1 more place)
}

// A hand-made case: the source fails after two readings.
func ExampleScript() {
	src := &streamtest.Script[Reading]{Values: readings, At: 2, Err: errors.New("sensor unplugged")}
	for r, err := range goodSpikes(src.Seq(), 3) {
		fmt.Println(r, err)
	}
	fmt.Printf("%+v\n", src.Counts())
	// Output:
	// {attic 3.5} <nil>
	// { 0} sensor unplugged
	// {Starts:1 Pulls:3 Values:2 Faults:1 Ends:0 Stops:0 Cleanups:1}
}

func ExampleScript_Seq() {
	src := &streamtest.Script[string]{Values: []string{"home", "cart"}, SingleUse: true}
	for range 2 {
		for page, err := range src.Seq() {
			fmt.Printf("%q %v\n", page, err)
		}
	}
	// Output:
	// "home" <nil>
	// "cart" <nil>
	// "" source already consumed
}

func ExampleScript_Counts() {
	src := &streamtest.Script[string]{Values: []string{"home", "cart"}}
	for range src.Seq() {
		break
	}
	fmt.Println("stopped:", src.Counts().Stops, "cleaned up:", src.Counts().Cleanups)
	// Output: stopped: 1 cleaned up: 1
}

func ExampleEqual() {
	src := &streamtest.Script[Reading]{Values: readings}
	streamtest.Equal(t, goodSpikes(src.Seq(), 3), Reading{"attic", 3.5}, Reading{"cellar", 4})
	// Output:
	// streamtest: the stream differs: want 2 elements (-), got 2 elements (+):
	//   0: {Sensor:"attic" Value:3.5}
	// - 1: {Sensor:"cellar" Value:4}
	// + 1: {Sensor:"cellar" Value:40}
	//      .Value: want 4, got 40
}

func ExampleUnordered() {
	src := &streamtest.Script[string]{Values: []string{"view", "click", "view"}}
	streamtest.Unordered(t, src.Seq(), "click", "view", "purchase")
	// Output:
	// streamtest: the stream differs: want 3 elements (-), got 3 elements (+), in any order:
	// - 2: "purchase"
	// + 2: "view"
}

func ExampleWant() {
	src := &streamtest.Script[Reading]{Values: []Reading{{"attic", 0.1 + 0.2}}}
	streamtest.Want(t, src.Seq(), streamtest.WantOptions{Tolerance: 1e-9}, Reading{"attic", 0.3})
	fmt.Println("passed")
	// Output: passed
}

func ExampleWantError() {
	src := &streamtest.Script[string]{Values: []string{"home"}, At: 1, Err: fmt.Errorf("line 2: %w", stream.ErrCorrupt)}
	streamtest.WantError(t, src.Seq(), stream.ErrCorrupt, "home")
	streamtest.WantError(t, src.Seq(), stream.ErrMissing, "home")
	// Output: streamtest: the stream ended with the error "line 2: corrupt input", want one that is "missing"
}

func ExampleDiff() {
	fmt.Println(streamtest.Diff([]string{"a", "b", "c"}, []string{"a", "c", "d"}, streamtest.WantOptions{}))
	// Output:
	// want 3 elements (-), got 3 elements (+):
	//   0: "a"
	// - 1: "b"
	//   1: "c"
	// + 2: "d"
}

func ExampleFormat() {
	fmt.Println(streamtest.Format(map[string]any{"ids": []int(nil), "by": stream.Null[string](), "at": time.Unix(0, 0).UTC()}))
	// Output: map["at":1970-01-01T00:00:00Z "by":null "ids":nil]
}

func ExampleAllocs() {
	streamtest.Allocs(t, 0, func(s stream.Seq[Reading]) stream.Seq[Reading] { return goodSpikes(s, 3) }, readings...)
	fmt.Println("passed")
	// Output: passed
}

func ExampleRandom() {
	one, again := streamtest.Random[Reading](7, 100), streamtest.Random[Reading](7, 100)
	fmt.Println(len(one), streamtest.Diff(one, again, streamtest.WantOptions{}) == "")
	// Output: 100 true
}

func ExampleEvents() {
	for e, err := range streamtest.Events(streamtest.EventOptions{Seed: 1, N: 4, Span: time.Hour}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.ID(), e.User(), e.Kind(), e.At().Format(time.TimeOnly), e.UpdatedBy)
	}
	// Output:
	// e220a8397b1dcdaf 1013904226 page_view 00:00:00 emil
	// 910a2dec89025cc1 1013904226 login 00:14:59 missing
	// 975835de1c9756ce 1013904226 page_view 00:29:58 null
	// 1d0b14e4db018fed 1013904226 page_view 00:44:59 système
}

func ExampleWriteNDJSON() {
	var b strings.Builder
	stats, err := streamtest.WriteNDJSON(&b, streamtest.EventOptions{Seed: 1, N: 1000})
	fmt.Println(stats.Lines, "lines:", stats.Distinct, "events,", stats.Duplicates, "retries,", stats.Broken, "broken", err)
	fmt.Println(strings.SplitN(b.String(), "\n", 2)[0])
	// Output:
	// 1000 lines: 850 events, 141 retries, 9 broken <nil>
	// {"event_id":"e220a8397b1dcdaf","user_id":2027808452,"event_type":"page_view","ts":"2024-01-15T00:00:00Z","ingested_at":"2024-01-15T00:00:00.579Z","updated_by":"emil","page":"/product/485"}
}

func ExampleEventTypes() {
	fmt.Println(len(streamtest.EventTypes()), streamtest.EventTypes()[:3])
	// Output: 12 [page_view click search]
}
