package stream

import "github.com/millrace-go/millrace/internal/table"

// pane is one open window: accs[i] is the accumulator of the key of index i.
//
//	open    { 12:00 -> pane, 13:00 -> pane }      starts   heap of 12:00, 13:00
//	pane    table  [ ann ][ bob ]                 prev     the pane that starts Every earlier, once it was met
//	        accs   [  7  ][  2  ]
//
// A table per window makes closing one cheap and its keys come out in order of hash; it costs some hundred bytes where
// a window has a single key.
type pane[K comparable, A any] struct {
	start  int64
	table  *table.Table[K]
	accs   []A
	booked int64       // bytes on the account; 0 where nothing is bounded
	prev   *pane[K, A] // the open one that starts every earlier, if it was met from here
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
		if p = w.spare; p == nil {
			if err := w.book(paneBytes); err != nil {
				return nil, err
			}
			p = &pane[K, A]{table: table.New(w.keys.hasher)}
			if w.bounded {
				p.booked = paneBytes
			}
		}
		w.spare = nil
		p.start = start
		w.open[start] = p
		w.starts.push(start)
	}
	if before != nil && before.start == start+w.every {
		before.prev = p
	}
	w.recent = p
	return p, nil
}

// add folds v into the group of k in p.
func (w *Windows[T, K, A]) add(p *pane[K, A], k *K, v T) error {
	i, added, err := w.upsert(p, k)
	if err != nil {
		return err
	}
	acc := &p.accs[i]
	if !w.bounded {
		w.fold.Add(acc, v)
		return nil
	}
	var more int64
	if added {
		more = w.keys.hasher.Held(p.table.Key(i))
	}
	if w.fold.Size == nil {
		w.fold.Add(acc, v)
	} else {
		if !added {
			more -= int64(w.fold.Size(acc))
		}
		w.fold.Add(acc, v)
		more += int64(w.fold.Size(acc))
	}
	return w.bookIn(p, more)
}

// upsert finds or adds the group of k in p. Where a new key needs more room, table and accumulators grow together,
// after it is booked.
func (w *Windows[T, K, A]) upsert(p *pane[K, A], k *K) (index int, added bool, err error) {
	if p.table.Room() == 0 {
		if index, ok := p.table.Find(k); ok {
			return index, false, nil
		}
		n, bytes := p.table.Growth()
		if err := w.bookIn(p, bytes+int64(n)*w.accSize); err != nil {
			return 0, false, err
		}
		p.accs = append(make([]A, 0, cap(p.accs)+n), p.accs...)
	}
	index, added = p.table.Upsert(*k)
	if added {
		p.accs = append(p.accs, w.fold.Init())
	}
	return index, added, nil
}

// bookIn books n more bytes for p, or gives -n back.
func (w *Windows[T, K, A]) bookIn(p *pane[K, A], n int64) error {
	if !w.bounded || n == 0 {
		return nil
	}
	if n < 0 {
		w.account.Shrink(-n)
	} else if err := w.account.Grow(n); err != nil {
		return err
	}
	p.booked += n
	return nil
}

func (w *Windows[T, K, A]) book(n int64) error {
	if !w.bounded {
		return nil
	}
	return w.account.Grow(n)
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
	if w.bounded {
		w.account.Shrink(p.booked)
		return
	}
	if w.spare != nil || len(p.accs) < cap(p.accs)/8 {
		return
	}
	p.table.Reset()
	clear(p.accs) // what was handed out is the consumer's
	p.accs = p.accs[:0]
	w.spare = p
}

// startHeap is a binary heap of starts: the least is first.
type startHeap []int64

func (h *startHeap) push(start int64) {
	*h = append(*h, start)
	s := *h
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if s[parent] <= s[i] {
			return
		}
		s[parent], s[i] = s[i], s[parent]
		i = parent
	}
}

// pop removes the least; there must be one.
func (h *startHeap) pop() {
	s := *h
	last := len(s) - 1
	s[0] = s[last]
	s = s[:last]
	*h = s
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if s[child] < s[least] {
				least = child
			}
		}
		if least == i {
			return
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
}
