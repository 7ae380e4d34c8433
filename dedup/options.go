package dedup

import (
	"fmt"
	"slices"

	"github.com/millrace-go/millrace/stream"
)

// Keep says how many rows of a key survive.
type Keep uint8

const (
	// KeepBest keeps one row per key: the best by the comparators, then by the tie rule. Without comparators
	// that is the first row (TieFirst) or the last (TieLast). The default.
	KeepBest Keep = iota
	// KeepFirst keeps the first row of each key. It is KeepBest without comparators, spelled out, and takes none.
	KeepFirst
	// KeepLast keeps the last row of each key. It is KeepBest without comparators under TieLast, spelled out, and takes
	// no comparators.
	KeepLast
	// KeepNone drops every row of a repeated key; rows whose key occurs once survive. It takes no comparators
	// and no other tie rule than the default.
	KeepNone
	// KeepMerge keeps one row per key that is made of all of them: the best row, as KeepBest keeps it, with the fields
	// that Options.Merge has a Reducer for made of the fields of all rows. The other rows count as dropped, and go
	// to Losers as they came. TieFail is refused.
	KeepMerge
)

// String names the mode.
func (k Keep) String() string {
	switch k {
	case KeepBest:
		return "best"
	case KeepFirst:
		return "first"
	case KeepLast:
		return "last"
	case KeepNone:
		return "none"
	case KeepMerge:
		return "merge"
	}
	return fmt.Sprintf("Keep(%d)", uint8(k))
}

// Order says in which order the survivors come out.
type Order uint8

const (
	// OrderFirstSeen is the order in which the keys were first seen. The default.
	OrderFirstSeen Order = iota
	// OrderWinner is the order in which the survivors stood in the input.
	OrderWinner
	// OrderAny is no order that can be counted on: whichever costs least.
	OrderAny
)

// String names the order.
func (o Order) String() string {
	switch o {
	case OrderFirstSeen:
		return "first seen"
	case OrderWinner:
		return "winner position"
	case OrderAny:
		return "any"
	}
	return fmt.Sprintf("Order(%d)", uint8(o))
}

// Options spells out a deduplication. The zero value keeps the first row of each key. Fields are read when
// Run, Sorted or TwoPass is called; what breaks a rule stated here is an *stream.OptionError, yielded first.
type Options[T any] struct {
	// By are the comparators in order: the first that can tell two rows apart decides.
	By []Comparator[T]
	// Tie decides where no comparator can. Default TieFirst.
	Tie Tie
	// Keep is KeepBest by default.
	Keep Keep
	// Merge are the reducers of KeepMerge, which needs 1 to 64 and takes no two of one field; for no other mode.
	Merge []Reducer[T]
	// Order of the output. Default OrderFirstSeen. Sorted gives the order of its input, which is both; TwoPass
	// has OrderWinner only, which is any order as well.
	Order Order

	// NullKey says that a row has no key; its key function is then not called. Nil: every row has one.
	NullKey func(T) bool
	// NullKeys is what becomes of those rows. Default NullsDistinct. Another policy needs NullKey.
	NullKeys NullKeys
	// Rejects takes the rows with a null key under NullsReject, in input order. Only for that policy.
	Rejects stream.Sink[Reject[T]]

	// Losers takes every dropped row, as it loses; under a bound that was reached, when the input has ended. Nil: they
	// are only counted.
	Losers stream.Sink[Loser[T]]
	// Same says that two rows of one key are the same row delivered twice, rather than two claims about one
	// thing. It splits Stats.Duplicates, sets Loser.Identical, and keeps TieFail quiet on mere copies. It
	// should be an equivalence. It does not choose survivors. Nil: nothing is called identical.
	Same func(a, b T) bool
	// Stats, if set, is overwritten when a run ends, however it ends. Runs at the same time must not share it.
	Stats *Stats

	// Resources.Memory and Budget bound the live state of Run: index, keys and rows with what they reach, and the
	// buffers of what is on disk. Keys that come when it is full go to files below TempDir, and the output is the
	// same. Sorted and Approx have nothing to spill; TwoPass does not spill. With 2 Workers or more Run calls
	// key, comparators, reducers and Same on several goroutines, unless memory is bounded, there are Losers or Rejects, or
	// rows come out on sight: one worker does all then, as in the other engines.
	Resources stream.Resources
	// Codec is for rows on disk; nil: compiled from T. Run uses it where memory is bounded, and a T without a codec is
	// then an *stream.OptionError. So is, when it comes, a row for which its Held is negative.
	Codec stream.Codec[T]
}

// plan is Options checked and compiled: what both engines work from. It is read-only once made, so that
// one Seq can run several times, at once as well.
type plan[T any] struct {
	fn       string // the function the caller called, for errors
	by       []Comparator[T]
	names    []string // of by, for Loser.DecidedBy
	tie      Tie
	keep     Keep
	order    Order
	nullKey  func(T) bool
	nullKeys NullKeys
	rejected stream.Sink[Reject[T]]
	losers   stream.Sink[Loser[T]]
	same     func(a, b T) bool
	stats    *Stats
	res      stream.Resources
	merge    *merging[T] // under KeepMerge: for lift, which makes the plan that engines get
	// join, under KeepMerge in a plan from lift, makes one of two rows of a key: see merging.join.
	join   func(holder, challenger *T, holderAt, challengerAt int64, challengerIsBetter bool)
	codec  stream.Codec[T]
	sizeOf func(*T) int64 // by codec; nil where memory is unbounded, or where a T holds nothing
	// checkHeld returns an *OptionError where a codec of the caller's says that a row holds less than nothing; nil: it is ours.
	checkHeld func(row *T, position int64) error
	tuned     tuning

	eager     bool // the first row of a key is its survivor: it can be yielded on sight
	holdRows  bool // a row is needed again after it was read
	holdKeys  bool // a key is needed again, and cannot be had of its row
	positions bool // the position of a held row is needed again

	firsts bool // where a key was first seen is needed again

	workers     int   // 0: the consumer's goroutine does all
	batch       int   // rows that are looked up together
	batchOnDisk int   // of those that come back from disk
	waiting     int64 // bytes that staged rows may reach, where memory is bounded
}

// newPlan checks the options of fn.
func newPlan[T any](fn string, o Options[T]) (*plan[T], error) {
	if err := o.check(fn); err != nil {
		return nil, err
	}
	p := &plan[T]{
		fn: fn, by: slices.Clone(o.By), names: decisionNames(o.By), tie: o.Tie, keep: o.Keep, order: o.Order,
		nullKey: o.NullKey, nullKeys: o.NullKeys, rejected: o.Rejects,
		losers: o.Losers, same: o.Same, stats: o.Stats, res: o.Resources,
	}
	switch o.Keep {
	case KeepFirst:
		p.keep = KeepBest
	case KeepLast:
		p.keep, p.tie = KeepBest, TieLast
	case KeepMerge:
		p.merge = newMerging(p.by, o.Merge)
	}
	p.eager = len(p.by) == 0 && p.tie != TieLast && p.keep == KeepBest
	p.holdRows = !p.eager || p.losers != nil || p.same != nil
	p.holdKeys = !p.holdRows || p.keep == KeepNone // which lets go of repeated rows
	p.positions = p.losers != nil || p.tie == TieFail || p.keep == KeepNone || p.keep == KeepMerge || p.order == OrderWinner && !p.eager
	p.planBatch()
	p.planWorkers()
	return p, nil
}

// tuning forces in tests what otherwise only a bound or many rows do.
type tuning struct {
	mostKeys int // in memory; 0: any
	evict    int // a holder replaced at a multiple of this position does not fit; 0: as it is
	chunk    int // rows that are handed to workers together, a power of two; 0: as it is
	holes    int // rows that may be gone before rows move; 0: as it is
}

// spillBy makes the plan of a run that may spill, with that codec or one compiled from T. It is no method, so that there is none
// for the elements of a merge.
func spillBy[T any](p *plan[T], codec stream.Codec[T]) (err error) {
	if !p.bounded() {
		return nil
	}
	p.codec, p.sizeOf, err = codecOf(p.fn, codec)
	if codec != nil {
		p.checkHeld = func(row *T, position int64) error { return heldError(p.fn, codec, row, position) }
	}
	p.holdKeys = p.holdKeys || p.sizeOf != nil && !p.eager // a row that became too large is let go of, but its key is not
	p.firsts = !p.eager && p.keep != KeepNone && p.order != OrderWinner
	return err
}

// bounded says that live state has to be booked.
func (p *plan[T]) bounded() bool { return p.res.Memory > 0 || p.res.Budget != nil }

// check returns an *OptionError for the first rule that is broken.
func (o *Options[T]) check(fn string) error {
	wrong := func(option string, got any, want string) error {
		return &stream.OptionError{Package: "dedup", Func: fn, Option: option, Got: got, Want: want}
	}
	for i, c := range o.By {
		if got, want := c.usable(); got != "" {
			return wrong(fmt.Sprintf("By[%d]", i), got, want)
		}
	}
	if name, i := namedAlike(o.By); i >= 0 {
		return wrong(fmt.Sprintf("By[%d]", i), fmt.Sprintf("a second comparator named %q", name), "one with a name of its own")
	}
	switch {
	case o.Tie > TieFail:
		return wrong("Tie", o.Tie, "TieFirst, TieLast or TieFail")
	case o.Keep > KeepMerge:
		return wrong("Keep", o.Keep, "KeepBest, KeepFirst, KeepLast, KeepNone or KeepMerge")
	case o.Order > OrderAny:
		return wrong("Order", o.Order, "OrderFirstSeen, OrderWinner or OrderAny")
	case o.NullKeys > NullsReject:
		return wrong("NullKeys", o.NullKeys, "NullsDistinct, NullsEqual or NullsReject")
	case o.Keep == KeepNone && len(o.By) > 0:
		return wrong("By", fmt.Sprintf("%d comparators", len(o.By)), "empty under KeepNone, which chooses no row")
	case o.Keep == KeepNone && o.Tie != TieFirst:
		return wrong("Tie", o.Tie, "the default under KeepNone, which has no ties")
	case (o.Keep == KeepFirst || o.Keep == KeepLast) && len(o.By) > 0:
		return wrong("By", fmt.Sprintf("%d comparators", len(o.By)), "empty under KeepFirst and KeepLast, which go by position")
	case o.Keep == KeepFirst && o.Tie != TieFirst:
		return wrong("Tie", o.Tie, "the default under KeepFirst")
	case o.Keep == KeepLast && o.Tie == TieFail:
		return wrong("Tie", o.Tie, "the default or TieLast under KeepLast")
	case o.NullKeys != NullsDistinct && o.NullKey == nil:
		return wrong("NullKey", "nil", "set where NullKeys is")
	case o.Rejects != nil && o.NullKeys != NullsReject:
		return wrong("Rejects", "a sink", "nil unless NullKeys is NullsReject")
	}
	if err := o.checkMerge(wrong); err != nil {
		return err
	}
	return o.Resources.Check("dedup", fn)
}
