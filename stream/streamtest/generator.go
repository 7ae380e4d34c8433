package streamtest

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/millrace-go/millrace/stream"
)

// generator makes the events one by one.
//
// A pool of visitors is active at any time; each line is the next event of one of them, so that a user's events
// come in bursts of one to fifteen, two minutes apart on average: sessions. A visitor who is done is replaced by a
// user drawn by rank. Retries repeat one of the last retryWindow events.
//
// All randomness is drawn from one PCG, by the methods below and not by those of rand.Rand, so that no release of
// Go changes the events.
type generator struct {
	o        EventOptions
	rng      dice
	users    ranks
	visitors []visitor
	recent   []record // the latest copy of each recent event
	oldest   int      // in recent, once it is full
	line     int

	// The present line.
	now    record
	broken bool
	retry  bool
}

const (
	retryWindow  = 8192            // events that may still be repeated
	visitGap     = 2 * time.Minute // between a visitor's events, on average
	visitLength  = 15              // events, at most
	arrivalDelay = 5_000           // ms, at most, unless late
	jitter       = 2_000           // ms that event times run before the line's own
	lateBy       = 45 * 60_000     // ms, at most
)

// record is an event in its compact form: 48 bytes, no pointers.
type record struct {
	id       uint64
	at       int64 // ms of the Unix epoch
	ingested int64 // likewise
	cents    int64 // -1: not given
	user     int64
	kind     uint8
	page     int8 // -1: not given
	updater  int8 // index of updaters; or:
}

const (
	updaterMissing = -1
	updaterNull    = -2
)

var updaters = [...]string{"ana", "ben", "chloe", "dev", "emil", "fatima", "goran", "hana", "ivo", "june", "kofi", "lena", "etl-retry", "backfill", "crm-sync", "système"}

// pages are the values of Page.
var pages = func() []string {
	list := []string{"/", "/home", "/search", "/cart", "/checkout", "/account", "/help", "/about"}
	for i := range 56 {
		list = append(list, "/product/"+strconv.Itoa(100+7*i))
	}
	return list
}()

type visitor struct {
	user int64
	left int   // events to come
	last int64 // event time of the previous one, ms; 0: none
}

func newGenerator(o EventOptions) *generator {
	g := &generator{o: o, rng: newDice(o.Seed, 1), users: newRanks(o.Users, o.Skew)}
	perGap := float64(o.N) * (float64(visitGap) / float64(o.Span))
	g.visitors = make([]visitor, int(min(max(perGap, 1), 1<<20)))
	return g
}

// next makes the next line; false: there is none.
func (g *generator) next() bool {
	if g.line >= g.o.N {
		return false
	}
	hi, lo := bits.Mul64(uint64(g.line), uint64(g.o.Span.Milliseconds()))
	offset, _ := bits.Div64(hi, lo, uint64(g.o.N))
	now := g.o.Start.UnixMilli() + int64(offset)
	g.broken = g.rng.chance(g.o.BrokenRatio)
	g.retry = !g.broken && len(g.recent) > 0 && g.rng.chance(g.o.RetryRatio)
	if g.retry {
		g.repeat(now)
	} else {
		g.fresh(now)
	}
	g.line++
	return true
}

// fresh makes a new event.
func (g *generator) fresh(now int64) {
	v := &g.visitors[g.rng.below(uint64(len(g.visitors)))]
	if v.left == 0 {
		*v = visitor{user: userID(g.users.draw(&g.rng)), left: 1 + int(g.rng.below(visitLength))}
	}
	v.left--
	kind := g.kind()
	at := now - int64(g.rng.below(jitter))
	switch {
	case g.rng.chance(g.o.LateRatio):
		at = now - int64(g.rng.below(lateBy))
	case v.last != 0 && g.rng.chance(0.01):
		at = v.last // a tie
	}
	at = max(at, g.o.Start.UnixMilli())
	v.last = at
	g.now = record{
		id:       mix(uint64(g.line) + g.o.Seed*0x9e3779b97f4a7c15),
		at:       at,
		ingested: now + 50 + int64(g.rng.below(arrivalDelay)),
		cents:    -1,
		user:     v.user,
		kind:     kind,
		page:     -1,
		updater:  g.updater(0.3),
	}
	if !g.rng.chance(0.03) {
		g.now.page = int8(g.rng.below(uint64(len(pages))))
	}
	if eventTypes[kind].amount && !g.rng.chance(0.03) {
		g.now.cents = 100 + int64(g.rng.below(50_000))
	}
	if g.broken {
		return // nobody will ever see it, so nothing repeats it
	}
	if len(g.recent) < retryWindow {
		g.recent = append(g.recent, g.now)
		return
	}
	g.recent[g.oldest] = g.now
	g.oldest = (g.oldest + 1) % retryWindow
}

// repeat makes another copy of a recent event. It arrives later than the copies before it, or, once in ten, at the
// very same time as the last one: then only a rule about ties can choose.
func (g *generator) repeat(now int64) {
	old := &g.recent[g.rng.below(uint64(len(g.recent)))]
	arrival := max(now+50+int64(g.rng.below(arrivalDelay)), old.ingested+1)
	if !g.rng.chance(0.1) {
		old.ingested = arrival
	}
	old.updater = g.updater(0.4)
	g.now = *old
}

func (g *generator) kind() uint8 {
	at := g.rng.below(100)
	for i, t := range eventTypes {
		if at < t.share {
			return uint8(i)
		}
		at -= t.share
	}
	panic("streamtest: the shares of eventTypes do not add up to 100")
}

func (g *generator) updater(unknown float64) int8 {
	if !g.rng.chance(unknown) {
		return int8(g.rng.below(uint64(len(updaters))))
	}
	if g.rng.chance(0.5) {
		return updaterNull
	}
	return updaterMissing
}

// event is the record as users see it.
func (r *record) event() Event {
	e := Event{
		EventID:    string(appendID(make([]byte, 0, 16), r.id)),
		UserID:     r.user,
		Type:       eventTypes[r.kind].name,
		Time:       time.UnixMilli(r.at).UTC(),
		IngestTime: time.UnixMilli(r.ingested).UTC(),
	}
	switch r.updater {
	case updaterMissing:
	case updaterNull:
		e.UpdatedBy = stream.Null[string]()
	default:
		e.UpdatedBy = stream.Present(updaters[r.updater])
	}
	if r.page >= 0 {
		e.Page = pages[r.page]
	}
	if r.cents >= 0 {
		e.Amount = float64(r.cents) / 100 // correctly rounded, so the same as parsing "12.34"
	}
	return e
}

// appendID writes an id as 16 hex digits.
func appendID(b []byte, id uint64) []byte {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], id)
	return hex.AppendEncode(b, raw[:])
}

// mix is a bijection of 64 bits (the finalizer of SplitMix64): different lines have different ids.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// userID spreads ranks over [1, 2^31), one to one: an odd factor is a bijection of 31 bits, and no rank below 2^31-1
// comes out as the one value, 0, that would have to be moved.
func userID(rank int) int64 {
	return int64((uint32(rank) + 1) * 2654435761 & math.MaxInt32)
}

// dice draws from a PCG.
type dice struct{ pcg *rand.PCG }

func newDice(seed, purpose uint64) dice { return dice{rand.NewPCG(seed, purpose)} }

// below is uniform on [0, n), to within n/2^64.
func (d dice) below(n uint64) uint64 {
	hi, _ := bits.Mul64(d.pcg.Uint64(), n)
	return hi
}

// chance is true with probability p.
func (d dice) chance(p float64) bool { return float64(d.pcg.Uint64()>>11) < p*(1<<53) }
