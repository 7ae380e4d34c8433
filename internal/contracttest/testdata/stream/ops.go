package stream

// Map has no import to be known by.
func Map[A, B any](s Seq[A], f func(A) B) Seq[B] { return nil }

// Opt has nothing to do with streams.
func Opt[T any](v T) *T { return &v }
