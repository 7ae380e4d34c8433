package stream

import "sync"

// ledger books the live state of one run of a keyed operator for all its partitions, whose owners may be different
// goroutines, and keeps room for what follows.
//
// When a run's memory is full, rows go to disk and come back one radix partition at a time, while the keys that
// stayed are still there. So the first pass (depth 0) leaves a quarter of the bound, the pass over its spilled rows
// (depth 1) a quarter of that, and so on:
//
//	depth 0                                depth 1     2
//	[==================================== ][========= ][== ]
//	0                                   3/4 M     15/16 M   M
//
// And each depth may take floor bytes whatever the bound says, so that every pass gets somewhere: that is part of the
// constant which the operators' docs state beside the bound.
type ledger struct {
	limit int64 // bytes, what the caller set
	bound int64 // bytes of state: limit without buffers
	floor int64 // bytes that each depth may have beyond the bound

	mu      sync.Mutex // guards the following
	account *Account
	used    int64   // bytes booked with the account
	beyond  []int64 // bytes by depth that are not booked
	refused *LimitError
}

// cap is what all depths up to this one may take together.
func (l *ledger) cap(depth int) int64 {
	return l.bound - l.bound>>min(2*uint(depth+1), 62)
}

// take books n bytes for a depth, and reports whether it did.
func (l *ledger) take(depth int, n int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used+n <= l.cap(depth) {
		err := l.account.Grow(n)
		if err == nil {
			l.used += n
			return true
		}
		l.refused, _ = err.(*LimitError)
	} else {
		l.refused = &LimitError{Where: l.account.where, What: "bytes of live state", Limit: l.limit}
	}
	for len(l.beyond) <= depth {
		l.beyond = append(l.beyond, 0)
	}
	if l.beyond[depth]+n > l.floor {
		return false
	}
	l.beyond[depth] += n
	return true
}

// takeAll books n bytes if the bound has them, whatever is kept for deeper passes.
func (l *ledger) takeAll(n int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used+n > l.bound || l.account.Grow(n) != nil {
		return false
	}
	l.used += n
	return true
}

// give takes n booked bytes back: first those beyond the bound.
func (l *ledger) give(depth int, n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if depth < len(l.beyond) {
		m := min(n, l.beyond[depth])
		l.beyond[depth] -= m
		n -= m
	}
	l.used -= n
	l.account.Shrink(n)
}

// tooLarge is the error of one accumulator that passes the bound by itself; what the buffers take comes on top.
func (l *ledger) tooLarge(size int64) error {
	return &LimitError{Where: l.account.where, What: "bytes of one accumulator", Limit: l.limit, Need: size + l.limit - l.bound}
}

// limitError is why the last bytes were refused.
func (l *ledger) limitError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}
