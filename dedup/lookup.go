package dedup

// lookup is what the lookup of a batch found out, row by row.
//
// It is what held before the first row of the batch was settled. A number stays right. A slot is right as long as it is
// empty and the table has not grown since; otherwise the key, or another one, came with a row before.
type lookup struct {
	words int      // of the index, when it was looked up
	found []int    // key number, or absent or unsure
	at    []uint32 // the slot where what is absent belongs
	seen  []uint64
	agree [batchRows]uint8
}

// What lookup.found says where it is not a number.
const (
	absent = -1
	unsure = -2 // not looked up, or a key with nearly the same hash was met
)

func newLookup(batch int) *lookup {
	return &lookup{found: make([]int, batch), at: make([]uint32, batch), seen: make([]uint64, batch)}
}

// of returns what was found of row i, and where it belongs if it is absent; unsure where that no longer holds.
func (l *lookup) of(i int, index *slots) (number, slot int) {
	number, slot = l.found[i], int(l.at[i])
	if number == absent && (l.words != len(index.words) || index.words[slot] != 0) {
		number = unsure
	}
	return number, slot
}

// fewRows are not worth the passes of a lookup together.
const fewRows = 8

// find looks up a batch of hashes, and returns those rows whose key is to be compared with that of the number seen: until
// it is, found is unsure of them.
func (l *lookup) find(index *slots, hashes []uint64) (agree []uint8) {
	l.words = len(index.words)
	found := l.found[:len(hashes)]
	if len(hashes) < fewRows || index.n == 0 {
		for i := range found {
			found[i] = unsure
		}
		return nil
	}
	agree = index.findEach(hashes, l.at, l.seen, &l.agree)
	for i := range found {
		found[i] = absent
	}
	for _, i := range agree {
		found[i] = unsure
	}
	return agree
}

// lookUp looks up the keys of a batch.
func (e *hashed[T]) lookUp(hashes []uint64) {
	l := e.lookup
	for _, i := range l.find(&e.index, hashes) {
		if number := e.index.number(l.seen[i]); e.keys.same(int(i), number, e.keyRow(number)) {
			l.found[i] = number
		}
	}
}

// keyRow returns the row that says what the key of number i is; nil where keys are held.
func (e *hashed[T]) keyRow(i int) *T {
	if e.p.holdKeys {
		return nil
	}
	return e.rows.at(i)
}

// probe looks up one key, that of row i of the batch: its number, or absent and the slot where it belongs.
func (e *hashed[T]) probe(i int, h uint64) (number, at int) {
	number, at = e.index.seek(h, e.index.home(h))
	for number >= 0 && !e.keys.same(i, number, e.keyRow(number)) {
		number, at = e.index.seek(h, at+1)
	}
	return number, at
}
