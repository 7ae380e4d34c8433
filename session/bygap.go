package session

import (
	"time"

	"github.com/millrace-go/millrace/stream"
)

// ByGap yields the sessions of the events of s, which may come in any order: per key, runs of events in which
// no neighbours are more than gap apart. Null keys, the other boundary, ordered input and a memory bound are
// options of Intervals; to keep more of the events than their number, use Run.
//
// Sessions come by end, then start, then hash of the key: the same sequence for any order of the events. It
// reads all of s before the first session; memory follows keys and sessions, not events. It ends with s.
// A gap that is not positive, or a key type with pointers, yields *stream.OptionError first.
func ByGap[T any, K comparable](s stream.Seq[T], gap time.Duration, key func(T) K, at func(T) time.Time) stream.Seq[Session[K]] {
	need("ByGap", s, key, at)
	return intervals(s, &query[T, K]{fn: "ByGap", gap: gap, key: key, at: at})
}

// Intervals is ByGap with everything spelled out.
//
// Order, memory and reading are those of ByGap. With Options.Ordered sessions come in that same order, but as
// soon as the input has passed them by more than the gap, and only keys with an open session are in memory. With
// Options.Disorder they come as the watermark closes them. What splits sessions holds the events of those that are open.
// The stream ends with *stream.LimitError where Options.Resources would be passed, with the error of
// Options.Rejects or Options.Late, with *stream.LateError where there is no Late, and under Options.Ordered with
// *OrderError.
func Intervals[T any, K comparable](s stream.Seq[T], gap time.Duration, key func(T) K, at func(T) time.Time, o Options[T]) stream.Seq[Session[K]] {
	need("Intervals", s, key, at)
	return intervals(s, &query[T, K]{fn: "Intervals", gap: gap, key: key, at: at, opts: o})
}

func intervals[T any, K comparable](s stream.Seq[T], q *query[T, K]) stream.Seq[Session[K]] {
	if q.opts.needsCore() {
		return unfolded(throughCore(s, q, stream.Fold[T, struct{}]{}))
	}
	if q.opts.Ordered {
		return unfolded(ordered(s, q, stream.Fold[T, struct{}]{}))
	}
	return func(yield func(Session[K], error) bool) {
		in, err := q.open()
		if err != nil {
			yield(Session[K]{}, err)
			return
		}
		defer in.close()
		spans, err := in.spans(s)
		if err != nil {
			yield(Session[K]{}, err)
			return
		}
		at := func(i int) *span { return &spans[i] }
		order, err := in.sorted(len(spans), at)
		if err != nil {
			yield(Session[K]{}, err)
			return
		}
		for k := range ahead(order, func(next []sortKey) { in.warmUp(next, at) }) {
			s := &spans[k.index]
			in.yielded(s)
			if !yield(in.session(s), nil) {
				return
			}
		}
		in.conserved()
	}
}

// unfolded leaves out what nothing was folded into.
func unfolded[K comparable](s stream.Seq[Folded[K, struct{}]]) stream.Seq[Session[K]] {
	return func(yield func(Session[K], error) bool) {
		for f, err := range s {
			if !yield(f.Session, err) {
				return
			}
		}
	}
}

// spans reads s to its end and gives the sessions, ordered by (key, start).
func (in *intake[T, K]) spans(s stream.Seq[T]) ([]span, error) {
	log := spanLog{rule: in.rule, acct: in.acct}
	err := in.eachNumbered(s, false, log.warmUp, func(key int, at instant, _ *T) error { return log.add(key, at) })
	if err != nil {
		return nil, err
	}
	return log.sessions()
}
