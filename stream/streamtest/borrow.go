package streamtest

import (
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// Borrowed is a source of batches that are valid only until the next is asked for: it lends one buffer again and
// again, and overwrites it with nonsense as soon as the consumer is done with it. What the elements point to is
// not touched.
func Borrowed[T any](batches ...[]T) stream.Seq[[]T] {
	return func(yield func([]T, error) bool) {
		lend(batches, yield, func(int, []T) {})
	}
}

// behind is how many elements of room a lent batch has behind its end: an append in place lands there.
const behind = 4

// lend yields the batches in one buffer, and calls done with the whole buffer before it is overwritten.
func lend[T any](batches [][]T, yield func([]T, error) bool, done func(i int, buffer []T)) {
	longest := 0
	for _, b := range batches {
		longest = max(longest, len(b))
	}
	buffer := make([]T, longest+behind)
	for i, b := range batches {
		poison(buffer)
		copy(buffer, b)
		more := yield(buffer[:len(b):len(b)+behind], nil)
		done(i, buffer[:len(b)+behind])
		poison(buffer)
		if !more {
			return
		}
	}
}

// BorrowOptions adjusts CheckBorrow.
type BorrowOptions struct {
	// Lends: an output is valid only until the next is asked for, as the operator's doc says. It may change then.
	Lends bool

	// InPlace: the operator may change the elements of the batches it is given, as its doc says.
	InPlace bool
}

// CheckBorrow gives an operator batches that are valid only until the next is asked for, as Borrowed does. Its
// outputs must be those that it makes of batches it may keep; they must not change later; and it must not write
// into a batch, nor behind its end.
func CheckBorrow[In, Out any](t TB, op func(stream.Seq[[]In]) stream.Seq[Out], batches ...[]In) {
	t.Helper()
	CheckBorrowWith(t, op, BorrowOptions{}, batches...)
}

// CheckBorrowWith is CheckBorrow with options.
func CheckBorrowWith[In, Out any](t TB, op func(stream.Seq[[]In]) stream.Seq[Out], o BorrowOptions, batches ...[]In) {
	t.Helper()
	report(t, "operator", BorrowViolations(op, o, batches...))
}

// BorrowViolations is CheckBorrowWith for any framework; each error is a *Violation.
func BorrowViolations[In, Out any](op func(stream.Seq[[]In]) stream.Seq[Out], o BorrowOptions, batches ...[]In) []error {
	if op == nil {
		panic("streamtest: BorrowViolations: nil operator")
	}
	if len(batches) == 0 {
		batches = slices.Collect(slices.Chunk(Random[In](0, randomInputs), 5))
	}
	c := &borrowCheck[Out]{bench: newBench(CheckOptions[Out]{})}
	base := c.play(step{kind: "batches to keep", at: -1}, func() stream.Seq[Out] {
		return op(func(yield func([]In, error) bool) {
			for _, b := range batches {
				if !yield(append(make([]In, 0, len(b)), b...), nil) {
					return
				}
			}
		})
	}, nil)
	if base == nil {
		return c.found.errors()
	}
	s := step{kind: "batches that are overwritten", at: -1}
	got := c.play(s, func() stream.Seq[Out] {
		return op(func(yield func([]In, error) bool) {
			lend(batches, yield, func(i int, buffer []In) { c.given(s, i, batches[i], buffer, o) })
		})
	}, nil)
	if got == nil {
		return c.found.errors()
	}
	c.same(s, base, got)
	if !o.Lends {
		c.kept(s, got)
	}
	return c.found.errors()
}

// CheckOwned checks an operator that makes slices or maps which are the consumer's own: they must not change later,
// and what the consumer does with them, appending included, must not change the outputs that follow.
func CheckOwned[In, Out any](t TB, op func(stream.Seq[In]) stream.Seq[Out], inputs ...In) {
	t.Helper()
	report(t, "operator", OwnedViolations(op, inputs...))
}

// OwnedViolations is CheckOwned for any framework; each error is a *Violation.
func OwnedViolations[In, Out any](op func(stream.Seq[In]) stream.Seq[Out], inputs ...In) []error {
	if op == nil {
		panic("streamtest: OwnedViolations: nil operator")
	}
	if len(inputs) == 0 {
		inputs = Random[In](0, randomInputs)
	}
	c := &borrowCheck[Out]{bench: newBench(CheckOptions[Out]{})}
	open := func() stream.Seq[Out] { return op((&Script[In]{Values: inputs}).Seq()) }
	s := step{kind: "outputs kept", at: -1}
	base := c.play(s, open, nil)
	if base == nil {
		return c.found.errors()
	}
	c.kept(s, base)
	s = step{kind: "outputs overwritten by the consumer", at: -1}
	if got := c.play(s, open, overwrite[Out]); got != nil {
		c.same(s, base, got)
	}
	return c.found.errors()
}

// borrowCheck compares what outputs were when they were yielded with what they became.
type borrowCheck[Out any] struct {
	*bench[Out]
}

// yielded is the outputs of one run, and what each was when it came.
type yielded[Out any] struct {
	values []Out
	texts  []string
}

// play makes one run, in which the consumer does after with each output; nil: the run did not end well.
func (c *borrowCheck[Out]) play(s step, open func() stream.Seq[Out], after func(*Out)) *yielded[Out] {
	var texts []string
	o := c.drive(s, patient(), nil, func() stream.Seq[Out] {
		seq := open()
		if seq == nil {
			return nil
		}
		return func(yield func(Out, error) bool) {
			seq(func(v Out, err error) bool {
				if err == nil {
					texts = append(texts, text(&v))
				}
				more := yield(v, err)
				if after != nil {
					after(&v)
				}
				return more
			})
		}
	})
	if c.hung || !c.baseline(s, o) {
		return nil
	}
	return &yielded[Out]{o.values, texts}
}

// given looks at a batch after the operator had it.
func (c *borrowCheck[Out]) given(s step, i int, batch, buffer any, o BorrowOptions) {
	was, is := reflect.ValueOf(batch), reflect.ValueOf(buffer)
	for j := range was.Len() {
		if before, after := formatAll(was.Index(j)), formatAll(is.Index(j)); before != after && !o.InPlace {
			c.found.add(RuleBorrow, s, "element %d of batch %d was %s, and the operator made it %s", j, i, cut(before), cut(after))
		}
	}
	clean := reflect.New(is.Type().Elem()).Elem()
	poisonValue(clean)
	for j := was.Len(); j < is.Len(); j++ {
		if formatAll(is.Index(j)) != formatAll(clean) {
			c.found.add(RuleBorrow, s, "the operator wrote behind the end of batch %d", i)
		}
	}
}

// same demands what another run gave, at the moment when each output came.
func (c *borrowCheck[Out]) same(s step, want, got *yielded[Out]) {
	if d := Diff(want.texts, got.texts, WantOptions{}); d != "" {
		c.found.add(RuleBorrow, s, "the outputs differ (each as text):\n%s", d)
	}
}

// kept demands that no output has changed since it came.
func (c *borrowCheck[Out]) kept(s step, got *yielded[Out]) {
	for i := range got.values {
		if now := text(&got.values[i]); now != got.texts[i] {
			c.found.add(RuleBorrow, s, "output %d was %s when it was yielded, and later %s", i, cut(got.texts[i]), cut(now))
		}
	}
}

// overwrite destroys the slices and maps in an output, their room included, as a consumer may who owns them.
func overwrite[T any](v *T) { overwriteValue(reflect.ValueOf(v).Elem()) }

func overwriteValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.Slice:
		poisonElements(v.Slice(0, v.Cap()))
	case reflect.Map:
		v.Clear()
	case reflect.Array:
		for i := range v.Len() {
			overwriteValue(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			overwriteValue(field(v, i))
		}
	}
}

// poison overwrites elements with what no sane input holds.
func poison[T any](values []T) { poisonElements(reflect.ValueOf(values)) }

func poisonElements(list reflect.Value) {
	for i := range list.Len() {
		poisonValue(list.Index(i))
	}
}

func poisonValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(-0x5A5A5A5A5A5A5A5B >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(0xA5A5A5A5A5A5A5A5 >> (64 - v.Type().Bits()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(math.NaN())
	case reflect.String:
		v.SetString("overwritten")
	case reflect.Array:
		poisonElements(v)
	case reflect.Struct:
		switch {
		case v.Type() == timeType:
			v.Set(reflect.ValueOf(time.Unix(-0x5A5A5A5A, 0)))
		case isOpt(v.Type()):
			v.SetZero()
		default:
			for i := range v.NumField() {
				poisonValue(field(v, i))
			}
		}
	default:
		v.SetZero()
	}
}
