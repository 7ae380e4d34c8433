package dedup

import (
	"cmp"
	"math"
	"slices"
)

// How rows survive: when their key expires, and when the input has ended.

// advance moves the watermark, never back, and lets what is over by then survive.
func (s *State[T, K]) advance(watermark int64) error {
	if watermark <= s.watermark || s.plan().ttl == 0 {
		return nil
	}
	s.watermark = watermark
	return s.expire()
}

// expire lets what is over survive. Each entry costs a step of log n when it expires, and one more for each TTL by which
// it was refreshed.
func (s *State[T, K]) expire() error {
	var over []int32
	for len(s.due.items) > 0 && s.due.items[0].at <= s.watermark {
		i := s.due.items[0].entry
		if at := s.deadline(int(i)); at > s.due.items[0].at { // it was refreshed
			s.due.postpone(at)
			continue
		}
		s.due.remove(i)
		if s.survives(int(i)) {
			over = append(over, i)
		} else {
			s.forget(int(i))
		}
	}
	if err := s.giveAll(over, s.expired); err != nil {
		return err
	}
	s.tidy()
	return nil
}

// expired takes a row whose key is over.
func (s *State[T, K]) expired(row *T) error {
	switch {
	case s.survive != nil:
		return s.survive(row)
	case s.plan().o.Expired != nil:
		return s.plan().o.Expired(*row)
	}
	return nil // Changes has told of it
}

// beginAnew lets the key of entry i begin anew.
func (s *State[T, K]) beginAnew(i int) {
	if s.survives(i) {
		s.close(i)
	} else {
		s.forget(i)
	}
}

// survives says that entry i holds a row which will survive.
func (s *State[T, K]) survives(i int) bool {
	return !s.plan().eager && !s.facts.at(i).spent
}

// flush gives all that survives to out, and forgets all.
func (s *State[T, K]) flush(out func(*T) error) error {
	var left []int32
	if !s.plan().eager {
		left = make([]int32, 0, s.live)
		for i := range s.facts.n {
			if s.facts.at(i).kind != entryFree && s.survives(i) {
				left = append(left, int32(i))
			}
		}
	}
	if s.plan().ttl == 0 {
		if err := s.unsettled(left); err != nil {
			return err
		}
	}
	if err := s.giveAll(left, out); err != nil {
		return err
	}
	s.balance()
	s.giveBack()
	s.empty()
	return nil
}

// unsettled returns the *TieError of the tie whose winner stands first in the input, if there is any.
func (s *State[T, K]) unsettled(left []int32) error {
	first, at := -1, int64(math.MaxInt64)
	for _, i := range left {
		if s.entries.tied(int(i)) >= 0 && s.entries.position(int(i)) < at {
			first, at = int(i), s.entries.position(int(i))
		}
	}
	if first < 0 {
		return nil
	}
	return s.tieError(first, at, s.entries.tied(first))
}

// giveAll gives the rows of these entries to out, in order, and forgets them.
func (s *State[T, K]) giveAll(list []int32, out func(*T) error) error {
	if len(list) > 1 {
		slices.SortFunc(list, func(a, b int32) int { return s.compareEntries(int(a), int(b)) })
	}
	for _, entry := range list {
		i := int(entry)
		if tied := s.entries.tied(i); tied >= 0 {
			return s.tieError(i, s.entries.position(i), tied)
		}
		s.stats.Out++
		s.waiting--
		if err := out(s.outcome(i)); err != nil {
			return err
		}
		s.forget(i)
	}
	return nil
}

// compareEntries is the order in which rows survive: by deadline, where there are any, then by Options.Order. Where
// positions do not tell entries apart, which only copies can do, the kind does, and then all else that there is.
func (s *State[T, K]) compareEntries(a, b int) int {
	if s.plan().ttl > 0 {
		if c := cmp.Compare(s.deadline(a), s.deadline(b)); c != 0 {
			return c
		}
	}
	if s.plan().order == OrderWinner {
		if c := cmp.Compare(s.entries.position(a), s.entries.position(b)); c != 0 {
			return c
		}
	}
	x, y := s.facts.at(a), s.facts.at(b)
	if c := cmp.Or(cmp.Compare(x.first, y.first), cmp.Compare(x.kind, y.kind), cmp.Compare(x.hash, y.hash)); c != 0 {
		return c
	}
	return s.compareAlike(a, b)
}
