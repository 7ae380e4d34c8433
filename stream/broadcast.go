package stream

import "context"

// Broadcast gives all elements of s to each of the consumers, and returns when all of them have returned. Each consumer
// runs on a goroutine of its own and gets its elements as a Seq, to which all operators and sinks apply:
//
//	err := stream.Broadcast(ctx, events,
//		func(s stream.Seq[Event]) (err error) { total, err = stream.Count(s); return },
//		func(s stream.Seq[Event]) error { return parquetio.Write(file, s) },
//	)
//
// Order: the source's, for each consumer.
// Memory: 256 elements, shared by all. The fastest consumer is no further ahead of the slowest: it waits.
// Termination: a consumer that breaks, or returns nil before its elements have ended, lets the others go on; when none
// wants more, the source is stopped.
// Errors: an error of the source ends every consumer's elements in its place, and is returned as it is. A consumer that
// returns an error of its own stops the source, and the others' elements end with an error that matches
// context.Canceled; what is returned names the consumer and wraps its error. Where several fail, it is the one that
// failed at the smallest position of the source, of these the first named: the same on every run. A panic of a
// consumer (as a *PanicError) and a Goexit come out in the same way, on the caller's goroutine, after all have returned.
// When ctx is done, all elements end with context.Cause(ctx), which is returned. No consumer is an *OptionError.
// Concurrency: the source runs on the caller's goroutine; one that blocks delays the return, so put WithContext at it.
// The elements of a consumer are single-use, and its own: they end with ErrConsumed after it has returned.
func Broadcast[T any](ctx context.Context, s Seq[T], consumers ...func(Seq[T]) error) error {
	needFunc(ctx == nil, "Broadcast", "context")
	needSeq(s, "Broadcast")
	for _, consume := range consumers {
		needFunc(consume == nil, "Broadcast", "consumer")
	}
	if len(consumers) == 0 {
		return &OptionError{Package: "stream", Func: "Broadcast", Option: "consumers", Got: 0, Want: "one or more"}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f := newFanOut[T](ctx, "Broadcast", len(consumers))
	shared := newBelt[placed[T]](aheadOfConsumers, len(consumers), nil)
	f.belts = append(f.belts, shared)
	for i, consume := range consumers {
		f.start(i, &shared.readers[i], consume)
	}
	return f.run(s, func(T, int64) (int, error) { return 0, nil })
}
