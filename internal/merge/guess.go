package merge

// A comparison that cannot be foretold costs a call and, half of the time, a branch that was taken wrongly: some 9 ns,
// log2 k times per element. So a tree that has only a Compare looks for a number that elements could be sorted by,
// and lets it decide who comes next. Compare is then asked once per element whether that was right, which it nearly
// always affirms, and so can be foretold.
//
// What comes out is right whatever the guess: a block is handed out only if each of its elements comes after the
// one before it, and all heads come after the last one. As inputs are sorted, and Compare is transitive, there is only
// one such block; if it is not, there are several orders and none is right, but no element is lost. A block that is not so is
// put back, and made once more without the guess.

// leastToGuess is how many elements are evidence enough. Blocks are then long also beside the number of inputs, at most
// fanIn, each of whose heads is asked to confirm one.
const leastToGuess = 64

// mostGuesses is how many blocks are shown to Order.Guess: in a block of equal elements there is nothing to see.
const mostGuesses = 8

// guess looks for a number in the block. Elements with equal numbers are at first taken to be equal.
func (t *Tree[T]) guess() {
	if len(t.block) < leastToGuess || t.guesses == 0 {
		return
	}
	t.guesses--
	if prefix := t.order.Guess(t.block, t.order.Compare); prefix != nil {
		t.order.Prefix, t.ties, t.guessed, t.anew, t.guesses = prefix, nil, true, true, 0
	}
}

// confirmed asks Compare whether the block comes next.
func (t *Tree[T]) confirmed() bool {
	if len(t.block) == 0 {
		return true
	}
	compare, block, from := t.order.Compare, t.block, t.from
	for i := 1; i < len(block); i++ {
		if c := compare(*block[i-1], *block[i]); c >= 0 && (c > 0 || from[i-1] > from[i]) {
			return false
		}
	}
	last, lastFrom := block[len(block)-1], from[len(block)-1]
	for i := range t.inputs {
		head := t.inputs[i].head()
		if head == nil { // it has ended, or is dry
			continue
		}
		if c := compare(*last, *head); c >= 0 && (c > 0 || int(lastFrom) > i) {
			return false
		}
	}
	return true
}

// putBack undoes the block. From now on elements with equal numbers are compared or, where they were already, the guess is
// given up and all are.
func (t *Tree[T]) putBack() {
	for _, i := range t.from {
		t.inputs[i].at--
	}
	t.dry = -1
	if t.ties == nil {
		t.ties = t.order.Compare
	} else {
		t.order.Prefix, t.guessed = nil, false
	}
	t.play()
}
