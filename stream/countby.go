package stream

// CountBy yields how many elements each distinct key has: Aggregate with a count, memory unbounded. Order,
// memory, laziness and errors are Aggregate's.
func CountBy[T any, K comparable](s Seq[T], key func(T) K) Seq[Keyed[K, int]] {
	count := Fold[T, int]{Add: func(n *int, _ T) { *n++ }, Blind: true}
	return aggregate("CountBy", s, key, count, AggregateOptions{})
}
