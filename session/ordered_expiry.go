package session

import (
	"math"
	"math/bits"

	"github.com/millrace-go/millrace/stream"
)

// expiries says which open session ends first, without being told when one goes on: every session is in a bucket by
// the end that it had when it was put there, and is looked at again only when that one is too long ago.
//
//	bucket   40       41       42       43            the gap is 3 buckets wide, it is now 45
//	holds    -        a d      -        b             a, whose last event was in 44 since, moves there;
//	                  ^ passed                        d, whose end is in 41, is due, and closes when it is time
//
// A session is looked at once when it was opened and once for each gap that it lasts, however many events it has.
//
// Invariants:
//  1. each open session is either in one bucket or once in due[head:];
//  2. a session is in no bucket after that of its end, and none in a bucket before first;
//  3. due[head:] is of one bucket, before first, and in the order of output, but for sessions which have gone on since.
type expiries struct {
	acct    *stream.Account
	gap     int64 // nanoseconds: a distance of more splits
	shift   uint  // a bucket is 1<<shift nanoseconds wide
	buckets [expiryBuckets]uint32
	lists   []numberList
	free    uint32 // the first list that is in no bucket, plus 1; 0: none
	first   int64  // bucket of the earliest end that is not due
	waiting int    // sessions in buckets
	due     []dueSession
	head    int
	other   []dueSession // room for spread
}

// numberList is numbers of a bucket: two cache lines, so that reading one list after the other waits for few of them.
type numberList struct {
	numbers [30]uint32
	n       uint32
	next    uint32 // the list behind it, plus 1; 0: none
}

// dueSession is a session that closes unless it goes on.
type dueSession struct {
	end    instant
	hash   uint64 // of its key, seed 0
	number int
}

// expiryBuckets is a power of two. A gap is at most half as many buckets wide, so that those between the first and the latest
// end have each a place of their own in the ring.
const expiryBuckets = 512

func newExpiries(rule gapRule, acct *stream.Account) expiries {
	gap := int64(rule.gap)
	if rule.atLeast {
		gap--
	}
	return expiries{acct: acct, gap: gap, shift: uint(bits.Len64(uint64(gap) / (expiryBuckets / 2)))}
}

// put takes in a session that was opened, or that is looked at again.
func (x *expiries) put(number int, end instant) error {
	bucket := int64(end) >> (x.shift & 63)
	place := &x.buckets[bucket&(expiryBuckets-1)]
	if *place == 0 || x.lists[*place-1].n == uint32(len(numberList{}.numbers)) {
		if err := x.grow(place); err != nil {
			return err
		}
	}
	if x.waiting == 0 || bucket < x.first {
		x.first = bucket
	}
	x.waiting++
	l := &x.lists[*place-1]
	l.numbers[l.n%uint32(len(l.numbers))] = uint32(number)
	l.n++
	return nil
}

// grow puts an empty list before the ones at place.
func (x *expiries) grow(place *uint32) error {
	if x.free == 0 {
		var err error
		if x.lists, err = grow(x.acct, x.lists, blockMin); err != nil {
			return err
		}
		x.lists = append(x.lists, numberList{next: *place})
		*place = uint32(len(x.lists))
		return nil
	}
	l := &x.lists[x.free-1]
	x.free, l.n, l.next, *place = l.next, 0, *place, x.free
	return nil
}

// limit is the last time at which no session can close, if nothing is put in after it.
func (x *expiries) limit() instant {
	if x.head < len(x.due) {
		return x.due[x.head].end.plus(x.gap)
	}
	if x.waiting == 0 {
		return math.MaxInt64
	}
	for x.buckets[x.first&(expiryBuckets-1)] == 0 {
		x.first++
	}
	return instant(x.first << (x.shift & 63)).plus(x.gap)
}

// pass takes all sessions out of the first bucket, into due without anything but their numbers, and gives the bucket. It is
// called after limit, where a session waits and none is due.
func (x *expiries) pass() (bucket int64, err error) {
	place := &x.buckets[x.first&(expiryBuckets-1)]
	at := *place
	*place = 0
	x.first++
	due := x.due[:0]
	for at != 0 {
		l := &x.lists[at-1]
		if cap(due)-len(due) < len(l.numbers) {
			if due, err = resize(x.acct, due, 2*cap(due)+len(l.numbers)); err != nil {
				return 0, err
			}
		}
		for _, number := range l.numbers[:l.n] {
			due = append(due, dueSession{number: int(number)})
		}
		x.waiting -= int(l.n)
		at, l.next, x.free = l.next, x.free, at
	}
	x.due, x.head = due, 0
	return x.first - 1, nil
}

// keep leaves due what ends in the bucket, ends being known, and puts back what has gone on since.
func (x *expiries) keep(bucket int64) error {
	n := 0
	for _, d := range x.due {
		if int64(d.end)>>(x.shift&63) == bucket {
			x.due[n] = d
			n++
		} else if err := x.put(d.number, d.end); err != nil {
			return err
		}
	}
	x.due = x.due[:n]
	return nil
}

// spreadBits are the bits of an end that spread goes by.
const spreadBits = 8

// spread brings what is due into the order of its ends, but for those that it calls equal: settle is given each run of these. The
// plain version sorts all of due, which took a twentieth of the time of the engine.
func (x *expiries) spread(settle func([]dueSession)) error {
	n := len(x.due)
	if n < 2 {
		return nil
	}
	var err error
	if cap(x.other) < n {
		if x.other, err = resize(x.acct, x.other[:0], cap(x.due)); err != nil {
			return err
		}
	}
	place := func(d *dueSession) int {
		low := uint64(d.end) & (1<<(x.shift&63) - 1)
		return int(low<<spreadBits>>(x.shift&63)) & (1<<spreadBits - 1)
	}
	var from [1<<spreadBits + 1]int32
	for i := range x.due {
		from[place(&x.due[i])+1]++
	}
	for i := range from[1:] {
		from[i+1] += from[i]
	}
	next := from
	sorted := x.other[:n]
	for i := range x.due {
		p := place(&x.due[i])
		sorted[next[p]] = x.due[i]
		next[p]++
	}
	x.due, x.other = sorted, x.due
	for i := range from[1:] {
		if from[i+1]-from[i] > 1 {
			settle(sorted[from[i]:from[i+1]])
		}
	}
	return nil
}
