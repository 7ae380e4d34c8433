package stream

import "fmt"

// Skip yields all but the first n elements. An error among those is yielded as any other. A negative n is an
// *OptionError.
func Skip[T any](s Seq[T], n int) Seq[T] {
	needSeq(s, "Skip")
	return skip(s, "Skip", int64(n), false)
}

// SkipExactly yields all but the first n elements, which must be there: where s ends before it has had so many, it ends
// with a *ShorterError. It is Skip for a source of which n elements were read in another run, as Resume and Retry ask
// for it: an input that was cut off or exchanged meanwhile is not taken for one that has nothing new.
//
// An error among the first n is yielded as any other. A negative n is an *OptionError.
func SkipExactly[T any](s Seq[T], n int64) Seq[T] {
	needSeq(s, "SkipExactly")
	return skip(s, "SkipExactly", n, true)
}

func skip[T any](s Seq[T], fn string, n int64, exactly bool) Seq[T] {
	return func(yield func(T, error) bool) {
		var zero T
		if n < 0 {
			yield(zero, &OptionError{Package: "stream", Func: fn, Option: "n", Got: n, Want: "0 or positive"})
			return
		}
		left := n
		for v, err := range s {
			if err != nil {
				yield(zero, err)
				return
			}
			if left > 0 {
				left--
				continue
			}
			if !yield(v, nil) {
				return
			}
		}
		if exactly && left > 0 {
			yield(zero, &ShorterError{Func: fn, Got: n - left, Want: n})
		}
	}
}

// ShorterError reports a source that has fewer elements than were read from it before. It matches ErrSourceChanged.
type ShorterError struct {
	Func string // "SkipExactly"
	Got  int64  // elements that are there
	Want int64  // elements that were to be skipped
}

// Error says how many elements there are, and how many there were.
func (e *ShorterError) Error() string {
	return fmt.Sprintf("stream: %s: the source ends after %d elements, want %d or more: %v", e.Func, e.Got, e.Want, ErrSourceChanged)
}

// Unwrap gives ErrSourceChanged.
func (e *ShorterError) Unwrap() error { return ErrSourceChanged }
