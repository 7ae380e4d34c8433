package session

import (
	"errors"

	"github.com/millrace-go/millrace/stream"
)

// errStopped is what a yield returns whose consumer has seen enough.
var errStopped = errors.New("session: the consumer stopped")

// throughCore pushes s into a core of its own and yields what comes out of it. It is the engine of Run and Intervals for
// every option; what their own engines know, they do faster.
func throughCore[T any, K comparable, A any](s stream.Seq[T], q *query[T, K], f stream.Fold[T, A]) stream.Seq[Folded[K, A]] {
	return func(yield func(Folded[K, A], error) bool) {
		var none Folded[K, A]
		c, err := newCore(q, f)
		if err != nil {
			yield(none, err)
			return
		}
		defer c.intake.close()
		stopped := false
		out := func(v Folded[K, A]) error {
			if stopped = !yield(v, nil); stopped {
				return errStopped
			}
			return nil
		}
		for v, err := range s {
			if err == nil {
				err = c.push(0, v, out)
			}
			if stopped {
				return
			}
			if err != nil {
				yield(none, err)
				return
			}
		}
		if err := c.flush(out); stopped {
			return
		} else if err != nil {
			yield(none, err)
			return
		}
		c.conserved()
	}
}

// needsCore reports whether an option is set that only the core knows.
func (o *Options[T]) needsCore() bool {
	return o.GapOf != nil || o.Midnight != nil || o.SplitBy != nil || o.SplitWhen != nil || o.MaxLength > 0 || o.MaxEvents > 0 ||
		o.Tie != nil || o.Disorder > 0 || o.Lateness > 0 || o.EveryChange
}
