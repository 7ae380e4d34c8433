package dedup

// What the owners of a team ask of its rows and keys; see the interface of that name.

func (t *team[T, K]) extendRows() {
	t.placed.rows.extend()
	if t.p.holdKeys {
		t.placed.keys.extend()
	}
}

func (t *team[T, K]) beginRows(c *chunk) {
	v := &t.views[c.number]
	v.teamBlocks = t.placed
	v.own = t.placed.rows.room()
	if c.apart {
		if v.buffer == nil {
			v.buffer = make([]T, len(c.hashes))
		}
		v.own = v.buffer[:c.room]
	}
	switch {
	case t.p.holdKeys:
		v.ownKey = t.placed.keys.room()
	case v.ownKey == nil:
		v.ownKey = make([]K, len(c.hashes))
	}
}

func (t *team[T, K]) moveRows(m *moves) {
	move(&t.placed.rows, m)
	if t.p.holdKeys {
		move(&t.placed.keys, m)
	}
}

func (t *team[T, K]) put(c *chunk, row, place int) {
	v := &t.views[c.number]
	*v.rows.at(place) = v.own[row]
}

func (t *team[T, K]) clear(c *chunk, place int) {
	var zero T
	*t.views[c.number].rows.at(place) = zero
}

func (t *team[T, K]) held(c *chunk, place int) K {
	v := &t.views[c.number]
	if t.p.holdKeys {
		return *v.keys.at(place)
	}
	return t.key(*v.rows.at(place))
}

func (t *team[T, K]) keyAt(c *chunk, place int) any { return t.held(c, place) }

func (t *team[T, K]) sameKey(c *chunk, row, place int) bool {
	k, held := &t.views[c.number].ownKey[row], t.held(c, place)
	if t.exact {
		return *k == held
	}
	return t.hasher.Equal(k, &held)
}

func (t *team[T, K]) meet(e *owner, c *chunk, row, held int, heldAt int64) (verdict, error) {
	v := &t.views[c.number]
	return t.ledgers[e.number].meet(&v.own[row], v.rows.at(held), e.position, heldAt)
}

func (t *team[T, K]) repeat(e *owner, c *chunk, row, held int, isFirst bool) error {
	v := &t.views[c.number]
	first := v.rows.at(held)
	err := t.ledgers[e.number].repeat(&v.own[row], first, e.position, -1, isFirst)
	if err == nil && isFirst && t.p.same == nil {
		var zero T
		*first = zero
	}
	return err
}

func (t *team[T, K]) reject(e *owner, c *chunk, row int) error {
	return t.ledgers[e.number].reject(&t.views[c.number].own[row], e.position)
}
