package session

import "github.com/millrace-go/millrace/stream"

// held is an event that waits for its place, or for the end of its session.
type held[T any] struct {
	at    instant
	reach instant // at plus the gap of the event
	seq   uint64  // rises with every event held: the last tie of their order
	value T

	revision int32 // the least of a session it is in: one more than those it was in and that were taken back
}

// pending are the events of one key that are not settled yet: another may still come before them. It is a binary heap:
// in an input in order each push is one comparison.
//
// Invariant: no event orders before its parent, and the least is pending[0].
type pending[T any] []held[T]

func (p *pending[T]) push(rules *rules[T], acct *stream.Account, e *held[T]) error {
	s, err := grow(acct, *p, 1)
	if err != nil {
		return err
	}
	s = append(s, *e)
	*p = s
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if !rules.orders(&s[i], &s[parent]) {
			break
		}
		s[parent], s[i] = s[i], s[parent]
		i = parent
	}
	return nil
}

// pop takes the least; there must be one. It lets go of the room once nothing is left.
func (p *pending[T]) pop(rules *rules[T], acct *stream.Account) held[T] {
	s := *p
	least, last := s[0], len(s)-1
	if last == 0 {
		p.drop(acct)
		return least
	}
	s[0], s[last] = s[last], held[T]{} // keeps nothing alive
	s = s[:last]
	*p = s
	for i := 0; ; {
		next := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if rules.orders(&s[child], &s[next]) {
				next = child
			}
		}
		if next == i {
			return least
		}
		s[i], s[next] = s[next], s[i]
		i = next
	}
}

func (p *pending[T]) drop(acct *stream.Account) {
	release(acct, *p)
	*p = nil
}

// release gives back what grow has booked for s.
func release[E any](acct *stream.Account, s []E) { acct.Shrink(int64(cap(s)) * sizeOf[E]()) }
