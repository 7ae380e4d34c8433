package stream

import "sync"

// interleaveAhead is how many elements of each input Interleave reads ahead.
const interleaveAhead = 64

// Interleave yields the elements of all sequences as they come, each sequence running on a goroutine of its own: a
// slow one does not hold back the others. Without sequences it is empty.
//
// Order: each sequence's own; between them that of arrival, which no two runs need share. Where all have elements, they
// take turns of up to 64.
// Memory: 64 elements per sequence.
// Laziness: the sequences start with the first pull; up to 64 elements of each are read before they are asked for, and
// lost on a break.
// Termination: when all have ended.
// Errors: the first error met ends it, after the elements of its own sequence before it and those of others that are there
// already. So do a panic of a sequence (as a *PanicError) and a Goexit.
// Concurrency: the sequences run on goroutines of their own; all have ended when the for ends. A break, and an error,
// waits for each of them to give its next element, or to end.
func Interleave[T any](seqs ...Seq[T]) Seq[T] {
	for _, s := range seqs {
		needSeq(s, "Interleave")
	}
	return func(yield func(T, error) bool) {
		in := newMouths(seqs)
		var sources sync.WaitGroup
		defer func() {
			in.halt()
			sources.Wait()
			for _, b := range in.belts {
				_ = b.cleanUp.rethrow()
			}
		}()
		for i, s := range seqs {
			sources.Go(func() { in.belts[i].fill(s) })
		}
		failed := -1
		for len(in.open) > 0 && failed < 0 {
			var more bool
			if more, failed = in.round(yield); !more {
				return
			}
		}
		if failed < 0 {
			return
		}
		in.halt()
		for i := range in.belts {
			if !in.pass(i, yield) {
				return
			}
		}
		sources.Wait()
		if err := in.belts[failed].end.rethrow(); err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

// mouths is where the inputs of an Interleave flow together.
type mouths[T any] struct {
	belts []*belt[T]
	open  []int // the belts that have not ended, in order
	wake  gate  // of the consumer: an element or an end has come
}

func newMouths[T any](seqs []Seq[T]) *mouths[T] {
	m := &mouths[T]{wake: newGate()}
	for i := range seqs {
		m.belts = append(m.belts, newBelt[T](interleaveAhead, 1, &m.wake))
		m.open = append(m.open, i)
	}
	return m
}

func (m *mouths[T]) halt() {
	for _, b := range m.belts {
		b.halt()
	}
}

// round gives each open input its turn, and sleeps first if none has anything. It returns the input that failed, or
// -1, and false if the consumer wants no more.
func (m *mouths[T]) round(yield func(T, error) bool) (more bool, failed int) {
	m.wake.arm(anything)
	if m.ready() {
		m.wake.disarm()
	} else {
		m.wake.sleep()
	}
	left := m.open[:0]
	for k, i := range m.open {
		if !m.pass(i, yield) {
			return false, -1
		}
		b := m.belts[i]
		switch {
		case !b.readers[0].ended():
			left = append(left, i)
		case b.end.failed():
			m.open = append(left, m.open[k:]...)
			return true, i
		}
	}
	m.open = left
	return true, -1
}

func (m *mouths[T]) ready() bool {
	for _, i := range m.open {
		if m.belts[i].readers[0].ready() {
			return true
		}
	}
	return false
}

// pass yields what is there of input i, up to one turn.
func (m *mouths[T]) pass(i int, yield func(T, error) bool) bool {
	in := &m.belts[i].readers[0]
	for range interleaveAhead {
		v, ok := in.take()
		if !ok {
			break
		}
		if !yield(v, nil) {
			return false
		}
	}
	return true
}
