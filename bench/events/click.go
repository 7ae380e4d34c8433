package events

import (
	"cmp"
	"slices"
	"time"
)

// Click is one page view of a log in which nothing says which views belong to one visit: what sessions are made of. It
// takes 32 bytes.
type Click struct {
	User  uint64
	At    int64 // milliseconds of the Unix epoch
	Cents int64 // spent with it
	Page  uint32
	Type  uint32 // index into Types
}

const (
	// clickSpan is the milliseconds over which clicks are spread: where each of 320,000 users has the same share of 10 M, some 31,
	// half an hour passes four times without one.
	clickSpan = 7 * 3600 * 1000
	// visitSpan is the milliseconds over which visits are spread.
	visitSpan = 72 * 3600 * 1000
	// visitRows is the mean of the clicks of a visit, in tenths: 1.3 M visits have 10 M.
	visitRows = 77
	// visitShare is how many visits go on at a time, in ten thousandths of the rows, so that one lasts 20 minutes.
	visitShare = 6
	// clickLate is the milliseconds by which a late click is late at most.
	clickLate = 2 * 3600 * 1000
)

// SessionGap is the distance in time that two clicks of one visit may have.
const SessionGap = 30 * time.Minute

// Click returns row i, 0 <= i < Rows. But for those that are late (Options.Late), rows come in order of time. Users come at
// any time; where Options.Visits is set, in visits of some minutes.
func (s *Source) Click(i int) Click {
	h := s.random(i)
	a := Mix(h ^ 1)
	c := Click{Cents: int64(a >> 40 % 5000), Page: uint32(a >> 20 % 10_000), Type: uint32(typeOf[a%100])}
	if s.o.Visits {
		c.User, c.At = s.visitor(i, Mix(h^2)), start+s.spread(i, visitSpan)
	} else {
		c.User, c.At = s.user(h, Mix(h^2)), start+s.spread(i, clickSpan)
	}
	if Mix(h^5)%100 < uint64(s.o.Bot) {
		c.User = userOf(1)
	}
	if l := Mix(h ^ 6); l%100 < uint64(s.o.Late) {
		c.At -= int64(l >> 20 % clickLate)
	}
	return c
}

// visitor is the user of row i. So many visits go on at a time, each in a place of its own, where one follows the other; b
// draws the place.
func (s *Source) visitor(i int, b uint64) uint64 {
	places := max(1, uint64(s.o.Rows)*visitShare/10_000)
	long := max(1, places*visitRows/10) // rows
	place := b % places
	visit := Mix(s.o.Seed ^ Mix(place<<32|(uint64(i)+Mix(place)%long)/long))
	return s.user(visit, Mix(visit))
}

// Clicks are the rows in memory that the collector does not see.
func Clicks(o Options) ([]Click, error) { return slab(o, (*Source).Click) }

// SortClicks brings late rows to their place.
func SortClicks(rows []Click) {
	byTime := func(a, b Click) int { return cmp.Compare(a.At, b.At) }
	if !slices.IsSortedFunc(rows, byTime) {
		slices.SortStableFunc(rows, byTime)
	}
}

// The accessors are what operators take.

func (c Click) UserID() uint64  { return c.User }
func (c Click) Time() time.Time { return time.UnixMilli(c.At) }

// Visit is a session of clicks, as sides write it by hand.
type Visit struct {
	User       uint64
	Start, End int64 // milliseconds of the Unix epoch, of the first and the last click
	Clicks     int64
	Cents      int64 // spent in all; 0 where nobody asked
}

// HashVisit is what a session adds to an answer. All columns count.
func HashVisit(v Visit) uint64 {
	h := Mix(v.User ^ uint64(v.Start)<<20)
	return Mix(h ^ uint64(v.End)<<8 ^ uint64(v.Clicks)<<50 ^ uint64(v.Cents)*3)
}
