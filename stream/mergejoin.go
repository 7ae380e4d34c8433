package stream

import "cmp"

// MergeJoinOptions set the kind of a merge join and bound it. The zero value: the inner join, nothing read ahead.
type MergeJoinOptions struct {
	Kind JoinKind // which rows are yielded; Inner

	// ReadAhead is how many rows of the right side are read per switch to it; 0: 1. A switch costs some 150 ns, so 256
	// makes a right row cost about 7 ns, at the price of up to ReadAhead-1 rows read and not yet needed.
	ReadAhead int

	// Resources.Memory and Budget bound the live bytes of the right rows of one key. The strings, slices and maps of a
	// row count unless its type has unexported fields, interfaces, funcs or channels in it; then only its static size
	// does. A group that does not fit ends the join with a *LimitError: there Join helps, which goes to disk. TempDir
	// and Workers are accepted and have no effect.
	Resources Resources
}

// MergeJoin is MergeJoinFunc for keys in their natural order, ascending, as by cmp.Compare: NaN comes first and equals
// NaN.
func MergeJoin[L, R any, K cmp.Ordered](left Seq[L], right Seq[R], leftKey func(L) K, rightKey func(R) K, opts MergeJoinOptions) Seq[Joined[L, R]] {
	return mergeJoin("MergeJoin", left, right, leftKey, rightKey, cmp.Compare[K], opts)
}

// MergeJoinFunc yields what Join yields, from inputs that are both sorted by key, holding only the right rows of one
// key. compare returns less than 0 where a comes before b, and 0 where they are one key. A key that is an Opt which is
// not present, or has one in it, is null: it has its place in the order, and matches nothing.
//
// Order: by key; of one key by the position of the left row, then of the right one. Rows without a partner stand where
// their key does; of one key that is null, left rows come first.
// Memory: one left row, and the right rows of one key; see MergeJoinOptions.
// Laziness: both sides are read side by side as far as the next row needs, the right one up to the row after a group.
// Termination: when both sides have ended, or sooner where what is left of one cannot be yielded: Inner, Left, Semi and
// Anti do not read the right side beyond what the left one needs, and its errors there do not come out.
// Errors: a row that comes too late, on either side, ends it with an *OrderError: Input 0 is left, 1 is right. Errors
// of the inputs are forwarded when they are met. A group of right rows that does not fit is a *LimitError.
// Concurrency: the right side runs on a coroutine of the consumer's goroutine.
func MergeJoinFunc[L, R, K any](left Seq[L], right Seq[R], leftKey func(L) K, rightKey func(R) K, compare func(a, b K) int, opts MergeJoinOptions) Seq[Joined[L, R]] {
	needFunc(compare == nil, "MergeJoinFunc", "compare")
	return mergeJoin("MergeJoinFunc", left, right, leftKey, rightKey, compare, opts)
}

func mergeJoin[L, R, K any](fn string, left Seq[L], right Seq[R], leftKey func(L) K, rightKey func(R) K, compare func(a, b K) int, opts MergeJoinOptions) Seq[Joined[L, R]] {
	needSeq(left, fn)
	needSeq(right, fn)
	needFunc(leftKey == nil, fn, "leftKey")
	needFunc(rightKey == nil, fn, "rightKey")
	return func(yield func(Joined[L, R], error) bool) {
		m := &mergeJoiner[L, R, K]{fn: fn, opts: opts, leftKey: leftKey, compare: compare, null: nullKey[K](), yield: yield}
		err := opts.Kind.check(fn)
		if err == nil {
			err = opts.Resources.Check("stream", fn)
		}
		if err == nil && opts.ReadAhead < 0 {
			err = &OptionError{Package: "stream", Func: fn, Option: "ReadAhead", Got: opts.ReadAhead, Want: "0 or positive"}
		}
		if err != nil {
			yield(Joined[L, R]{}, err)
			return
		}
		m.right = rightGroups[R, K]{
			fn: fn, key: rightKey, compare: compare, in: Pull(right, PullOptions{Chunk: opts.ReadAhead}),
			account: opts.Resources.Account("stream: " + fn), rowSize: sizeOf[R](),
		}
		if opts.Resources.bounded() {
			m.right.size = heldBy[R]()
		}
		defer m.right.close()
		if err := m.run(left); err != nil && !m.stopped {
			yield(Joined[L, R]{}, err)
		}
	}
}

// mergeJoiner is one run.
type mergeJoiner[L, R, K any] struct {
	fn      string
	opts    MergeJoinOptions
	leftKey func(L) K
	compare func(a, b K) int
	null    func(*K) bool // nil: no key is null
	right   rightGroups[R, K]
	yield   func(Joined[L, R], error) bool
	stopped bool
}

func (m *mergeJoiner[L, R, K]) run(left Seq[L]) error {
	kind := m.opts.Kind
	var last, key K // outside of the loop: the key is passed by address, and would be allocated for each row
	index := int64(0)
	matched := false // the right group has been
	for l, err := range left {
		if err != nil {
			return err
		}
		key = m.leftKey(l)
		if index > 0 && m.compare(last, key) > 0 {
			return &OrderError{Func: m.fn, Input: 0, Index: index, Got: key, After: last}
		}
		last = key
		index++
		isNull := m.null != nil && m.null(&key)
		// The right group of this key, or of a later one; those before are done.
		for !m.right.ended && (!m.right.loaded || m.order(&key, isNull) > 0) {
			if !m.lone(matched) {
				return nil
			}
			matched = false
			if err := m.right.next(m.null); err != nil {
				return err
			}
		}
		hit := !isNull && !m.right.ended && !m.right.null && m.compare(m.right.groupKey, key) == 0
		out := Joined[L, R]{Left: l, HasLeft: true}
		switch {
		case hit && kind.pairs():
			matched = true
			out.HasRight = true
			for i := range m.right.group {
				out.Right = m.right.group[i]
				if !m.emit(out) {
					return nil
				}
			}
		case hit && kind == Semi, !hit && kind.loneLeft():
			if !m.emit(out) {
				return nil
			}
		}
	}
	if !kind.loneRight() {
		return nil
	}
	for {
		if !m.lone(matched) || m.right.ended {
			return nil
		}
		matched = false
		if err := m.right.next(m.null); err != nil {
			return err
		}
	}
}

// order is how the left key stands to that of the group. A null key of the left side stands before a group of the same
// place, and any other behind a null one.
func (m *mergeJoiner[L, R, K]) order(key *K, isNull bool) int {
	c := m.compare(*key, m.right.groupKey)
	if c == 0 && m.right.null && !isNull {
		return 1
	}
	return c
}

// lone yields the right group that is left behind, unless it matched, and reports whether to go on.
func (m *mergeJoiner[L, R, K]) lone(matched bool) bool {
	if matched || !m.right.loaded || m.right.ended || !m.opts.Kind.loneRight() {
		return true
	}
	for i := range m.right.group {
		if !m.emit(Joined[L, R]{Right: m.right.group[i], HasRight: true}) {
			return false
		}
	}
	return true
}

func (m *mergeJoiner[L, R, K]) emit(out Joined[L, R]) bool {
	m.stopped = !m.yield(out, nil)
	return !m.stopped
}

// rightGroups reads the right side group by group.
type rightGroups[R, K any] struct {
	fn      string
	key     func(R) K
	compare func(a, b K) int
	in      *Cursor[R]
	account *Account
	rowSize int64          // bytes, static
	size    func(*R) int64 // of what a row holds outside itself; nil: not counted

	group    []R
	held     int64 // bytes that the rows of the group hold outside themselves
	groupKey K
	null     bool // the group's key is
	loaded   bool // there is a group, or was one
	ended    bool // there is none any more

	ahead    R // the row after the group
	aheadKey K
	hasAhead bool
	index    int64 // rows read
}

// next reads the next group.
func (g *rightGroups[R, K]) next(null func(*K) bool) error {
	if !g.loaded {
		g.loaded = true
		if err := g.read(); err != nil {
			return err
		}
	}
	clear(g.group)
	g.group = g.group[:0]
	g.account.Shrink(g.held)
	g.held = 0
	if !g.hasAhead {
		g.ended = true
		return nil
	}
	g.groupKey = g.aheadKey
	g.null = null != nil && null(&g.groupKey)
	for g.hasAhead && g.compare(g.groupKey, g.aheadKey) == 0 {
		if err := g.keep(&g.ahead); err != nil {
			return err
		}
		if err := g.read(); err != nil {
			return err
		}
		if g.null { // nulls are not one key
			break
		}
	}
	return nil
}

// keep adds a row to the group.
func (g *rightGroups[R, K]) keep(v *R) error {
	if g.size != nil {
		held := g.size(v)
		if err := g.account.Grow(held); err != nil {
			return err
		}
		g.held += held
	}
	if len(g.group) == cap(g.group) {
		n := max(1, 2*len(g.group))
		if err := g.account.Grow(int64(n-cap(g.group)) * g.rowSize); err != nil {
			return err
		}
		g.group = append(make([]R, 0, n), g.group...)
	}
	g.group = append(g.group, *v)
	return nil
}

// read reads the row after the group.
func (g *rightGroups[R, K]) read() error {
	v, ok := g.in.Next()
	if !ok {
		g.hasAhead = false
		var none R
		g.ahead = none
		return g.in.Err()
	}
	key := g.key(v)
	if g.index > 0 && g.compare(g.aheadKey, key) > 0 {
		return &OrderError{Func: g.fn, Input: 1, Index: g.index, Got: key, After: g.aheadKey}
	}
	g.ahead, g.aheadKey, g.hasAhead = v, key, true
	g.index++
	return nil
}

func (g *rightGroups[R, K]) close() {
	defer g.account.Close()
	g.in.Close()
}
