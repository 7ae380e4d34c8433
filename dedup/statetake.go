package dedup

import (
	"fmt"
	"math"
	"time"

	"github.com/millrace-go/millrace/internal/eventtime"
	"github.com/millrace-go/millrace/stream"
)

// take takes in s.row, which stood at s.position.
func (s *State[T, K]) take() (Verdict, error) {
	p := s.plan()
	s.stats.In++
	s.next = max(s.next, s.position+1)
	var t int64
	if p.ttl > 0 {
		at := p.o.At(s.row)
		var ok bool
		if t, ok = eventtime.Nanos(at); !ok || t > p.latest() {
			return VerdictRejected, s.badTime(at)
		}
		if err := s.see(t); err != nil {
			return VerdictNone, err
		}
		if t < s.watermark {
			return VerdictLate, s.tooLate(t)
		}
	}
	if p.nullKey != nil && p.nullKey(s.row) {
		return s.takeNull(t)
	}
	s.rowKey = s.key(s.row)
	if s.hasher.Dynamic() {
		if err := s.hasher.Check(&s.rowKey); err != nil {
			return VerdictNone, &KeyError{Position: s.position, Err: err}
		}
	}
	h := s.hasher.Hash(&s.rowKey, 0)
	return s.takeKeyed(entryKey, &s.rowKey, h, s.entries.find(&s.rowKey, h), t)
}

// takeNull takes in s.row, which has a null key.
func (s *State[T, K]) takeNull(t int64) (Verdict, error) {
	p := s.plan()
	s.stats.NullKeys++
	switch p.nullKeys {
	case NullsReject:
		return VerdictRejected, s.reject(&s.row, s.position)
	case NullsEqual:
		return s.takeKeyed(entryGroup, nil, 0, s.group, t)
	}
	if p.o.Tombstone != nil && p.o.Tombstone(s.row) {
		s.stats.Tombstones++
		return VerdictUnknown, nil
	}
	if p.eager {
		s.stats.Out++
	} else {
		s.waiting++
		if _, err := s.add(s.newEntry(entryNull, nil, 0, t)); err != nil {
			return VerdictNone, s.where(err)
		}
	}
	return VerdictNullKey, s.begun(true)
}

// newEntry is the entry that s.row begins.
func (s *State[T, K]) newEntry(kind entryKind, key *K, h uint64, t int64) entry[T, K] {
	one := entry[T, K]{fact: fact{hash: h, first: s.position, kind: kind, null: key == nil}, standing: standing{s.position, -1}, key: key, time: t}
	if s.plan().rows {
		one.row = &s.row
	}
	return one
}

// takeKeyed takes in s.row with the entry of its key, i, -1 where there is none.
func (s *State[T, K]) takeKeyed(kind entryKind, key *K, h uint64, i int, t int64) (Verdict, error) {
	p := s.plan()
	if i >= 0 && p.ttl > 0 && t >= s.deadline(i) {
		s.beginAnew(i)
		i = -1
	}
	if p.o.Tombstone != nil && p.o.Tombstone(s.row) {
		s.stats.Tombstones++
		return s.deleteKey(i)
	}
	if i >= 0 {
		return s.takeDuplicate(i, t)
	}
	s.stats.Keys++
	if p.eager {
		s.stats.Out++
	} else {
		s.waiting++
	}
	if _, err := s.add(s.newEntry(kind, key, h, t)); err != nil {
		return VerdictNone, s.where(err)
	}
	return VerdictNew, s.begun(key == nil)
}

// begun tells of s.row, which was the first of its key.
func (s *State[T, K]) begun(isNull bool) error {
	p := s.plan()
	if p.o.Changes != nil {
		if err := s.change(Inserted, s.finished(&s.row, nil), s.position, isNull); err != nil {
			return err
		}
	}
	if p.eager && s.survive != nil {
		return s.survive(&s.row)
	}
	return nil
}

// takeDuplicate takes in s.row, whose key has entry i.
func (s *State[T, K]) takeDuplicate(i int, t int64) (Verdict, error) {
	p := s.plan()
	conflicting := s.stats.Conflicting
	verdict := VerdictDuplicate
	replaced := false
	if p.keep == KeepNone {
		if err := s.repeatKey(i, s.position, false); err != nil {
			return VerdictNone, err
		}
	} else {
		was, err := s.contest(i, s.position, -1)
		if err != nil {
			return VerdictNone, err
		}
		replaced = was == contestWon
		if was == contestTied {
			verdict = VerdictConflict
		}
	}
	switch {
	case replaced:
		verdict = VerdictReplaced
	case s.stats.Conflicting > conflicting:
		verdict = VerdictConflict
	}
	if err := s.seenFirst(i, s.position); err != nil {
		return VerdictNone, err
	}
	if p.ttl > 0 && (p.o.Refresh == RefreshAny || p.o.Refresh == RefreshWrite && replaced) {
		if at := s.times.at(i); t > *at {
			*at = t
		}
	}
	return verdict, nil
}

// seenFirst notes that a row of entry i, which is s.row, stood at position.
func (s *State[T, K]) seenFirst(i int, position int64) error {
	f := s.facts.at(i)
	if position >= f.first {
		return nil
	}
	f.first = position
	if f.kind != entryKey {
		return nil
	}
	return s.where(s.replaceKey(i, &s.rowKey))
}

// deleteKey deletes entry i, -1 where there is none.
func (s *State[T, K]) deleteKey(i int) (Verdict, error) {
	if i < 0 {
		return VerdictUnknown, nil
	}
	f := *s.facts.at(i)
	if !f.spent {
		s.stats.Deleted++
		s.waiting--
		if s.plan().o.Changes != nil {
			if err := s.change(Deleted, s.outcome(i), s.entries.position(i), f.null); err != nil {
				return VerdictNone, err
			}
		}
	}
	s.forget(i)
	s.tidy()
	return VerdictDeleted, nil
}

// see moves the watermark to disorder before t, never back.
func (s *State[T, K]) see(t int64) error {
	disorder := int64(s.plan().o.Disorder)
	if disorder == math.MaxInt64 || t < math.MinInt64+disorder {
		return nil
	}
	return s.advance(t - disorder)
}

// tooLate sets s.row, of time t, aside.
func (s *State[T, K]) tooLate(t int64) error {
	p := s.plan()
	s.stats.Late++
	watermark := eventtime.Instant(s.watermark)
	if p.o.Late == nil {
		return &stream.LateError{Package: "dedup", Func: p.fn, Index: s.position, Time: eventtime.Instant(t), Watermark: watermark}
	}
	if err := p.o.Late(stream.Late[T]{Event: s.row, Index: s.position, Watermark: watermark}); err != nil {
		return fmt.Errorf("dedup: %s: Late: element %d: %w", p.fn, s.position, err)
	}
	return nil
}

// badTime sets s.row, whose time is out of range, aside.
func (s *State[T, K]) badTime(at time.Time) error {
	p := s.plan()
	s.stats.BadTimes++
	if p.o.BadTimes == nil {
		return &stream.TimeError{Package: "dedup", Func: p.fn, Index: s.position, Time: at,
			From: eventtime.Instant(eventtime.FirstSecond * int64(time.Second)), To: eventtime.Instant(p.latest())}
	}
	if err := p.o.BadTimes(Reject[T]{Row: s.row, Position: s.position}); err != nil {
		return fmt.Errorf("dedup: %s: BadTimes: element %d: %w", p.fn, s.position, err)
	}
	return nil
}

// where adds to a *stream.LimitError which row would not fit.
func (s *State[T, K]) where(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w (at element %d, %d keys alive; a State does not spill to disk)", err, s.position, s.Len())
}
