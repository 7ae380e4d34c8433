package session

import "iter"

// outputAhead is how many sessions are read together before they are yielded: these lie in the order of their keys, and come
// in the order of their ends.
const outputAhead = 64

// ahead yields the sessions of order, and calls warm with the next ones to read what will be wanted of them, so that the cache
// misses of several overlap.
func ahead(order []sortKey, warm func([]sortKey)) iter.Seq[sortKey] {
	return func(yield func(sortKey) bool) {
		for len(order) > 0 {
			next := order[:min(outputAhead, len(order))]
			order = order[len(next):]
			warm(next)
			for _, k := range next {
				if !yield(k) {
					return
				}
			}
		}
	}
}

// warmUp reads sessions and their keys.
func (in *intake[T, K]) warmUp(next []sortKey, at func(int) *span) {
	warm := 0
	for _, k := range next {
		warm += at(k.index).count
	}
	for _, k := range next {
		key := at(k.index).key
		warm += int(in.keys.HashAt(key)) + int(in.hash2(key))
	}
	in.warm = warm
}

// warmUp reads the events of sessions, into a buffer that nobody reads: what an event is made of is not known here.
func (r *rows[T]) warmUp(next []sortKey, cuts []cut, events []arrival) {
	if len(r.buffer) == 0 {
		return
	}
	for _, k := range next {
		c := &cuts[k.index]
		own := events[c.from : c.from+c.count]
		for i := range own[:min(len(own), len(r.buffer))] {
			r.buffer[i] = *r.values.at(own[i].row)
		}
	}
}
