package session

import (
	"cmp"
	"slices"

	"github.com/millrace-go/millrace/stream"
)

// spanLog finds the sessions of events that come in any order, in memory that follows the sessions, not the
// events. Here with a gap of 10, events of the keys a and b as they arrive:
//
//	a@0   a@5   b@7   a@90   a@12   a@85   a@20
//
//	        0       1        2         3         4         5
//	log   a[0,5]  b[7,7]  a[90,90]  a[12,12]  a[85,85]  a[20,20]
//	last  a: 5  b: 1
//
// An event joins the span of its key that was touched last (a@5 did), or else opens a new one, even where an
// older span would take it (a@12 follows a[90,90], so it is not compared with a[0,5]). When the log is full
// it is compacted: sorted by (key, start) and merged.
//
//	log   a[0,20]  a[85,90]  b[7,7]
//
// Only if more than half is left does the log grow, so a compaction of n spans has n/2 insertions to pay for
// it, and one hot key is no worse than many: O(n log n) in all.
//
// Invariants:
//  1. every event added is counted by exactly one span;
//  2. log[last[k]].key == k for each key k;
//  3. right after compact, the spans are ordered by (key, start), and those of one key are split from
//     each other: they are the sessions of the events so far.
type spanLog struct {
	rule gapRule
	log  []span
	last []int // by key: index in log of the span touched last
	acct *stream.Account
	warm int // keeps the compiler from leaving out reads that only warm the cache
}

// minSpans is the first capacity of the log: 2.5 KiB, so that a small bound still holds a small input.
const minSpans = 64

// add takes one event. Keys are dense: a key not seen before is len(last).
func (l *spanLog) add(key int, at instant) error {
	if key < len(l.last) && l.log[l.last[key]].join(at, l.rule) {
		return nil
	}
	if len(l.log) == cap(l.log) {
		if err := l.room(); err != nil {
			return err
		}
	}
	if key == len(l.last) {
		var err error
		if l.last, err = grow(l.acct, l.last, minSpans); err != nil {
			return err
		}
		l.last = append(l.last, 0)
	}
	l.last[key] = len(l.log)
	l.log = append(l.log, spanOf(key, at))
	return nil
}

// warmUp reads the spans that events of these keys will join, so that the cache misses overlap.
func (l *spanLog) warmUp(keys []int) {
	warm := 0
	for _, key := range keys {
		if key >= 0 {
			warm += l.last[key]
		}
	}
	for _, key := range keys {
		if key >= 0 {
			warm += l.log[l.last[key]].count
		}
	}
	l.warm = warm
}

// room makes place for at least one span: an eighth of the log, so that compactions stay amortised even
// where the memory bound forbids to double.
func (l *spanLog) room() error {
	if err := l.compact(); err != nil {
		return err
	}
	size := cap(l.log)
	if size > 0 && len(l.log) <= size/2 {
		return nil
	}
	var err error
	l.log, err = resize(l.acct, l.log, max(2*len(l.log), minSpans))
	if err != nil && len(l.log) <= size-size/8 && len(l.log) < size {
		return nil
	}
	return err
}

// compact restores invariant 3. It takes as much again as the log while it runs; where the memory bound
// does not leave that, it sorts in place, which is slower.
func (l *spanLog) compact() error {
	if len(l.log) == 0 {
		return nil
	}
	scratch := int64(len(l.log)) * sizeOf[span]()
	if l.acct.Grow(scratch) != nil {
		slices.SortFunc(l.log, func(a, b span) int {
			if c := cmp.Compare(a.key, b.key); c != 0 {
				return c
			}
			return a.compareStart(&b)
		})
		l.merge(l.log)
		return nil
	}
	l.merge(l.grouped())
	l.acct.Shrink(scratch)
	return nil
}

// grouped returns the log ordered by (key, start), in a new slice. Keys are dense, so they are counted, not
// compared; last serves as the counters and is rebuilt by merge.
func (l *spanLog) grouped() []span {
	clear(l.last)
	for i := range l.log {
		l.last[l.log[i].key]++
	}
	from := 0
	for k, n := range l.last {
		l.last[k] = from
		from += n
	}
	to := make([]span, len(l.log))
	for i := range l.log {
		k := l.log[i].key
		to[l.last[k]] = l.log[i]
		l.last[k]++ // ends as the end of key k, the begin of the next
	}
	from = 0
	for _, end := range l.last {
		if end-from > 1 {
			slices.SortFunc(to[from:end], func(a, b span) int { return a.compareStart(&b) })
		}
		from = end
	}
	return to
}

// merge makes the log the sessions of sorted, which is ordered by (key, start) and may be the log itself.
func (l *spanLog) merge(sorted []span) {
	out := l.log[:0]
	for i := range sorted {
		s := &sorted[i]
		if n := len(out); n > 0 && out[n-1].key == s.key && out[n-1].absorb(s, l.rule) {
			continue
		}
		l.last[s.key] = len(out)
		out = append(out, *s)
	}
	l.log = out
}

// sessions ends the log and gives its sessions, ordered by (key, start).
func (l *spanLog) sessions() ([]span, error) {
	err := l.compact()
	l.last = nil
	return l.log, err
}
