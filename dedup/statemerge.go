package dedup

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/millrace-go/millrace/stream"
)

// MergeError reports two states that cannot be merged so that the order of merging makes no difference. It matches
// stream.ErrConflict. Both are unchanged.
type MergeError struct {
	Key    any    // the key that both have; nil: it is not about a key, or about the null keys
	Reason string // what stands in the way
}

// Error says what stands in the way, and for which key.
func (e *MergeError) Error() string {
	if e.Key == nil {
		return fmt.Sprintf("dedup: State.Merge: %s: %v", e.Reason, stream.ErrConflict)
	}
	return fmt.Sprintf("dedup: State.Merge: both have key %s: %s: %v", keyText(e.Key), e.Reason, stream.ErrConflict)
}

// Unwrap gives stream.ErrConflict.
func (e *MergeError) Unwrap() error { return stream.ErrConflict }

// Merge takes in all that other has seen, as if other's rows had been pushed here: the shards of one input, or a state
// that went on elsewhere. Merging shards in any order, and in any tree, gives the same survivors, which are those of one
// run; where that is not so, it is a *MergeError, and nothing has changed. Both must have the same Digest, and then:
//
//	                                                positions by PushAt     by Push
//	no key is in both states                        yes                     yes
//	KeepNone, TieFail, or ByBytes comes last        yes                     yes
//	other comparators, or Hold or TieLast alone     yes                     no: a tie would go by position
//	KeepMerge, all reducers exact                   as without it           as without it
//	KeepMerge, a Sum of floats or a Combine         no, unless it is declared so by Reducer.Exact
//	rows that survive at once, or a TTL             no: the row of one key may have come out of both, or be over
//	Tombstone                                       no, for any keys: what one has deleted the other may have
//
// Positions of Push count on from those of this state, so that the order of what comes out is that of this state's rows
// followed by other's. Losers and changes go to the sinks of this state, as does what expires because other's watermark is
// further on. other is not changed; it must not be in use meanwhile. Merging a state into itself panics. An error of a sink
// finishes this state as any other error does, with all that it held: where a sink may fail, Snapshot first.
func (s *State[T, K]) Merge(other *State[T, K]) error {
	need(other == nil, "State.Merge", "other state")
	if other == s {
		panic("dedup: State.Merge: other is the state itself")
	}
	if err := cmp.Or(s.usable(), other.usable()); err != nil {
		return err
	}
	if err := s.mergeable(other); err != nil {
		return err
	}
	s.failed = errStateInCall
	defer s.letGoIfFailed()
	if s.failed = s.merge(other); s.failed == nil {
		s.checkInvariants()
	}
	return s.failed
}

// mergeable returns why two states cannot be merged.
func (s *State[T, K]) mergeable(other *State[T, K]) error {
	p := s.plan()
	if got, want := other.Digest(), s.Digest(); got != want {
		return &MergeError{Reason: fmt.Sprintf("digest of the other configuration is %016x, want %016x", got, want)}
	}
	if p.o.Tombstone != nil {
		return &MergeError{Reason: "what one has deleted the other may have, and that there was a tombstone is not kept"}
	}
	if offset := s.offset(other); s.next > maxPosition-other.next && offset > 0 {
		return &stream.LimitError{Where: "dedup: State.Merge", What: "positions", Limit: maxPosition}
	}
	var reason string
	switch {
	case p.eager:
		reason = "its row has survived in both; Hold keeps rows for Flush"
	case p.ttl > 0:
		reason = "where there is a TTL, whether it was over depends on which rows came first"
	case !p.orderFree() && (s.local || other.local):
		reason = "a tie would go by positions that PushAt did not give; give them, or leave no tie (ByBytes, TieFail)"
	case p.merge != nil && p.merge.inexact() != "":
		reason = p.merge.inexact() + " may make something else of two parts than of the whole; Reducer.Exact says where it does not"
	default:
		return nil
	}
	if s.group >= 0 && other.group >= 0 {
		return &MergeError{Reason: "both have null keys: " + reason}
	}
	for i := range other.facts.n {
		f := other.facts.at(i)
		if f.kind == entryKey && s.find(other.keys.at(i), f.hash) >= 0 {
			return &MergeError{Key: *other.keys.at(i), Reason: reason}
		}
	}
	return nil
}

// offset is what other's positions are moved by.
func (s *State[T, K]) offset(other *State[T, K]) int64 {
	if s.local || other.local {
		return s.next
	}
	return 0
}

func (s *State[T, K]) merge(other *State[T, K]) error {
	offset := s.offset(other)
	s.next = max(s.next, offset+other.next)
	s.local = s.local || other.local
	for i, n := range s.stats.counts() {
		*n += *other.stats.counts()[i]
	}
	order := other.canonical()
	slices.SortFunc(order, func(a, b int32) int { return other.compareEntries(int(a), int(b)) })
	for _, i := range order {
		if err := s.mergeEntry(other, int(i), offset); err != nil {
			return err
		}
	}
	s.watermark = max(s.watermark, other.watermark)
	return s.expire()
}

// mergeEntry takes in entry i of other.
func (s *State[T, K]) mergeEntry(other *State[T, K], i int, offset int64) error {
	p, one := s.plan(), other.entryAt(i)
	one.first += offset
	one.position += offset
	if p.claims() && one.tied >= 0 {
		one.tied += offset
	} else {
		one.tied = -1
	}
	one.more = p.moved(one.more, offset)
	s.position = one.first
	here := -1
	switch one.kind {
	case entryKey:
		here = s.find(one.key, one.hash)
	case entryGroup:
		here = s.group
	}
	if here < 0 {
		if _, err := s.add(one); err != nil {
			return s.where(err)
		}
		if p.eager || one.spent {
			return nil
		}
		s.waiting++
		if p.o.Changes == nil || one.kind == entryClosed {
			return nil
		}
		at := one.first
		if p.claims() {
			at = one.position
		}
		return s.change(Inserted, s.finished(one.row, one.more), at, one.null)
	}

	s.stats.Keys--
	s.row, s.rowKey, s.rowMore = *one.row, *one.key, one.more
	var err error
	if p.keep == KeepNone {
		err = s.repeatKey(here, one.first, one.spent)
	} else {
		_, err = s.contest(here, one.position, one.tied)
	}
	s.rowMore = nil
	if err != nil {
		return err
	}
	return s.seenFirst(here, one.first)
}
