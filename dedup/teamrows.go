package dedup

// What the owners of a team ask of its rows and keys; see the interface of that name.

func (t *team[T]) extendRows() {
	t.placed.extend()
	t.keys.extend()
}

func (t *team[T]) beginRows(c *chunk) {
	v := &t.views[c.number]
	v.rows = t.placed
	v.own = t.placed.room()
	if c.apart {
		if v.buffer == nil {
			v.buffer = make([]T, len(c.hashes))
		}
		v.own = v.buffer[:c.room]
	}
	t.keys.begin(c)
}

func (t *team[T]) moveRows(m *moves) {
	move(&t.placed, m)
	t.keys.move(m)
}

func (t *team[T]) put(c *chunk, row, place int) {
	v := &t.views[c.number]
	*v.rows.at(place) = v.own[row]
}

func (t *team[T]) clear(c *chunk, place int) {
	var zero T
	*t.views[c.number].rows.at(place) = zero
}

// keyRow returns the row that says what the key of a place is; nil where keys are held.
func (t *team[T]) keyRow(c *chunk, place int) *T {
	if t.p.holdKeys {
		return nil
	}
	return t.views[c.number].rows.at(place)
}

func (t *team[T]) keyAt(c *chunk, place int) any { return t.keys.keyAt(c, place, t.keyRow(c, place)) }

func (t *team[T]) sameKey(c *chunk, row, place int) bool {
	return t.keys.same(c, row, place, t.keyRow(c, place))
}

func (t *team[T]) meet(e *owner, c *chunk, row, held int, heldAt int64) (verdict, error) {
	v := &t.views[c.number]
	return t.ledgers[e.number].meet(&v.own[row], v.rows.at(held), e.position, heldAt)
}

func (t *team[T]) repeat(e *owner, c *chunk, row, held int, isFirst bool) error {
	v := &t.views[c.number]
	first := v.rows.at(held)
	err := t.ledgers[e.number].repeat(&v.own[row], first, e.position, -1, isFirst)
	if err == nil && isFirst && t.p.same == nil {
		var zero T
		*first = zero
	}
	return err
}

func (t *team[T]) reject(e *owner, c *chunk, row int) error {
	return t.ledgers[e.number].reject(&t.views[c.number].own[row], e.position)
}
