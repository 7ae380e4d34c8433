package stream

import "github.com/millrace-go/millrace/internal/table"

// asOfKeys are the keys of an as-of join with what is held for each; list[i] belongs to the key of index i. A table
// cannot forget a key, so that where many are empty it is made anew.
type asOfKeys[R any, K comparable] struct {
	keys    keys[K]
	table   *table.Table[K]
	list    []asOfKey[R]
	checkAt int // keys at which to look for empty ones
}

// asOfKey is what is held for a key; it is empty where it has neither.
type asOfKey[R any] struct {
	before      asOfRow[R]
	has         bool  // there is a row before
	first, last int64 // positions of the key's rows ahead; first is -1 where there is none
}

// minAsOfKeys is the number of keys below which none are forgotten: they take some kilobytes.
const minAsOfKeys = 64

func newAsOfKeys[R any, K comparable](keys keys[K]) asOfKeys[R, K] {
	return asOfKeys[R, K]{keys: keys, table: table.New(keys.hasher), checkAt: minAsOfKeys}
}

// find returns the state of a key, nil if there is none. It is valid until the next upsert.
func (k *asOfKeys[R, K]) find(key *K) *asOfKey[R] {
	if i, ok := k.table.Find(key); ok {
		return &k.list[i]
	}
	return nil
}

func (k *asOfKeys[R, K]) upsert(key *K) (index int) {
	index, added := k.table.Upsert(*key)
	if added {
		k.list = append(k.list, asOfKey[R]{first: -1})
	}
	return index
}

// compact forgets empty keys if they are half of all, and tells the new index of each of the others.
func (k *asOfKeys[R, K]) compact(moved func(to []int)) {
	live := 0
	for i := range k.list {
		if s := &k.list[i]; s.has || s.first >= 0 {
			live++
		}
	}
	k.checkAt = max(minAsOfKeys, 2*len(k.list))
	if 2*live > len(k.list) {
		return
	}
	to := make([]int, len(k.list))
	old := *k
	k.table = table.New(k.keys.hasher)
	k.list = make([]asOfKey[R], 0, live)
	for i := range old.list {
		if s := &old.list[i]; s.has || s.first >= 0 {
			to[i] = len(k.list)
			k.table.Upsert(*old.table.Key(i))
			k.list = append(k.list, *s)
		}
	}
	k.checkAt = max(minAsOfKeys, 2*live)
	moved(to)
}

func (k *asOfKeys[R, K]) bytes() int64 {
	return k.table.Bytes() + int64(cap(k.list))*sizeOf[asOfKey[R]]()
}
