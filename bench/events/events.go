// Package events makes the data that all comparisons run on: events of a web shop, from a seed, with skewed or even
// users and with retries. Event i is a function of the options and i alone, so that any part can be made again, in
// any order, on any number of goroutines.
package events

import (
	"fmt"
	"math"
	"math/bits"
)

// Event is one row. It takes 64 bytes.
type Event struct {
	ID       uint64  // the same in every retry of an event
	User     uint64  // below 2^53, and not 0
	Type     uint32  // index into Types
	Updater  uint32  // who touched this copy; 0: not known
	TypeName string  // Types[Type]
	At       int64   // when it happened, milliseconds of the Unix epoch
	Ingested int64   // when this copy arrived, the same unit
	Amount   float64 // in whole cents; 0 for most types
}

// UserType is a key of 12 bytes, and 16 with its padding.
type UserType struct {
	User uint64
	Type uint32
}

// UserTypeName is the key as one would write it first: with the type's name.
type UserTypeName struct {
	User uint64
	Type string
}

// The accessors are what operators take.

func (e Event) UserType() UserType         { return UserType{e.User, e.Type} }
func (e Event) Time() int64                { return e.At }
func (e Event) UserTypeName() UserTypeName { return UserTypeName{e.User, e.TypeName} }

// Types are the kinds of events, the most frequent first.
var Types = [...]string{"page_view", "click", "search", "add_to_cart", "video_play", "login", "checkout", "share",
	"purchase", "logout", "error", "signup"}

// shares of Types in percent; they add up to 100.
var shares = [len(Types)]int{36, 22, 11, 8, 6, 5, 3, 3, 2, 2, 1, 1}

// typeOf spreads the shares over 100 places.
var typeOf = func() (places [100]uint8) {
	next := 0
	for t, share := range shares {
		for range share {
			places[next] = uint8(t)
			next++
		}
	}
	return places
}()

// priced says which types have an amount.
var priced = [len(Types)]bool{3: true, 6: true, 8: true}

// Options say which events. The same options give the same events.
type Options struct {
	Rows  int    `json:"rows"`
	Seed  uint64 `json:"seed"`
	Users int    `json:"users"` // that can occur, at least 1
	Zipf  bool   `json:"zipf"`  // the user of rank k has a share of about 1/k; otherwise all have the same

	Retries int  `json:"retries,omitempty"` // percent of the rows that repeat an event; 0: 15
	Hot     int  `json:"hot,omitempty"`     // percent of the rows that repeat one and the same event, beside the others
	Bot     int  `json:"bot,omitempty"`     // percent of the events that are of one user and one type, beside the others
	Sorted  bool `json:"sorted,omitempty"`  // by ID: retries follow what they repeat at once
	Visits  bool `json:"visits,omitempty"`  // users click in visits, and not at any time
	Late    int  `json:"late,omitempty"`    // percent of the clicks that come up to two hours late
}

const (
	start       = 1_705_276_800_000 // 2024-01-15T00:00:00Z
	span        = 72 * 3600 * 1000  // milliseconds over which the rows arrive
	maxLate     = 45 * 60 * 1000    // milliseconds
	retryShare  = 15                // percent of the rows, where Options do not say
	retryWindow = 4096              // rows in which an event comes again
)

// Source makes events one by one.
type Source struct {
	o        Options
	logUsers float64 // log(Users+1)
	retries  uint64  // percent
	hotRow   int     // the first of the rows that repeat the hot event; -1: there is none
}

// New checks the options.
func New(o Options) (Source, error) {
	if o.Rows < 0 || o.Users < 1 {
		return Source{}, fmt.Errorf("events: %d rows of %d users: want no negative number and a user", o.Rows, o.Users)
	}
	if o.Bot < 0 || o.Bot > 100 || o.Late < 0 || o.Late > 100 {
		return Source{}, fmt.Errorf("events: %d percent of a bot, %d late: want 0 to 100", o.Bot, o.Late)
	}
	if o.Retries < 0 || o.Retries > 99 || o.Hot < 0 || o.Hot > 99 || o.Hot > 0 && o.Sorted {
		return Source{}, fmt.Errorf("events: %d and %d percent of repetitions, sorted %v: want 0 to 99, and none hot where sorted",
			o.Retries, o.Hot, o.Sorted)
	}
	s := Source{o: o, logUsers: math.Log(float64(o.Users) + 1), retries: uint64(o.Retries), hotRow: -1}
	if o.Retries == 0 {
		s.retries = retryShare
	}
	if o.Hot > 0 {
		for s.hotRow = 0; !s.hot(s.random(s.hotRow)); {
			s.hotRow++
		}
	}
	return s, nil
}

// At returns event i, 0 <= i < Rows.
func (s *Source) At(i int) Event {
	from := s.origin(i)
	e := s.first(from, s.random(from))
	if from != i {
		e.Ingested = s.arrival(i)
		e.Updater = updater(s.random(i))
	}
	return e
}

// origin is the row that row i repeats, or i itself.
func (s *Source) origin(i int) int {
	// A retry repeats one of the rows just before it, and where that is a retry itself, what that repeats.
	for {
		h := s.random(i)
		switch {
		case s.hotRow >= 0 && s.hot(h):
			return s.hotRow
		case !s.retry(i, h):
			return i
		case s.o.Sorted:
			i--
		default:
			i -= 1 + int(Mix(h)%uint64(min(i, retryWindow)))
		}
	}
}

// random is 64 bits that belong to row i.
func (s *Source) random(i int) uint64 { return Mix(s.o.Seed + uint64(i)*0x9e3779b97f4a7c15) }

func (s *Source) retry(i int, h uint64) bool { return i > 0 && h%100 < s.retries }

// hot says whether a row repeats the hot event, whatever else it might be.
func (s *Source) hot(h uint64) bool { return Mix(h^3)%100 < uint64(s.o.Hot) }

func (s *Source) arrival(i int) int64 { return s.spread(i, span) }

// spread is when row i comes, of rows that come evenly over so many milliseconds.
func (s *Source) spread(i int, over uint64) int64 {
	hi, lo := bits.Mul64(uint64(i), over)
	q, _ := bits.Div64(hi, lo, uint64(max(s.o.Rows, 1)))
	return start + int64(q)
}

// first is event i where row i is no retry. h is its random.
func (s *Source) first(i int, h uint64) Event {
	a, b := Mix(h^1), Mix(h^2)
	t := typeOf[a%100]
	late := int64(a >> 32 % 3000)
	if a>>16%50 == 0 {
		late = int64(b >> 40 % maxLate)
	}
	e := Event{
		ID: s.id(i), User: s.user(h, b), Type: uint32(t), TypeName: Types[t],
		Ingested: s.arrival(i), Updater: updater(h),
	}
	e.At = e.Ingested - late
	if Mix(h^5)%100 < uint64(s.o.Bot) {
		e.User, e.Type, e.TypeName, t = userOf(1), 0, Types[0], 0
	}
	if priced[t] {
		e.Amount = float64(b>>8%20_000) / 100
	}
	return e
}

// id is that of the event of row i, which is no retry.
func (s *Source) id(i int) uint64 {
	if s.o.Sorted {
		return uint64(i) + 1
	}
	return Mix(Mix(s.o.Seed+1) + uint64(i))
}

// user draws a rank and gives it an identifier, so that frequent users are not neighbours.
func (s *Source) user(h, b uint64) uint64 {
	var rank uint64
	if s.o.Zipf {
		// The exponential of a uniform variable: P(rank) = log(1 + 1/rank) / log(1 + Users), which is 1/rank but
		// for the first few ranks.
		rank = min(uint64(math.Exp(float64(b>>11)/(1<<53)*s.logUsers)), uint64(s.o.Users))
	} else {
		rank, _ = bits.Mul64(b, uint64(s.o.Users))
		rank++
	}
	return userOf(rank)
}

// userOf is the identifier of a rank, from 1.
func userOf(rank uint64) uint64 { return Mix(rank)&(1<<53-1) | 1 }

// updater is known for two rows in three.
func updater(h uint64) uint32 {
	if h>>20%3 == 0 {
		return 0
	}
	return uint32(h>>24%1000) + 1
}

// Mix is a bijection of 64 bits that leaves no pattern (the finaliser of splitmix64).
func Mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
