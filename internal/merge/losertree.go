package merge

import (
	"math"
	"math/bits"
	"slices"
)

// Cursor reads one sorted input.
type Cursor[T any] interface {
	// Next returns the next elements in order, which are valid until the next call; none at the end. It is not
	// called again after the end or an error.
	Next() (chunk []T, err error)
}

// Order is what elements are sorted by. At least one of Compare and Prefix is set.
type Order[T any] struct {
	// Compare returns less than 0 where a comes before b. It is asked only where prefixes are equal; nil: prefixes
	// decide alone.
	Compare func(a, b T) int
	// Prefix is a number that does not fall from one element of an input to the next; nil: the same for all. A
	// match by prefixes costs no call, no look at the elements and no branch.
	Prefix func(v *T) uint64
	// Guess is shown elements that are in the order of compare, and may return what could be their Prefix, or nil.
	// It is used where there is a Compare and no Prefix, and need not be right: see guess.go.
	Guess func(inOrder []*T, compare func(a, b T) int) func(v *T) uint64
	// Watch is what inputs are held against, in the order of Compare and Prefix; nil: they are known to be sorted.
	Watch func(a, b T) int
	// Descent makes the error of an input in which the element of that position comes before the one before it.
	Descent func(c Cursor[T], index int64, got, after T) error
}

// Tree merges its inputs with a tournament of losers.
//
// Five inputs with the heads 3, 1, 7, 2, 2. The leaves are the inputs, 5 to 9; a node keeps who lost there, node 0 who
// won it all. Inputs 3 and 4 are equal, and 3 is first:
//
//	                 [0: input 1]
//	                      |
//	               [1: input 3 (2)]
//	              /                \
//	     [2: input 4 (2)]      [3: input 2 (7)]
//	      /           \            /       \
//	[4: input 0 (3)]   \          /         \
//	   /      \         \        /           \
//	9:in 4   8:in 3    5:in 0  6:in 1     7:in 2
//
// When the winner's head is handed out, its next one plays again on the way from its leaf to the root, and only
// there: one comparison per level, with the loser that stands at the node. A heap takes two.
//
// Elements are made ready a block at a time, up to where an input must be read. More than fanIn inputs are merged in
// groups, whose blocks are the inputs of the tree above: a tree then goes over few chunks, which stay in the
// first cache, and not over thousands.
//
// Invariants, between blocks:
//  1. Each input is in nodes exactly once, with the prefix of its head; but for the dry one, which is the winner.
//  2. Along the path from the winner's leaf to the root nobody comes before the winner, nodes[0].
//  3. inputs[i].head is the element of input i to be handed out next, nil once the input has ended.
type Tree[T any] struct {
	order   Order[T]
	inputs  []input[T]
	nodes   []player
	block   []*T             // in order
	from    []uint8          // which input the elements of the block are of
	at      int              // elements of the block that have been handed out
	dry     int              // the input whose last element in memory ends the block; -1: none
	ties    func(a, b T) int // decides between equal prefixes; nil: the order of the inputs does
	guessed bool             // order.Prefix is a guess
	guesses int              // that may still be tried
	anew    bool             // all matches shall be played: by another order
	started bool
	err     error // it stays
}

// input is what a tree reads.
type input[T any] struct {
	cursor Cursor[T]
	chunk  []T
	at     int    // of the head
	ahead  uint64 // prefix of the element behind the head, if there are prefixes
	watch  *watch[T]
}

// player is a head in the tournament. Players are ordered by both words, the prefix first: of equal heads the first
// input comes first, and one that has ended comes after all.
type player struct {
	prefix uint64
	input  uint64 // plus ended
}

const (
	ended     = 1 << 32
	fanIn     = 64  // inputs of a tree: their state and a line of each chunk are 8 KiB
	blockSize = 256 // elements
)

// New makes a tree over the inputs; it reads nothing yet.
func New[T any](order Order[T], cursors []Cursor[T]) *Tree[T] {
	if order.Compare == nil && order.Prefix == nil {
		panic("merge: New: neither Compare nor Prefix")
	}
	if order.Prefix != nil || len(cursors) < 2 {
		order.Guess = nil
	}
	for len(cursors) > fanIn {
		groups := make([]Cursor[T], 0, (len(cursors)+fanIn-1)/fanIn)
		for part := range slices.Chunk(cursors, fanIn) {
			groups = append(groups, &group[T]{tree: newTree(order, part)})
		}
		cursors = groups
		order.Watch = nil // groups are sorted
	}
	return newTree(order, cursors)
}

func newTree[T any](order Order[T], cursors []Cursor[T]) *Tree[T] {
	t := &Tree[T]{order: order, ties: order.Compare, guesses: mostGuesses, inputs: make([]input[T], len(cursors)), dry: -1}
	for i, c := range cursors {
		t.inputs[i].cursor = c
		if order.Watch != nil {
			t.inputs[i].watch = &watch[T]{}
		}
	}
	return t
}

// group is some of the inputs, merged, as an input of the tree above.
type group[T any] struct {
	tree  *Tree[T]
	chunk []T
}

// Next returns the elements of the next block.
func (g *group[T]) Next() ([]T, error) {
	block, err := g.tree.Block()
	g.chunk = g.chunk[:0]
	for _, v := range block {
		g.chunk = append(g.chunk, *v)
	}
	return g.chunk, err
}

// Next returns the next element, which is valid until the next call; nil at the end or beside an error.
func (t *Tree[T]) Next() (*T, error) {
	if t.at == len(t.block) {
		if err := t.fill(); err != nil || t.at == len(t.block) {
			return nil, err
		}
	}
	v := t.block[t.at]
	t.at++
	return v, nil
}

// Block returns the elements that can be handed out before an input must be read, at most 256 of them, which are
// valid until the next call; none at the end or beside an error.
func (t *Tree[T]) Block() ([]*T, error) {
	if t.at == len(t.block) {
		if err := t.fill(); err != nil {
			return nil, err
		}
	}
	block := t.block[t.at:]
	t.at = len(t.block)
	return block, nil
}

// fill makes the next block, when the one before has been handed out.
func (t *Tree[T]) fill() error {
	if t.err != nil || len(t.inputs) == 0 {
		return t.err
	}
	err := t.advance()
	if err != nil {
		t.err, t.inputs, t.block, t.at = err, nil, nil, 0
		return err
	}
	t.run()
	for t.guessed && !t.confirmed() {
		t.putBack()
		t.run()
	}
	if t.order.Guess != nil {
		t.guess()
	}
	return nil
}

// advance reads what must be read before the next block: the first chunk of each input, or the next one of the
// input that is dry.
func (t *Tree[T]) advance() error {
	if !t.started {
		t.started = true
		t.nodes = make([]player, len(t.inputs))
		for i := range t.inputs {
			if err := t.read(i); err != nil {
				return err
			}
		}
		t.anew = true
	} else if t.dry >= 0 {
		if err := t.read(t.dry); err != nil {
			return err
		}
		if !t.anew {
			t.replay(t.dry)
		}
		t.dry = -1
	}
	if t.anew {
		t.anew = false
		t.play()
	}
	t.checkInvariants()
	return nil
}

// read makes the first element of the next chunk of input i its head.
func (t *Tree[T]) read(i int) (err error) {
	in := &t.inputs[i]
	if in.watch != nil {
		return t.readWatched(in)
	}
	in.at = 0
	in.chunk, err = in.cursor.Next()
	return err
}

// head is the element the input is at; nil where its chunk is over.
func (in *input[T]) head() *T {
	if in.at < len(in.chunk) {
		return &in.chunk[in.at]
	}
	return nil
}

// run makes a block of what is in memory.
func (t *Tree[T]) run() {
	if t.block == nil {
		t.block, t.from = make([]*T, blockSize), make([]uint8, blockSize)
	}
	t.at = 0
	if t.order.Prefix != nil {
		t.runByPrefix()
	} else {
		t.runByCompare()
	}
}

func (t *Tree[T]) runByCompare() {
	block, from := t.block[:blockSize], t.from[:blockSize]
	n := 0
	for n < len(block) && t.nodes[0].input < ended {
		w := int(t.nodes[0].input)
		in := &t.inputs[w]
		block[n], from[n] = &in.chunk[in.at], uint8(w)
		n++
		in.at++
		if in.at == len(in.chunk) {
			t.dry = w
			break
		}
		t.replay(w)
	}
	t.block, t.from = block[:n], from[:n]
}

// runByPrefix has two things taken off the way from one winner to the next, where each waits for the one before: the
// prefix of the element behind a head is made when that becomes the head, and what the smaller prefix is does not
// wait for whose it is.
func (t *Tree[T]) runByPrefix() {
	block, from := t.block[:blockSize], t.from[:blockSize]
	nodes, inputs, prefix, ties := t.nodes, t.inputs, t.order.Prefix, t.ties != nil
	winner := nodes[0]
	n := 0
	for n < len(block) && winner.input < ended {
		w := winner.input
		in := &inputs[w]
		chunk, at := in.chunk, in.at+1
		block[n], from[n] = &chunk[at-1], uint8(w)
		n++
		in.at = at
		if at == len(chunk) {
			t.dry = int(w)
			break
		}
		winner.prefix = in.ahead
		node := uint(uint64(len(nodes))+w) / 2
		for winner, node = climb(nodes, node, winner, ties); node > 0; winner, node = climb(nodes, node/2, winner, ties) {
			if t.before(nodes[node], winner) {
				nodes[node], winner = winner, nodes[node]
			}
		}
		if at++; at < len(chunk) {
			in.ahead = prefix(&chunk[at])
		}
	}
	nodes[0] = winner
	t.block, t.from = block[:n], from[:n]
}

// climb lets w play its way from that node up: to the root, where it returns 0, or with ties to a match between equal
// prefixes, which is not for it to decide.
func climb(nodes []player, node uint, w player, ties bool) (player, uint) {
	for ; node > 0; node /= 2 {
		l := nodes[node]
		if ties && l.prefix == w.prefix {
			break
		}
		change := (l.input ^ w.input) & -borrow(l, w)
		nodes[node] = player{max(l.prefix, w.prefix), l.input ^ change}
		w = player{min(l.prefix, w.prefix), w.input ^ change}
	}
	return w, node
}

// play plays every match once, from the leaves up.
func (t *Tree[T]) play() {
	k := len(t.inputs)
	winners := make([]player, 2*k) // by node
	for i := range k {
		winners[k+i] = t.player(i)
	}
	for n := k - 1; n > 0; n-- {
		w, l := winners[2*n], winners[2*n+1]
		if t.before(l, w) {
			w, l = l, w
		}
		winners[n], t.nodes[n] = w, l
	}
	t.nodes[0] = winners[1] // of one input, which has no node of its own, this is the leaf
}

// player enters the head of input i.
func (t *Tree[T]) player(i int) player {
	head := t.inputs[i].head()
	if head == nil {
		return player{math.MaxUint64, ended + uint64(i)}
	}
	p := player{input: uint64(i)}
	if t.order.Prefix != nil {
		p.prefix = t.order.Prefix(head)
		if in := &t.inputs[i]; in.at+1 < len(in.chunk) {
			in.ahead = t.order.Prefix(&in.chunk[in.at+1])
		}
	}
	return p
}

// replay lets input i, whose head is new, play its way to the root. Who wins cannot be foretold, so that a branch
// would be taken wrongly half of the time; players change places by arithmetic instead. Plainly:
//
//	if l := nodes[n]; t.before(l, w) {
//		nodes[n], w = w, l
//	}
//
// BenchmarkMerge/inputs=8/by=compare: a quarter off the time per element.
func (t *Tree[T]) replay(i int) {
	nodes, w := t.nodes, t.player(i)
	compare := t.ties
	for n := (len(nodes) + i) / 2; n > 0; n /= 2 {
		l := nodes[n]
		first := borrow(l, w)
		if compare != nil && l.prefix == w.prefix && (l.input|w.input) < ended {
			c := compare(*t.inputs[l.input].head(), *t.inputs[w.input].head())
			first = uint64(c)>>63 | first&^(uint64(-c)>>63)
		}
		change := -first // all ones or none
		prefix, input := (l.prefix^w.prefix)&change, (l.input^w.input)&change
		nodes[n] = player{l.prefix ^ prefix, l.input ^ input}
		w.prefix ^= prefix
		w.input ^= input
	}
	nodes[0] = w
}

// before reports whether a comes before b.
func (t *Tree[T]) before(a, b player) bool {
	if a.prefix == b.prefix && t.ties != nil && a.input < ended && b.input < ended {
		if c := t.ties(*t.inputs[a.input].head(), *t.inputs[b.input].head()); c != 0 {
			return c < 0
		}
	}
	return borrow(a, b) != 0
}

// borrow is 1 if a comes before b by its words, otherwise 0: what is left to borrow when b is subtracted from a.
func borrow(a, b player) uint64 {
	_, under := bits.Sub64(a.input, b.input, 0)
	_, under = bits.Sub64(a.prefix, b.prefix, under)
	return under
}
