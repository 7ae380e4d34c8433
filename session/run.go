package session

import (
	"time"

	"github.com/millrace-go/millrace/stream"
)

// Run yields the sessions of the events of s, each with what f made of its events: a sum, the pages seen,
// the first and the last of them. Events may come in any order; f is given those of a session by time,
// and those of one time as they came in s.
//
// Order is that of ByGap. It holds every event until s has ended (16 bytes beside the static size of T and
// Options.Size, and 16 more once it has); f itself runs as sessions are asked for, one accumulator at a time. With
// Options.Ordered it holds one accumulator per open session and no event, and gives the same sessions; with
// Options.Disorder, and where more than the gap splits, the events of open sessions. It
// reads all of s before the first session, or with Options.Ordered or Options.Disorder until one closes. Wrong arguments
// yield *stream.OptionError first; the stream ends with *stream.LimitError where Options.Resources would be passed,
// with the error of Options.Rejects or Options.Late, with *stream.LateError where there is no Late, and under
// Options.Ordered with *OrderError. f.Merge is not used.
func Run[T any, K comparable, A any](s stream.Seq[T], gap time.Duration, key func(T) K, at func(T) time.Time, f stream.Fold[T, A], o Options[T]) stream.Seq[Folded[K, A]] {
	need("Run", s, key, at)
	if f.Add == nil {
		panic("session: Run: nil Fold.Add")
	}
	q := &query[T, K]{fn: "Run", gap: gap, key: key, at: at, opts: o}
	if o.needsCore() {
		return throughCore(s, q, f)
	}
	if o.Ordered {
		return ordered(s, q, f)
	}
	return func(yield func(Folded[K, A], error) bool) {
		in, err := q.open()
		if err != nil {
			yield(Folded[K, A]{}, err)
			return
		}
		defer in.close()
		held := rows[T]{acct: in.acct, fn: q.fn, size: o.Size}
		if err := in.hold(s, &held); err != nil {
			yield(Folded[K, A]{}, err)
			return
		}
		cuts, events, err := held.cuts(in.rule)
		if err != nil {
			yield(Folded[K, A]{}, err)
			return
		}
		at := func(i int) *span { return &cuts[i].span }
		order, err := in.sorted(len(cuts), at)
		if err != nil {
			yield(Folded[K, A]{}, err)
			return
		}
		if n := in.stageSize(true); n > 1 {
			held.buffer = make([]T, n)
		}
		var acc A
		for k := range ahead(order, func(next []sortKey) { in.warmUp(next, at); held.warmUp(next, cuts, events) }) {
			c := &cuts[k.index]
			own := events[c.from : c.from+c.count]
			if err := foldEach(&acc, in.acct, len(own), func(i int) *T { return held.values.at(own[i].row) }, f); err != nil {
				yield(Folded[K, A]{}, err)
				return
			}
			in.yielded(&c.span)
			if !yield(Folded[K, A]{Session: in.session(&c.span), Value: acc}, nil) {
				return
			}
		}
		in.conserved()
	}
}

// hold reads s to its end.
func (in *intake[T, K]) hold(s stream.Seq[T], held *rows[T]) error {
	return in.eachNumbered(s, true, func([]int) {}, func(key int, at instant, v *T) error { return held.add(key, at, *v) })
}
