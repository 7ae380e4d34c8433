package dedup

import "github.com/millrace-go/millrace/internal/hash"

// keysOf makes what an engine needs to know of the keys of its rows. An engine is compiled for each type of rows; that it is
// not for each type of keys as well, it knows them only through what is made here, by the numbers of rows.
type keysOf[T any] interface {
	batched(n int, held bool) batchKeys[T]
	shared(shift uint, chunks int, held bool) teamKeys[T]
}

// batchKeys are the keys of one level of a run of the hash engine: those of a batch of rows, by their numbers in it, and
// those that are held, by key number. Where keys are not held, the row that is held says what its key is.
type batchKeys[T any] interface {
	stage(i int, row *T) error               // takes the key of row i of the batch; an error says what is wrong with it
	stageNull(i int)                         // row i has none
	hash(hashes []uint64)                    // of the first rows of the batch
	same(i, number int, row *T) bool         // says that the key of row i is that of a number
	hold(i int)                              // gives the key of row i the next number
	needs(i int) int64                       // bytes that hold will take, and what the key reaches
	hashOf(number int, row *T) (hash uint64) // as hash has it
	keyAt(number int, row *T) any            // for errors
	held() int                               // keys
	bytes() int64                            // that they have allocated, but for what they reach
	forget()                                 // lets go of all
}

// byKey is keysOf rows by a key function.
type byKey[T any, K comparable] struct {
	key    func(T) K
	hasher *hash.Hasher[K]
}

func (m byKey[T, K]) batched(n int, held bool) batchKeys[T] {
	return &keyBatch[T, K]{byKey: m, exact: m.hasher.Exact(), holds: held, staged: make([]K, n), keys: newBlocks[K]()}
}

// keyBatch is batchKeys.
type keyBatch[T any, K comparable] struct {
	byKey[T, K]
	exact  bool // == is the equality of keys
	holds  bool // keys are held
	staged []K
	keys   blocks[K]
	text   hash.Text // of keys
}

func (b *keyBatch[T, K]) stage(i int, row *T) error {
	b.staged[i] = b.key(*row)
	if b.hasher.Dynamic() {
		return b.hasher.Check(&b.staged[i])
	}
	return nil
}

func (b *keyBatch[T, K]) stageNull(i int) {
	var none K
	b.staged[i] = none
}

func (b *keyBatch[T, K]) hash(hashes []uint64) {
	b.hasher.HashEach(b.staged[:len(hashes)], hashes)
	scatterEach(hashes)
}

func (b *keyBatch[T, K]) of(number int, row *T) K {
	if b.holds {
		return *b.keys.at(number)
	}
	return b.key(*row)
}

func (b *keyBatch[T, K]) same(i, number int, row *T) bool {
	held := b.of(number, row)
	if b.exact {
		return b.staged[i] == held
	}
	return b.hasher.Equal(&b.staged[i], &held)
}

func (b *keyBatch[T, K]) hold(i int) {
	k := b.keys.next()
	*k = b.staged[i]
	b.hasher.Own(k, &b.text)
}

func (b *keyBatch[T, K]) needs(i int) int64 { return b.keys.needs() + b.hasher.Held(&b.staged[i]) }

func (b *keyBatch[T, K]) hashOf(number int, row *T) uint64 {
	k := b.of(number, row)
	return scatter(b.hasher.Hash(&k, 0))
}

func (b *keyBatch[T, K]) keyAt(number int, row *T) any { return b.of(number, row) }

func (b *keyBatch[T, K]) held() int { return b.keys.n }

func (b *keyBatch[T, K]) bytes() int64 { return int64(b.keys.end) * b.keys.size }

func (b *keyBatch[T, K]) forget() { b.staged, b.keys, b.text = nil, newBlocks[K](), hash.Text{} }
