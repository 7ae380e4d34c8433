package dedup

import (
	"fmt"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

// TwoPass yields what Run yields for the same options, of a source that can be read twice, without holding a row:
// the first pass finds out where the winners stand, the second yields them as it comes to them. open gives the
// source, from its start, each time it is called: a file, a table, a slice.
//
//	best := dedup.TwoPass(func() stream.Seq[Event] { return readEvents(path) }, Event.ID, dedup.Options[Event]{
//		By:    []dedup.Comparator[Event]{dedup.Latest(Event.IngestedAt), dedup.Present(Event.HasUpdater)},
//		Order: dedup.OrderWinner,
//	})
//
// Rows come in the order of the source, which is OrderWinner. OrderFirstSeen, the zero Order, is refused where it is
// another order: set Order, unless there are no comparators and rows survive at first sight or under KeepNone.
//
// It holds, per distinct key, the key, 6 to 13 bytes of index, 8 of position, and what the comparators see of the
// best row so far: 8 bytes for a number, 16 for a time, with a flag beside it as well. Rows are not held, however
// large they are, nor the text that a string key was cut from. Where all this would pass Options.Resources it ends with a
// *stream.LimitError: two passes do not go to disk.
//
// Comparators must say what they see of one row: Latest, Earliest, Max, Min and their Opt forms of numbers and
// times, and Present do. Strings, MaxFunc, MinFunc and ByBytes need both rows at once: they are refused, as are
// Losers and Same; Run has them.
//
// open is called when the first row is asked for, and again after the whole source was read; key, NullKey and the
// comparators' accessors are called for each row in both passes and must give the same. Where the first row of a key
// is bound to survive, one pass is enough: rows come out on sight, and those of keys for which Options.Resources has no
// room go to disk, as from Run. Rejects are delivered in the first pass. A nil stream from open panics.
//
// An error of the first pass comes before any row, one of the second after the rows before it. So does a
// *ChangedError, where the second pass differs from the first in the number of rows, their keys, what the
// comparators see of them, or the order of all these. What neither looks at may differ unnoticed: it
// is the second pass whose rows are yielded.
func TwoPass[T any, K comparable](open func() stream.Seq[T], key func(T) K, o Options[T]) stream.Seq[T] {
	const fn = "TwoPass"
	need(open == nil, fn, "open")
	need(key == nil, fn, "key")
	p, err := newPlan(fn, o)
	if err == nil {
		err = p.fitsTwoPasses()
	}
	hasher, hashErr := newHasher[K](fn)
	if err == nil {
		err = hashErr
	}
	if err == nil && p.eager {
		err = spillBy(p, o.Codec)
	}
	if err != nil {
		return stream.Fail[T](err)
	}
	ranking, _ := newRanking(p.by)
	opened := func() stream.Seq[T] {
		s := open()
		need(s == nil, fn, "stream from open")
		return s
	}
	return func(yield func(T, error) bool) {
		var err error
		if p.eager {
			e := newHashed(p, keysOf[T](byKey[T, K]{key, hasher}))
			defer e.close()
			err = e.run(opened(), yield)
		} else {
			e := newTwice(p, key, hasher, ranking)
			defer e.close()
			err = e.run(opened, yield)
		}
		if err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

// fitsTwoPasses returns an *OptionError for what cannot be done without holding rows.
func (p *plan[T]) fitsTwoPasses() error {
	wrong := func(option string, got any, want string) error {
		return &stream.OptionError{Package: "dedup", Func: p.fn, Option: option, Got: got, Want: want}
	}
	if _, i := newRanking(p.by); i >= 0 {
		return wrong(fmt.Sprintf("By[%d]", i), p.by[i].name+" of rows or strings",
			"a time, a number or Present, of which one row's rank can be kept (Run takes every comparator)")
	}
	switch {
	case p.keep == KeepMerge:
		return wrong("Keep", p.keep, "a mode that keeps rows as they are, for no row is held to be merged into (Run has it)")
	case p.losers != nil:
		return wrong("Losers", "a sink", "nil, for no winner is held to be named beside a loser (Run has them)")
	case p.same != nil:
		return wrong("Same", "a function", "nil, for no row is held to be compared with another (Run has it)")
	case p.order == OrderFirstSeen && !p.eager && p.keep == KeepBest:
		return wrong("Order", p.order, "OrderWinner, for winners come out where they stand (Run has the other order)")
	}
	return nil
}

// twice is one run of the two-pass engine. The book numbers the keys as they are first seen; entries has for each
// number where its best row so far stood, and the words of that row's ranking:
//
//	book            entries, of 1 + ranking.words words
//	{7 click} -> 0  [ 4 | latest 2 words ]
//	{9 view}  -> 1  [ 2 | latest 2 words ]
//	null keys       [ 0 | latest 2 words ]      under NullsEqual, by itself
//
// The first pass fills them; the second yields row n if the entry of its key says n, and compares its words.
//
// Invariants:
//  1. Between two rows of the first pass, entries.n == keys.n * stride.
//  2. A position ^p < 0 says: in the first pass under KeepNone, that the key is repeated; in the second pass also, that
//     the winner was met. At the end of the second pass all are negative.
//  3. tied is as for hashed; it is empty but under TieFail.
//  4. Where memory is bounded, its account.Used() covers the book, the entries and the ties.
type twice[T any, K comparable] struct {
	ledger[T]
	key     func(T) K
	hasher  *hash.Hasher[K]
	ranking ranking[T]
	yield   func(T, error) bool
	stopped bool // the consumer broke

	keys    keyBook[K]
	entries blocks[uint64]
	stride  int      // words of an entry
	null    []uint64 // the entry of the null keys, under NullsEqual; nil: none came
	tied    map[int]int64

	row      T        // the row at hand: a field, so that its address costs no allocation per row
	rowKey   K        // its key
	words    []uint64 // its ranking
	position int64    // its number in the pass
	digest   uint64   // of the keys and ranks of the rows of the pass so far, in order
}

func newTwice[T any, K comparable](p *plan[T], key func(T) K, hasher *hash.Hasher[K], r ranking[T]) *twice[T, K] {
	return &twice[T, K]{
		ledger: ledger[T]{p: p}, key: key, hasher: hasher, ranking: r, keys: newKeyBook(p.fn, p.res, hasher),
		entries: newBlocks[uint64](), stride: 1 + r.words, words: make([]uint64, r.words),
	}
}

// close gives the booked memory back and publishes the counts. It runs on every path.
func (e *twice[T, K]) close() {
	e.keys.close()
	e.publish()
}

// run makes both passes. Its error is still to be yielded.
func (e *twice[T, K]) run(open func() stream.Seq[T], yield func(T, error) bool) error {
	e.yield = yield
	for v, err := range open() {
		if err != nil {
			return err
		}
		e.row, e.position = v, e.stats.In
		e.stats.In++
		if err := e.take(); err != nil {
			return e.keys.where(err, e.position)
		}
		e.checkInvariants()
	}
	if err := e.unsettled(); err != nil {
		return err
	}
	first := e.digest
	e.digest, e.position = 0, 0
	for v, err := range open() {
		if err != nil {
			return err
		}
		if e.position == e.stats.In {
			return e.changed("rows", "another one", fmt.Sprintf("the end after %d", e.stats.In))
		}
		e.row = v
		if err := e.give(); err != nil || e.stopped {
			return err
		}
		e.position++
	}
	if err := e.judge(first); err != nil {
		return err
	}
	e.balance()
	return nil
}

// nullDigest stands for a null key in the digest.
const nullDigest = 0x9e3779b97f4a7c15

// look finds out of e.row what both passes need: whether its key is null, else the key and its hash; and its words.
// They go into the digest.
func (e *twice[T, K]) look() (h uint64, isNull bool, err error) {
	h = nullDigest
	isNull = e.p.nullKey != nil && e.p.nullKey(e.row)
	if !isNull {
		e.rowKey = e.key(e.row)
		if err := e.hasher.Check(&e.rowKey); err != nil {
			return 0, false, &KeyError{Position: e.position, Err: err}
		}
		h = e.hasher.Hash(&e.rowKey, 0)
	}
	e.digest = hash.Uint64(h, e.digest)
	if isNull && e.p.nullKeys != NullsEqual {
		return h, true, nil // nothing is compared
	}
	e.ranking.put(&e.row, e.words)
	for _, w := range e.words {
		e.digest = hash.Uint64(w, e.digest)
	}
	return h, isNull, nil
}

// word returns a word of an entry: 0 the position, then the ranking.
func (e *twice[T, K]) word(i, word int) *uint64 {
	if i == nullGroup {
		return &e.null[word]
	}
	return e.entries.at(i*e.stride + word)
}

func (e *twice[T, K]) winnerAt(i int) int64 { return int64(*e.word(i, 0)) }
