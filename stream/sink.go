package stream

import "strings"

// Sink takes what an operator sets aside: quarantined rows, losers of a deduplication, late events.
//
// An operator calls its sink on the consumer's goroutine, in a stated order, before it goes on; an error
// from the sink ends the stream with that error. A nil Sink means that the caller gave no place: by E3 the
// first bad record is then the terminal error. To throw records away, say why with Discard.
type Sink[T any] func(v T) error

// Into is a Sink that appends to *dst. It holds all it is given.
func Into[T any](dst *[]T) Sink[T] {
	if dst == nil {
		panic("stream: Into: nil destination")
	}
	return func(v T) error {
		*dst = append(*dst, v)
		return nil
	}
}

// Discard is a Sink that throws its records away, for the stated reason. The reason is for the reader of the
// call; an empty one is refused with a panic.
func Discard[T any](reason string) Sink[T] {
	if strings.TrimSpace(reason) == "" {
		panic("stream: Discard: empty reason")
	}
	return func(T) error { return nil }
}
