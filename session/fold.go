package session

import "github.com/millrace-go/millrace/stream"

// sizeEvery is how many events are folded between two looks at Fold.Size, which may be slow.
const sizeEvery = 256

// foldEach makes *acc the fold of n events of a session. The accumulator is booked while it grows, then it is the
// consumer's.
func foldEach[T, A any](acc *A, acct *stream.Account, n int, event func(i int) *T, f stream.Fold[T, A]) error {
	*acc = f.Init()
	if f.Size == nil {
		for i := range n {
			f.Add(acc, *event(i))
		}
		return nil
	}
	var booked int64
	for i := range n {
		f.Add(acc, *event(i))
		if i%sizeEvery != sizeEvery-1 && i != n-1 {
			continue
		}
		if size := int64(f.Size(acc)); size > booked {
			if err := acct.Grow(size - booked); err != nil {
				return err
			}
			booked = size
		}
	}
	acct.Shrink(booked)
	return nil
}
