package stream

import "reflect"

// trail is the events of one key in the last span, and what answers "the fold of all of them" after one came in and
// some went out. A fold cannot take an event out again. Where Merge is exact, two stacks do without:
//
//	time      1   2   3   4   5   6         older events have suffix folds, newer ones are plain
//	front    1-4 2-4 3-4  4                 the top is the oldest: its fold is that of all in front
//	back                      5   6         with one fold of both
//
// The whole is the front's oldest merged with the back's fold. The oldest goes by a pop. When the front is empty,
// the back is turned over into it, newest first: one merge for each event, once. Otherwise there is no front, and
// the whole is folded anew.
//
// size, where it is passed, is the bytes that an event holds beyond its static size. An event and a fold are weighed once,
// when they come, and what they weighed goes with them: a map inside them that the consumer or the fold changes later would
// otherwise go with more than it came with.
//
// Invariants:
//  1. Times do not descend from the top of front down, then from the front of back on.
//  2. front[i].acc is the fold of the events of front[i], front[i-1], ... front[0], in this order.
//  3. backAcc is the fold of all of back, where merging is used.
//  4. held is the sum of the held of all of back and front.
type trail[T, A any] struct {
	front   []folded[A] // a stack: the last is the oldest
	back    ring[timed[T]]
	backAcc A
	newest  int64 // time of the newest event
	held    int64 // bytes that events of back and folds of front hold beyond their static size; where bounded
	booked  int64 // bytes on the account
}

type timed[T any] struct {
	t     int64
	held  int64 // bytes beyond its static size, when it came
	value T
}

type folded[A any] struct {
	t    int64
	held int64 // bytes beyond its static size, when it was made
	acc  A
}

// merges reports whether the fold can be cut.
func merges[T, A any](f *Fold[T, A]) bool { return f.Exact && f.Merge != nil }

// evict lets the events of time to and before go.
func (tr *trail[T, A]) evict(to int64, f *Fold[T, A]) error {
	for len(tr.front) > 0 {
		oldest := &tr.front[len(tr.front)-1]
		if oldest.t > to {
			return nil
		}
		tr.held -= oldest.held
		*oldest = folded[A]{}
		tr.front = tr.front[:len(tr.front)-1]
	}
	gone := false
	for tr.back.n > 0 && tr.back.at(0).t <= to {
		tr.held -= tr.back.pop().held
		gone = true
	}
	if gone && merges(f) {
		return tr.turn(f)
	}
	return nil
}

// turn moves the back into the front, which is empty.
func (tr *trail[T, A]) turn(f *Fold[T, A]) error {
	for i := tr.back.n - 1; i >= 0; i-- {
		e := tr.back.at(i)
		tr.front = append(tr.front, folded[A]{t: e.t, acc: f.Init()})
		cut := &tr.front[len(tr.front)-1]
		f.Add(&cut.acc, e.value)
		if n := len(tr.front); n > 1 {
			f.Merge(&cut.acc, &tr.front[n-2].acc)
		}
		var err error
		if cut.held, err = sizeOfAcc(f, &cut.acc); err != nil {
			return err
		}
		tr.held += cut.held - e.held
	}
	tr.back.clear()
	var zero A
	tr.backAcc = zero
	return nil
}

// add puts in an event that is not older than any other.
func (tr *trail[T, A]) add(t int64, v T, f *Fold[T, A], size func(*T) int64) {
	tr.newest = t
	if merges(f) {
		if tr.back.n == 0 {
			tr.backAcc = f.Init()
		}
		f.Add(&tr.backAcc, v)
	}
	tr.back.push(timed[T]{t: t, value: v})
	e := tr.back.at(tr.back.n - 1)
	e.held = size(&e.value)
	tr.held += e.held
}

// result makes *acc the fold of all events; it shares nothing with the trail.
func (tr *trail[T, A]) result(acc *A, f *Fold[T, A]) {
	*acc = f.Init()
	if !merges(f) {
		for i := range tr.back.n {
			f.Add(acc, tr.back.at(i).value)
		}
		return
	}
	if n := len(tr.front); n > 0 {
		f.Merge(acc, &tr.front[n-1].acc)
	}
	if tr.back.n > 0 {
		f.Merge(acc, &tr.backAcc)
	}
}

// rebook returns how many bytes more than booked the trail holds, and takes them for booked.
func (tr *trail[T, A]) rebook(f *Fold[T, A]) (more int64, err error) {
	bytes := int64(cap(tr.front))*int64(reflect.TypeFor[folded[A]]().Size()) + tr.held +
		int64(len(tr.back.buf))*int64(reflect.TypeFor[timed[T]]().Size())
	if tr.back.n > 0 && merges(f) {
		held, err := sizeOfAcc(f, &tr.backAcc)
		if err != nil {
			return 0, err
		}
		bytes += held
	}
	more = bytes - tr.booked
	tr.booked = bytes
	return more, nil
}
