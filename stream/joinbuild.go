package stream

import (
	"github.com/millrace-go/millrace/internal/table"
)

// joinRow is a row and its position among the rows of its side.
type joinRow[T any] struct {
	at  int64
	row T
}

// build is the right side of a join in memory, or a block of it: a chain of rows per key, in input order.
//
//	table   key -> chain        chains  [first 0, last 3][first 1, last 1]
//	rows    [a][b][.][a]        next    [3][-1][-1][-1]
//
// A row with a null key is in no chain; it is there to be yielded alone.
type build[R any, K comparable] struct {
	table  *table.Table[K]
	chains []chain
	rows   []joinRow[R]
	next   []int
	seen   []bool // rows that matched; only where lone right rows are yielded

	bounded bool
	room    int64 // bytes it may take, 0: what the account gives
	floor   int64 // bytes it may take beside what the account gives
	account *Account
	held    int64 // bytes that rows hold outside themselves
	booked  int64
	rowSize int64 // of a row with all that belongs to it, static
}

// chain is the rows of one key.
type chain struct{ first, last int }

// newBuild makes a build for keys whose hashes share their first skip bits, which a partition's do: a table that began
// with those would put all keys into one run of slots.
func newBuild[R any, K comparable](keys keys[K], skip int, lone bool, room int64, bounded bool, account *Account) *build[R, K] {
	b := &build[R, K]{table: table.NewPartition(keys.hasher, min(skip, table.MaxSkip)), bounded: bounded, room: room, account: account}
	b.rowSize = sizeOf[joinRow[R]]() + 8
	if lone {
		b.seen = []bool{}
		b.rowSize++
	}
	return b
}

// bytes is what is live.
func (b *build[R, K]) bytes() int64 {
	return b.table.Bytes() + int64(cap(b.chains))*16 + int64(cap(b.rows))*b.rowSize + b.held
}

// add takes a row; held is what it holds outside itself, and its key too. It reports false, and takes nothing, where
// there is no room.
func (b *build[R, K]) add(r *joinRow[R], key *K, null bool, hash uint64, held int64) bool {
	more := held
	if len(b.rows) == cap(b.rows) {
		more += int64(b.moreRows()) * b.rowSize
	}
	grows := !null && b.table.Room() == 0
	if grows {
		if _, found := b.table.Find(key); found {
			grows = false
		} else {
			keys, bytes := b.table.Growth()
			more += bytes + int64(keys)*16
		}
	}
	if b.bounded && !b.book(b.bytes()+more) {
		return false
	}
	b.held += held
	if len(b.rows) == cap(b.rows) {
		n := len(b.rows) + b.moreRows()
		b.rows = append(make([]joinRow[R], 0, n), b.rows...)
		b.next = append(make([]int, 0, n), b.next...)
		if b.seen != nil {
			b.seen = append(make([]bool, 0, n), b.seen...)
		}
	}
	i := len(b.rows)
	b.rows = append(b.rows, *r)
	b.next = append(b.next, -1)
	if b.seen != nil {
		b.seen = append(b.seen, false)
	}
	if null {
		return true
	}
	if grows {
		keys, _ := b.table.Growth()
		b.chains = append(make([]chain, 0, len(b.chains)+keys), b.chains...)
	}
	index, added := b.table.UpsertHashed(key, hash)
	if added {
		b.chains = append(b.chains, chain{i, i})
		return true
	}
	c := &b.chains[index]
	b.next[c.last] = i
	c.last = i
	return true
}

func (b *build[R, K]) moreRows() int { return max(1, len(b.rows)) }

// book brings the account up to live bytes, ahead by a step where there is one. The first row may take more than the
// room, if the account has it. Where others have the budget, floor bytes, or one row, may be taken beside it.
func (b *build[R, K]) book(live int64) bool {
	if live <= b.booked {
		return true
	}
	if b.room > 0 && live > b.room && len(b.rows) > 0 {
		return false
	}
	for _, step := range [...]int64{bookStep, 0} {
		n := live - b.booked + step
		if (step == 0 || b.room == 0 || b.booked+n <= b.room) && b.account.Grow(n) == nil {
			b.booked += n
			return true
		}
	}
	return live <= b.floor || b.floor > 0 && len(b.rows) == 0 && live <= b.room
}

// drop lets go of all rows.
func (b *build[R, K]) drop() {
	b.account.Shrink(b.booked)
	*b = build[R, K]{}
}

// find returns the first row of a key, -1 if there is none.
func (b *build[R, K]) find(key *K) int {
	if index, ok := b.table.Find(key); ok {
		return b.chains[index].first
	}
	return -1
}
