package stream

// pane is one open window: the keys seen in it with their accumulators.
//
//	open    { 12:00 -> pane, 13:00 -> pane }      starts   heap of 12:00, 13:00
//	pane    keys   [ ann ][ bob ]                 prev     the pane that starts Every earlier, once it was met
//	        vals   [  7  ][  2  ]
//
// A table per window makes closing one cheap, and its keys come out in order of hash; it costs some hundred bytes where
// a window has a single key.
//
// Invariant: the account holds paneBytes + slots.bytes() + held for each open pane, and nothing else.
type pane[K comparable, A any] struct {
	slots[K, A]
	start int64
	held  int64       // bytes that accumulators hold beyond their static size, by Fold.Size; counted where bounded
	prev  *pane[K, A] // the open one that starts Every earlier, if it was met from here
}

// paneBytes is what a pane takes beside table and accumulators: itself, the table's header, its place in map and heap.
const paneBytes = 320

// pane returns the open window that starts at start, and opens it if it is not.
func (w *Windows[T, K, A]) pane(start int64) (*pane[K, A], error) {
	before := w.recent
	if before != nil {
		if before.start == start {
			return before, nil
		}
		if p := before.prev; p != nil && p.start == start {
			w.recent = p
			return p, nil
		}
	}
	p := w.open[start]
	if p == nil {
		var err error
		if p, err = w.newPane(start); err != nil {
			return nil, err
		}
	}
	if before != nil && before.start == start+w.every {
		before.prev = p
	}
	w.recent = p
	return p, nil
}

// newPane opens the window that starts at start, which is not open.
func (w *Windows[T, K, A]) newPane(start int64) (*pane[K, A], error) {
	p := w.spare
	if p == nil {
		if w.account != nil {
			if err := w.account.Grow(paneBytes); err != nil {
				return nil, err
			}
		}
		p = &pane[K, A]{slots: newSlots[K, A](w.keys)}
	}
	w.spare = nil
	p.start = start
	w.open[start] = p
	w.starts.push(start)
	return p, nil
}

// add folds v into the group of k in p.
func (w *Windows[T, K, A]) add(p *pane[K, A], k *K, v T) error {
	i, added, err := p.upsert(w.keys, k, w.account)
	if err != nil {
		return err
	}
	acc := &p.vals[i]
	if added && w.fold.New != nil {
		*acc = w.fold.New()
	}
	if w.account == nil || w.fold.Size == nil {
		w.fold.Add(acc, v)
		return nil
	}
	before := int64(0)
	if !added {
		before = int64(w.fold.Size(acc)) // it was checked after the last value
	}
	w.fold.Add(acc, v)
	after, err := sizeOfAcc(&w.fold, acc)
	if err != nil {
		return named(err, w.clock.fn)
	}
	more := max(after-before, -p.held) // what it grew by behind our back was never booked
	if err := rebook(w.account, more); err != nil {
		return err
	}
	p.held += more
	return nil
}

// drop lets go of a window that has closed. Where nothing is bounded its memory serves the next, unless it is far
// more than was used: to go through an empty table costs its size.
func (w *Windows[T, K, A]) drop(p *pane[K, A]) {
	if w.recent == p {
		w.recent = nil
	}
	if next := w.open[p.start+w.every]; next != nil {
		next.prev = nil
	}
	p.prev = nil
	if w.account != nil {
		w.account.Shrink(paneBytes + p.bytes() + p.held)
		return
	}
	if w.spare == nil && len(p.vals) >= cap(p.vals)/8 {
		p.reset() // what was handed out is the consumer's
		w.spare = p
	}
}
