package dedup

// teamKeys are the keys of the rows of a team: those of the rows of a chunk, by their numbers in it, and those that are held,
// by place. Where keys are not held, the row that stands at a place says what its key is.
//
// What is staged is written by the reader before the chunk is handed over, and is not changed after it.
type teamKeys[T any] interface {
	extend()                                      // makes a block more
	begin(c *chunk)                               // makes room for the keys of a chunk
	look(c *chunk)                                // lets a chunk see all keys that are held
	stage(c *chunk, i int, row *T) error          // takes the key of a row; an error says what is wrong with it
	stageNull(c *chunk, i int)                    // the row has none
	hash(c *chunk)                                // hashes those of a chunk, which are all there
	same(c *chunk, i, place int, held *T) bool    // says that a row has the key of the one at a place
	keyAt(c *chunk, place int, held *T) (key any) // for errors
	move(m *moves)                                // moves keys as rows move
	roomForKeys() (places int)                    // that have been made room for
}

func (m byKey[T, K]) shared(shift uint, chunks int, held bool) teamKeys[T] {
	return &keyChunks[T, K]{
		byKey: m, exact: m.hasher.Exact(), holds: held, placed: wholeBlocks[K](shift), views: make([]keyView[K], chunks),
	}
}

// keyChunks is teamKeys.
type keyChunks[T any, K comparable] struct {
	byKey[T, K]
	exact  bool         // == is the equality of keys
	holds  bool         // keys are held, because rows are let go of that are compared with later
	placed blocks[K]    // by place, where they are held
	views  []keyView[K] // by number of the chunk
}

// keyView is the keys with which the rows of a chunk are settled: the list as of when it was handed over, and its own.
type keyView[K comparable] struct {
	keys blocks[K]
	own  []K
}

func (t *keyChunks[T, K]) extend() {
	if t.holds {
		t.placed.extend()
	}
}

func (t *keyChunks[T, K]) begin(c *chunk) {
	t.look(c)
	v := &t.views[c.number]
	switch {
	case t.holds:
		v.own = t.placed.room()
	case v.own == nil:
		v.own = make([]K, len(c.hashes))
	}
}

func (t *keyChunks[T, K]) look(c *chunk) { t.views[c.number].keys = t.placed }

func (t *keyChunks[T, K]) stage(c *chunk, i int, row *T) error {
	k := &t.views[c.number].own[i]
	*k = t.key(*row)
	if t.hasher.Dynamic() {
		return t.hasher.Check(k)
	}
	return nil
}

func (t *keyChunks[T, K]) stageNull(c *chunk, i int) {
	var none K
	t.views[c.number].own[i] = none
}

func (t *keyChunks[T, K]) hash(c *chunk) {
	if t.holds {
		t.placed.n += c.n
	}
	hashes := c.hashes[:c.n]
	t.hasher.HashEach(t.views[c.number].own[:c.n], hashes)
	scatterEach(hashes)
}

func (t *keyChunks[T, K]) of(c *chunk, place int, held *T) K {
	if t.holds {
		return *t.views[c.number].keys.at(place)
	}
	return t.key(*held)
}

func (t *keyChunks[T, K]) same(c *chunk, i, place int, held *T) bool {
	k, other := &t.views[c.number].own[i], t.of(c, place, held)
	if t.exact {
		return *k == other
	}
	return t.hasher.Equal(k, &other)
}

func (t *keyChunks[T, K]) keyAt(c *chunk, place int, held *T) any { return t.of(c, place, held) }

func (t *keyChunks[T, K]) move(m *moves) {
	if t.holds {
		move(&t.placed, m)
	}
}

func (t *keyChunks[T, K]) roomForKeys() int { return t.placed.end }
