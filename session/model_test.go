package session_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/session"
)

// visit is the event of the model's programs. Its fields are exported so that it can be written.
type visit struct {
	User string
	At   int64 // nanoseconds since 1970
	Gap  int64 // nanoseconds, for GapOf
	Kind int   // for SplitBy
	Rank int   // for SplitWhen and Tie
	Pos  int   // in the program
}

func (v visit) user() string       { return v.User }
func (v visit) at() time.Time      { return time.Unix(0, v.At) }
func (v visit) gap() time.Duration { return time.Duration(v.Gap) }
func (v visit) kind() int          { return v.Kind }
func (v visit) noUser() bool       { return v.User == "" }
func byRank(a, b visit) int        { return cmp.Compare(a.Rank, b.Rank) }

// back is the predicate of the programs: the rank goes back.
func back(prev, cur visit) bool { return prev.Rank > cur.Rank+2 }

// model is the definition of a State: it keeps every event that was ever taken, and divides all of a key's anew at each
// step. What it gives out is what the definition says is closed and was not given out yet.
type model struct {
	gap    int64
	o      session.Options[visit]
	events map[string][]visit // taken since the last Flush, in order of arrival
	given  map[string][]modelSession
	low    map[string]int64
	rev    map[int]int // by position: the least revision of a session the event is in

	sources   []int64
	idle      []bool
	watermark int64
	floor     int64
	latest    int64
	late      []int // positions
	rejected  int
	out       []string
}

// modelSession is a session as the definition has it.
type modelSession struct {
	user    string
	events  []visit
	reason  session.Reason // never End: that is only told when it is given out
	closes  int64          // the first watermark that closes it
	ordinal int
	rev     int
}

func newModel(gap int64, o session.Options[visit]) *model {
	m := &model{gap: gap, o: o, watermark: math.MinInt64, floor: math.MinInt64, latest: math.MinInt64, rev: map[int]int{}}
	for range max(1, o.Sources) {
		m.sources, m.idle = append(m.sources, math.MinInt64), append(m.idle, false)
	}
	m.begin()
	return m
}

func (m *model) begin() {
	m.events, m.given, m.low = map[string][]visit{}, map[string][]modelSession{}, map[string]int64{}
}

func (m *model) gapOf(v visit) int64 {
	if m.o.GapOf != nil {
		return v.Gap
	}
	return m.gap
}

// divide is the definition of sessions: events in order, cut where a rule says so.
func (m *model) divide(user string, events []visit) (out []modelSession) {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b visit) int {
		c := cmp.Compare(a.At, b.At)
		if c == 0 && m.o.Tie != nil {
			c = m.o.Tie(a, b)
		}
		return c
	})
	reach := func(events []visit) (r int64) {
		r = math.MinInt64
		for _, e := range events {
			r = max(r, e.At+m.gapOf(e))
		}
		return r
	}
	overAt := func(events []visit) int64 {
		if m.o.AtLeast {
			return reach(events)
		}
		return reach(events) + 1
	}
	for _, e := range events {
		if n := len(out); n > 0 {
			s := &out[n-1]
			first, last := s.events[0], s.events[len(s.events)-1]
			switch {
			case e.At > reach(s.events) || m.o.AtLeast && e.At == reach(s.events):
				s.reason = session.ReasonGap
			case m.o.Midnight != nil && last.at().In(m.o.Midnight).Format(time.DateOnly) != e.at().In(m.o.Midnight).Format(time.DateOnly):
				s.reason = session.ReasonMidnight
			case m.o.SplitBy != nil && last.Kind != e.Kind:
				s.reason = session.ReasonAttribute
			case m.o.SplitWhen != nil && m.o.SplitWhen(last, e):
				s.reason = session.ReasonSplit
			case m.o.MaxLength > 0 && e.At-first.At > int64(m.o.MaxLength):
				s.reason = session.ReasonLength
			case m.o.MaxEvents > 0 && len(s.events) == m.o.MaxEvents:
				s.reason = session.ReasonEvents
			default:
				s.events = append(s.events, e)
				continue
			}
			s.closes = e.At + 1
			if s.reason == session.ReasonGap {
				s.closes = overAt(s.events)
			}
		}
		out = append(out, modelSession{user: user, events: []visit{e}})
	}
	for i := range out {
		s := &out[i]
		if i == len(out)-1 {
			s.reason, s.closes = session.ReasonGap, overAt(s.events)
		}
		for j := range i {
			if out[j].events[0].At == s.events[0].At {
				s.ordinal++
			}
		}
		for _, e := range s.events {
			s.rev = max(s.rev, m.rev[e.Pos])
		}
	}
	return out
}

func (s *modelSession) sameEvents(o *modelSession) bool {
	return slices.EqualFunc(s.events, o.events, func(a, b visit) bool { return a.Pos == b.Pos })
}

func (s *modelSession) isFinal(m *model) bool { return s.closes+int64(m.o.Lateness) <= m.watermark }

// closed are the sessions that are to be given out where the watermark is at now, with their reasons by what is known.
func (m *model) closed(sessions []modelSession, now, known int64) (out []modelSession) {
	for _, s := range sessions {
		if !m.o.EveryChange && s.closes > now {
			continue
		}
		if s.reason == session.ReasonGap && s.closes > known {
			s.reason = session.ReasonEnd
		}
		out = append(out, s)
	}
	return out
}

// known is the time by which every gap before it is known to be one.
func (m *model) known() int64 { return max(m.latest, m.watermark) }

// say writes down that a session is given out, or taken back.
func (m *model) say(s modelSession, sign string) {
	text := fmt.Sprintf("%s %s %d..%d*%d ordinal %d revision %d %v", sign, s.user, s.events[0].At, s.events[len(s.events)-1].At, len(s.events), s.ordinal, s.rev, s.reason)
	for _, e := range s.events {
		text += fmt.Sprint(" ", e.Pos)
	}
	m.out = append(m.out, text)
}

// change gives out what is different for one key: first what is taken back.
func (m *model) change(user string) {
	now := m.closed(m.divide(user, m.events[user]), m.watermark, m.known())
	same := func(s, was *modelSession) bool { // the reason of a final session stays what it was
		return s.sameEvents(was) && s.ordinal == was.ordinal && (m.o.EveryChange || s.reason == was.reason || was.isFinal(m))
	}
	for i := range m.given[user] {
		was := &m.given[user][i]
		if slices.ContainsFunc(now, func(s modelSession) bool { return same(&s, was) }) {
			continue
		}
		m.say(*was, "-")
		for _, e := range was.events {
			m.rev[e.Pos] = max(m.rev[e.Pos], was.rev+1)
		}
	}
	var given []modelSession
	for i := range now {
		if j := slices.IndexFunc(m.given[user], func(s modelSession) bool { return same(&now[i], &s) }); j >= 0 {
			given = append(given, m.given[user][j])
			continue
		}
		for _, e := range now[i].events {
			now[i].rev = max(now[i].rev, m.rev[e.Pos])
		}
		m.say(now[i], "+")
		given = append(given, now[i])
	}
	m.given[user] = given
}

// give gives out what a watermark closes, of all keys together.
func (m *model) give(now, known int64) {
	if m.o.EveryChange {
		return
	}
	hasher, err := hash.New[string]()
	if err != nil {
		panic(err)
	}
	var more []modelSession
	for user, events := range m.events {
		all := m.closed(m.divide(user, events), now, known)
		more = append(more, all[len(m.given[user]):]...) // what was given does not change
		m.given[user] = append(m.given[user], all[len(m.given[user]):]...)
	}
	slices.SortFunc(more, func(a, b modelSession) int {
		return cmp.Or(cmp.Compare(a.closes, b.closes), cmp.Compare(a.events[len(a.events)-1].At, b.events[len(b.events)-1].At),
			cmp.Compare(a.events[0].At, b.events[0].At), cmp.Compare(hasher.Hash(&a.user, 0), hasher.Hash(&b.user, 0)),
			cmp.Compare(a.ordinal, b.ordinal))
	})
	for _, s := range more {
		m.say(s, "+")
	}
}

// mark is where the watermark belongs: with the source farthest behind, idle ones left out, and never back.
func (m *model) mark() int64 {
	least := int64(math.MaxInt64)
	for i, at := range m.sources {
		if !m.idle[i] {
			least = min(least, at)
		}
	}
	if least == math.MaxInt64 {
		return m.watermark
	}
	return max(m.watermark, least)
}

func (m *model) clockMoves() {
	if to := m.mark(); to > m.watermark {
		m.watermark = to
		m.give(m.watermark, m.known())
	}
}

func (m *model) push(source int, v visit) {
	switch {
	case v.noUser(), m.o.GapOf != nil && (v.Gap <= 0 || v.Gap > m.gap):
		m.rejected++
		return
	}
	m.idle[source] = false
	if m.o.Disorder > 0 || m.o.Ordered {
		m.sources[source] = max(m.sources[source], v.At-int64(m.o.Disorder))
	}
	if v.At < m.mark() {
		m.clockMoves()
		m.pushLate(v)
		return
	}
	m.latest = max(m.latest, v.At)
	m.clockMoves()
	m.take(v)
	if m.o.EveryChange {
		m.change(v.User)
	}
}

// pushLate takes a late event if no final session is another with it, and its own, if it is alone, is not final itself.
func (m *model) pushLate(v visit) {
	before := m.divide(v.User, m.events[v.User])
	after := m.divide(v.User, append(slices.Clone(m.events[v.User]), v))
	ok := v.At >= m.floor && (m.fresh(v.User) || v.At >= m.low[v.User])
	for i := range before {
		b := &before[i]
		if !b.isFinal(m) {
			continue
		}
		j := slices.IndexFunc(after, func(s modelSession) bool { return s.sameEvents(b) })
		ok = ok && j >= 0 && (after[j].reason == session.ReasonGap) == (b.reason == session.ReasonGap)
	}
	for i := range after {
		if s := &after[i]; len(s.events) == 1 && s.events[0].Pos == v.Pos && s.isFinal(m) {
			ok = false
		}
	}
	if !ok {
		m.late = append(m.late, v.Pos)
		return
	}
	m.take(v)
	m.change(v.User)
}

// fresh reports whether all sessions of a user have been final for so long that nothing is known of them.
func (m *model) fresh(user string) bool {
	all := m.divide(user, m.events[user])
	return len(all) == 0 || all[len(all)-1].closes+m.gap+int64(m.o.Lateness) <= m.watermark
}

func (m *model) take(v visit) {
	if m.fresh(v.User) {
		m.low[v.User] = max(m.watermark, math.MinInt64+m.gap+int64(m.o.Lateness)) - m.gap - int64(m.o.Lateness)
	}
	m.events[v.User] = append(m.events[v.User], v)
}

func (m *model) advance(to int64) {
	for i := range m.sources {
		m.sources[i] = max(m.sources[i], to)
	}
	if to > m.watermark {
		m.watermark = to
		m.give(m.watermark, m.known())
	}
	m.clockMoves()
}

func (m *model) advanceFrom(source int, to int64) {
	m.idle[source] = false
	m.sources[source] = max(m.sources[source], to)
	m.clockMoves()
}

func (m *model) rest(source int) {
	m.idle[source] = true
	m.clockMoves()
}

// flush gives out everything as at the end of the input. What is late from here on is what could touch that.
func (m *model) flush() {
	to := m.watermark
	for user, events := range m.events {
		for _, s := range m.divide(user, events) {
			to = max(to, s.closes)
		}
	}
	known := m.known()
	m.give(math.MaxInt64, known)
	m.watermark, m.floor = to, to
	for i := range m.sources {
		m.sources[i] = max(m.sources[i], to)
	}
	m.begin()
}
