package dedup

import (
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/table"
	"github.com/millrace-go/millrace/stream"
)

// keyBook numbers the keys of a run 0, 1, 2 ... as they are first seen, in as little memory as that can be done: the
// keys in blocks that never move, and beside them an index of half a word a slot.
//
//	index  [ . ][5c 1][61 3][ . ][ . ][c8 0][ . ][f0 2]    bits of the hash, number + 1
//	keys   [ view ][ click ][ buy ][ scroll ]               by number
//
// Hashes are not kept: the index doubles seldom, and then takes them of the keys again. What all this takes is booked
// before it is taken, on the account of the run, where its engine books what it keeps beside the keys as well.
//
// Invariants:
//  1. keys.n <= room, which is what the index was made for; it is nil where room is 0.
//  2. Each number below keys.n is in the index once, under the hash of its key; no two keys are equal.
//  3. Where there is an account, its Used() covers the index, the blocks of keys, and what the keys point to.
type keyBook[K comparable] struct {
	hasher  *hash.Hasher[K]
	index   *table.Rows
	room    int // keys that the index takes
	keys    blocks[K]
	text    hash.Text       // of keys
	account *stream.Account // nil: memory is unbounded, nothing is booked
	owner   string          // of the account, "dedup: TwoPass"
}

// firstRoom is what 16 slots take, at the load up to which an index is filled: each doubling then fills its slots as
// far.
const firstRoom = 10

func newKeyBook[K comparable](fn string, r stream.Resources, hasher *hash.Hasher[K]) keyBook[K] {
	b := keyBook[K]{hasher: hasher, keys: newBlocks[K](), owner: "dedup: " + fn}
	if r.Memory > 0 || r.Budget != nil {
		b.account = r.Account(b.owner)
	}
	return b
}

// find returns the number of *k, whose hash is h, if it has one.
func (b *keyBook[K]) find(k *K, h uint64) (i int, known bool) {
	if b.index == nil {
		return 0, false
	}
	for candidate := b.index.Find(h); candidate >= 0; candidate = b.index.After(h, candidate) {
		if b.hasher.Equal(k, b.keys.at(int(candidate))) {
			return int(candidate), true
		}
	}
	return 0, false
}

// number returns the number of *k, whose hash is h, and whether it was given just now.
func (b *keyBook[K]) number(k *K, h uint64) (i int, added bool, err error) {
	if i, known := b.find(k, h); known {
		return i, false, nil
	}
	if b.keys.n == b.room {
		if err := b.widen(); err != nil {
			return 0, false, err
		}
	}
	if b.account != nil {
		if err := b.grow(b.keys.needs() + b.hasher.Held(k)); err != nil {
			return 0, false, err
		}
	}
	i = b.keys.push(*k)
	b.hasher.Own(b.keys.at(i), &b.text)
	b.index.Insert(h, int32(i))
	return i, true, nil
}

// widen makes an index of twice the room. Both are there until all keys are in the new one.
func (b *keyBook[K]) widen() error {
	room := firstRoom
	switch {
	case b.room == table.MaxRows:
		return &stream.LimitError{Where: b.owner, What: "distinct keys", Limit: table.MaxRows}
	case b.room > table.MaxRows/2:
		room = table.MaxRows
	case b.room > 0:
		room = 2 * b.room
	}
	if err := b.grow(table.RowsBytes(room)); err != nil {
		return err
	}
	wider := table.NewRows(room)
	for i := range b.keys.n {
		wider.Insert(b.hasher.Hash(b.keys.at(i), 0), int32(i))
	}
	if b.account != nil && b.index != nil {
		b.account.Shrink(table.RowsBytes(b.room))
	}
	b.index, b.room = wider, room
	return nil
}

// grow books n bytes.
func (b *keyBook[K]) grow(n int64) error {
	if n == 0 || b.account == nil {
		return nil
	}
	return b.account.Grow(n)
}

// where adds to a *stream.LimitError of this book which row would not fit.
func (b *keyBook[K]) where(err error, position int64) error {
	if limit, ok := errors.AsType[*stream.LimitError](err); ok && limit.Where == b.owner {
		return fmt.Errorf("%w (at element %d, %d distinct keys; this engine does not spill to disk)", err, position, b.keys.n)
	}
	return err
}

// close gives everything back.
func (b *keyBook[K]) close() {
	if b.account != nil {
		b.account.Close()
	}
}
