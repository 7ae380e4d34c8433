package streamtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/stream"
)

// LawsOptions adjusts a check of a fold's laws. The zero value is right for most.
type LawsOptions[T, A any] struct {
	// Generate makes n values, or as many as it likes better. Nil: as for Model. Give one where a fold of floats
	// would add numbers of very different size, or where Add is picky.
	Generate func(r *rand.Rand, n int) []T

	// Equal compares accumulators of the same values. Nil: deep equality, of an Exact fold to the bit, otherwise
	// with floats that may differ by a billionth.
	Equal func(a, b A) bool

	// Codec must bring accumulators through: it is checked by itself, and accumulators go through it before they
	// are merged. Nil: the codec that operators compile from A where they spill or snapshot it; none where A has
	// none.
	Codec stream.Codec[A]

	// Cases is how many inputs are made; 0: 128, as for Model.
	Cases int

	// Seed is the first case's; the next has Seed+1. A failure tells the seed of its case.
	Seed uint64

	// MaxLen bounds the number of values; 0: 1025.
	MaxLen int
}

// Laws checks a fold as engines use it: whole, in parts that are merged, spilled and resumed. On random values, it
// demands that
//
//   - New gives independent accumulators, the same each time, and Add depends on nothing but its arguments;
//   - where the fold says Blind, Add does the same with the zero value;
//   - merging any partition of the values, in order, by any tree, empty parts included, equals adding them all:
//     bit for bit where the fold says Exact, otherwise up to rounding or by LawsOptions.Equal;
//   - Merge leaves src as it was, and what is added to either side later does not show in the other;
//   - Size is never negative, changes nothing, grows with what the accumulator holds, and does not tell much more;
//   - through a Codec, that of the options or the one that operators compile: accumulators come back equal, into a zero
//     value, sharing no memory with the bytes, and damaged bytes do not make Decode panic.
//
// A fold without Merge is checked for the rest. The first input at which a law is broken is made as small as it
// can be.
func Laws[T, A any](t TB, f stream.Fold[T, A]) {
	t.Helper()
	LawsWith(t, f, LawsOptions[T, A]{})
}

// LawsWith is Laws with options.
func LawsWith[T, A any](t TB, f stream.Fold[T, A], o LawsOptions[T, A]) {
	t.Helper()
	broken := BrokenLaws(f, o)
	if len(broken) == 0 {
		return
	}
	var b strings.Builder
	b.WriteString("streamtest: the fold breaks its laws:")
	for _, err := range broken {
		b.WriteString("\n  - " + strings.ReplaceAll(err.Error(), "\n", "\n    "))
	}
	t.Errorf("%s", b.String())
}

// BrokenLaws is LawsWith for any framework: one error for each law that is broken.
func BrokenLaws[T, A any](f stream.Fold[T, A], o LawsOptions[T, A]) []error {
	if f.Add == nil {
		panic("streamtest: BrokenLaws: nil fold.Add")
	}
	if o.Codec == nil {
		if compiled, err := rowcodec.New[A](); err == nil {
			o.Codec = compiled
		}
	}
	l := &lawsCheck[T, A]{fold: f, o: o}
	laws := []law[T]{{"new", l.fresh}, {"add", l.repeats}, {"size", l.size}}
	if f.Blind {
		laws = append(laws, law[T]{"blind", l.blind})
	}
	if f.Merge != nil {
		laws = append(laws, law[T]{"merge", l.merges}, law[T]{"merge", l.leavesSource})
	}
	if o.Codec != nil {
		laws = append(laws, law[T]{"codec", l.codec})
	}
	var broken []error
	if f.Exact && f.Merge == nil {
		broken = append(broken, errors.New("exact: Exact is set, but there is no Merge"))
	}
	cases := o.Cases
	if cases <= 0 {
		cases = 128
	}
	for _, law := range laws {
		for i := range uint64(cases) {
			if err := l.try(law, o.Seed+i); err != nil {
				broken = append(broken, err)
				break
			}
		}
	}
	return broken
}

// law returns what is wrong with the values, "" if nothing is. It draws from r what it needs beside them.
type law[T any] struct {
	name string
	run  func(values []T, r *rand.Rand) string
}

type lawsCheck[T, A any] struct {
	fold stream.Fold[T, A]
	o    LawsOptions[T, A]
}

// try runs one law on the values of a seed, and shrinks them if it is broken.
func (l *lawsCheck[T, A]) try(law law[T], seed uint64) error {
	r := newRand(seed)
	values := makeInput(r, inputLength(r, seed, l.o.MaxLen), l.o.Generate)
	judge := func(values []T) (found string) {
		defer func() {
			if p := recover(); p != nil {
				found = fmt.Sprintf("a panic: %v", p)
			}
		}()
		return law.run(values, rand.New(rand.NewPCG(seed, uint64(len(values)))))
	}
	first := judge(values)
	if first == "" {
		return nil
	}
	s := shrinker[T]{left: shrinkRuns, simplify: l.o.Generate == nil, fails: func(v []T) bool { return judge(v) != "" }}
	small := s.shrink(slices.Clone(values))
	found := judge(small)
	if found == "" { // it depends on more than the values
		found, small = first+" (not every time)", values
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", law.name, found)
	reportInput(&b, small, len(values), shrinkRuns-s.left)
	fmt.Fprintf(&b, "replay: streamtest.LawsOptions{Seed: %d, Cases: 1}", seed)
	return errors.New(b.String())
}

// whole adds all values to a new accumulator.
func (l *lawsCheck[T, A]) whole(values []T) A {
	acc := l.fold.Init()
	l.add(&acc, values)
	return acc
}

func (l *lawsCheck[T, A]) add(acc *A, values []T) {
	for _, v := range values {
		l.fold.Add(acc, v)
	}
}

func (l *lawsCheck[T, A]) equal(a, b A) bool {
	switch {
	case l.o.Equal != nil:
		return l.o.Equal(a, b)
	case l.fold.Exact:
		return identical(a, b)
	}
	return equalValues(a, b, 1e-9)
}

// fresh: filling one accumulator shows in no other.
func (l *lawsCheck[T, A]) fresh(values []T, _ *rand.Rand) string {
	empty := l.fold.Init()
	before := text(&empty)
	first := l.whole(values)
	filled := text(&first)
	if now := text(&empty); now != before {
		return fmt.Sprintf("an empty accumulator was %s; after another was filled it is %s", cut(before), cut(now))
	}
	if again := l.fold.Init(); text(&again) != before {
		return fmt.Sprintf("the first new accumulator was %s, a later one is %s", cut(before), Format(again))
	}
	second := l.whole(reversed(values)) // the same values would hide a shared array
	l.add(&second, values)
	if now := text(&first); now != filled {
		return fmt.Sprintf("an accumulator was %s; after another was filled it is %s", cut(filled), cut(now))
	}
	return ""
}

func reversed[T any](values []T) []T {
	other := slices.Clone(values)
	slices.Reverse(other)
	return other
}

// repeats: the same values make the same accumulator.
func (l *lawsCheck[T, A]) repeats(values []T, _ *rand.Rand) string {
	a := l.whole(values)
	for range recreations {
		if b := l.whole(values); !l.equal(a, b) {
			return fmt.Sprintf("the same values gave %s, and then %s", Format(a), Format(b))
		}
	}
	return ""
}

// blind: zero values make the same accumulator.
func (l *lawsCheck[T, A]) blind(values []T, _ *rand.Rand) string {
	want, got := l.whole(values), l.whole(make([]T, len(values)))
	if l.equal(want, got) {
		return ""
	}
	return fmt.Sprintf("the values give %s, as many zero values %s, but the fold says Blind", Format(want), Format(got))
}

// merges: any tree of parts equals the whole. Two parts are tried first where there are few ways to cut them: they
// say more than twenty.
func (l *lawsCheck[T, A]) merges(values []T, r *rand.Rand) string {
	want := l.whole(values)
	for i := range len(values) + 1 {
		if len(values) > 8 {
			break
		}
		halves := &tree{left: &tree{to: i}, right: &tree{from: i, to: len(values)}}
		if found := l.merged(want, halves, values, r); found != "" {
			return found
		}
	}
	return l.merged(want, l.split(0, len(values), 0, r), values, r)
}

// merged tells how the fold over a tree differs from what is wanted.
func (l *lawsCheck[T, A]) merged(want A, parts *tree, values []T, r *rand.Rand) string {
	got, err := l.foldTree(parts, values, r)
	if err != nil {
		return err.Error()
	}
	if l.equal(want, got) {
		return ""
	}
	how := ""
	if l.fold.Exact && l.o.Equal == nil {
		how = ", to the bit, since the fold says Exact"
	}
	return fmt.Sprintf("the parts %s give %s, want %s%s", cut(parts.String()), Format(got), Format(want), how)
}

// tree cuts values into parts: a leaf is values[from:to], an inner node what its children make together.
type tree struct {
	from, to    int
	left, right *tree
}

func (t *tree) String() string {
	if t.left == nil {
		return fmt.Sprintf("%d:%d", t.from, t.to)
	}
	return "(" + t.left.String() + " + " + t.right.String() + ")"
}

// split makes a random tree over values[from:to]. Now and then a part is empty.
func (l *lawsCheck[T, A]) split(from, to, depth int, r *rand.Rand) *tree {
	if r.IntN(4) == 0 || to-from < 2 && (r.IntN(2) == 0 || depth > 8) {
		return &tree{from: from, to: to}
	}
	at := from + r.IntN(to-from+1)
	return &tree{from, to, l.split(from, at, depth+1, r), l.split(at, to, depth+1, r)}
}

// foldTree folds one tree: leaves by Add, inner nodes by Merge, with the codec on some of the edges.
func (l *lawsCheck[T, A]) foldTree(t *tree, values []T, r *rand.Rand) (acc A, err error) {
	if t.left == nil {
		return l.through(l.whole(values[t.from:t.to]), r)
	}
	left, err := l.foldTree(t.left, values, r)
	if err != nil {
		return acc, err
	}
	right, err := l.foldTree(t.right, values, r)
	if err != nil {
		return acc, err
	}
	l.fold.Merge(&left, &right)
	return l.through(left, r)
}

// leavesSource: Merge changes dst only, and nothing is shared afterwards.
func (l *lawsCheck[T, A]) leavesSource(values []T, r *rand.Rand) string {
	i := r.IntN(len(values) + 1)
	j := i + r.IntN(len(values)-i+1)
	dst, src := l.whole(values[:i]), l.whole(values[i:j])
	more := values[j:]
	if len(more) == 0 {
		more = values
	}
	cuts := fmt.Sprintf("after Merge of 0:%d and %d:%d, ", i, i, j)
	before := text(&src)
	l.fold.Merge(&dst, &src)
	if now := text(&src); now != before {
		return fmt.Sprintf("%ssrc is %s, before it was %s", cuts, cut(now), cut(before))
	}
	before = text(&dst)
	l.add(&src, more)
	if now := text(&dst); now != before {
		return fmt.Sprintf("%sadding to src changed dst from %s to %s", cuts, cut(before), cut(now))
	}
	before = text(&src)
	l.add(&dst, reversed(more))
	if now := text(&src); now != before {
		return fmt.Sprintf("%sadding to dst changed src from %s to %s", cuts, cut(before), cut(now))
	}
	return ""
}
