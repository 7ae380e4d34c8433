package dedup

import (
	"fmt"
	"math"
	"time"

	"github.com/millrace-go/millrace/internal/eventtime"
	"github.com/millrace-go/millrace/internal/snapshot"
)

// readEntry reads one entry, which comes behind before, and adds it.
func (s *State[T, K]) readEntry(r *snapshot.Reader, before *fact) error {
	p, at := s.plan(), r.Offset()
	head, err := r.Uvarint()
	if err != nil {
		return err
	}
	one := entry[T, K]{fact: fact{kind: entryKind(head & entryKindBits), spent: head&entrySpent != 0, null: head&entryNoKey != 0}, standing: standing{tied: -1}}
	tied := head&entryTied != 0
	if head >= 2*entryNoKey || !p.canBe(one.fact, tied) {
		return snapshot.Refuse(at, "kind of an entry", head, "one of this configuration")
	}
	var key K
	if !one.null {
		if err := snapshot.ReadRecord(r, "key", s.keyCodec, &key); err != nil {
			return err
		}
		if err := s.hasher.Check(&key); err != nil {
			return snapshot.Refuse(at, "key", err, "one that can be compared")
		}
		one.key, one.hash = &key, s.hasher.Hash(&key, 0)
	}
	if p.ttl > 0 {
		if one.time, err = s.readTime(r); err != nil {
			return err
		}
	}
	if err := s.readPositions(r, &one, tied); err != nil {
		return err
	}
	if compareFacts(before, &one.fact) > 0 || one.kind == entryGroup && s.group >= 0 || one.kind == entryKey && s.find(&key, one.hash) >= 0 {
		return snapshot.Refuse(at, "entry", entryText(&one), "another, in order")
	}
	*before = one.fact
	var row T
	if p.rows {
		one.row = &row
	}
	if p.writesRow(one.spent) {
		if err := snapshot.ReadRecord(r, "row", s.rowCodec, &row); err != nil {
			return err
		}
	}
	if p.merge != nil {
		if one.more, err = s.readMore(r, &one); err != nil {
			return err
		}
	}
	if _, err := s.add(one); err != nil {
		return err
	}
	if !p.eager && !one.spent {
		s.waiting++
	}
	return nil
}

// canBe says that there are entries of this kind.
func (p *statePlan[T]) canBe(f fact, tied bool) bool {
	if f.spent && (p.keep != KeepNone || f.kind > entryGroup) || tied && (!p.claims() || p.tie != TieFail || p.failsAtOnce()) {
		return false
	}
	distinct := f.null && !tied && p.nullKey != nil && p.nullKeys == NullsDistinct
	group := f.null && p.nullKey != nil && p.nullKeys == NullsEqual
	switch f.kind {
	case entryKey:
		return !f.null
	case entryGroup:
		return group
	case entryNull:
		return distinct && !p.eager
	case entryClosed:
		return p.ttl > 0 && !p.eager && (!f.null || group)
	}
	return false
}

// readTime reads the time from which an entry lives.
func (s *State[T, K]) readTime(r *snapshot.Reader) (int64, error) {
	p, at := s.plan(), r.Offset()
	t, err := r.Varint()
	if err != nil {
		return 0, err
	}
	disorder := int64(p.o.Disorder)
	inRange := t >= eventtime.FirstSecond*int64(time.Second) && t <= p.latest()
	seen := disorder == math.MaxInt64 || t < math.MinInt64+disorder || t-disorder <= s.watermark
	if !inRange || !seen || t+p.ttl <= s.watermark {
		return 0, snapshot.Refuse(at, "time of an entry", t, "one that the watermark has followed, and that is not over")
	}
	return t, nil
}

// readPositions reads the positions of an entry.
func (s *State[T, K]) readPositions(r *snapshot.Reader, one *entry[T, K], tied bool) (err error) {
	at := r.Offset()
	if one.first, err = r.Count("position"); err != nil {
		return err
	}
	one.position = one.first
	last := one.first
	if s.plan().claims() {
		behind, err := r.Count("position of the row held")
		if err != nil {
			return err
		}
		one.position += behind
		last = one.position
	}
	if tied {
		behind, err := r.Count("position of the row that ties")
		if err != nil {
			return err
		}
		if behind == 0 {
			return snapshot.Refuse(at, "position of the row that ties", behind, "positive")
		}
		if last < s.next {
			last += behind
		}
		one.tied = last
	}
	if last >= s.next || one.kind == entryNull && one.position != one.first {
		return snapshot.Refuse(at, "position", last, fmt.Sprintf("less than %d", s.next))
	}
	return nil
}

func entryText[T any, K comparable](one *entry[T, K]) string {
	if one.key == nil {
		return fmt.Sprintf("without a key, first seen at %d", one.first)
	}
	return fmt.Sprintf("of key %s, first seen at %d", keyText(*one.key), one.first)
}
