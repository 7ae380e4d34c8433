package session

import (
	"reflect"

	"github.com/millrace-go/millrace/stream"
)

// blocks is a list that grows without moving what it has: one block of a few elements that doubles, then
// full blocks of blockLen. It books a block before it allocates it.
type blocks[E any] struct {
	list [][]E // all but the last are full
	n    int   // elements
}

const (
	blockBits = 12
	blockLen  = 1 << blockBits // 4096 stamps are 64 KiB
	blockMin  = 16
)

// push appends v.
func (b *blocks[E]) push(acct *stream.Account, v E) error {
	if len(b.list) == 0 || len(b.list[len(b.list)-1]) == blockLen {
		least := blockMin
		if len(b.list) > 0 {
			least = blockLen
		}
		b.list = append(b.list, nil)
		return b.pushTail(acct, v, least)
	}
	return b.pushTail(acct, v, blockMin)
}

func (b *blocks[E]) pushTail(acct *stream.Account, v E, least int) error {
	tail := &b.list[len(b.list)-1]
	t, err := grow(acct, *tail, least)
	if err != nil {
		return err
	}
	*tail = append(t, v)
	b.n++
	return nil
}

// at gives element i.
func (b *blocks[E]) at(i uint32) *E { return &b.list[i>>blockBits][i&(blockLen-1)] }

// bytes is what push has booked.
func (b *blocks[E]) bytes() int64 {
	n := 0
	for _, block := range b.list {
		n += cap(block)
	}
	return int64(n) * sizeOf[E]()
}

// grow returns s with place for one more element: doubled, from least, and booked before it is allocated.
func grow[E any](acct *stream.Account, s []E, least int) ([]E, error) {
	if len(s) < cap(s) {
		return s, nil
	}
	return resize(acct, s, max(2*cap(s), least))
}

// resize moves s to a slice of capacity n. While it runs, both are booked, as both are live.
func resize[E any](acct *stream.Account, s []E, n int) ([]E, error) {
	size := sizeOf[E]()
	if err := acct.Grow(int64(n) * size); err != nil {
		return s, err
	}
	old := cap(s)
	s = append(make([]E, 0, n), s...)
	acct.Shrink(int64(old) * size)
	return s, nil
}

// sizeOf is the static size of an E in bytes.
func sizeOf[E any]() int64 { return int64(reflect.TypeFor[E]().Size()) }
