package stream_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/stream"
)

func init() {
	type ints = stream.Seq[int]
	ctx := context.Background()
	register(contracttest.Ops{
		"BatchWithin": func(t *testing.T) {
			for _, o := range []stream.BatchOptions{{}, {MaxWait: time.Hour}, {IdleWait: time.Hour}} {
				waiting(func(s ints) stream.Seq[[]int] { return stream.BatchWithin(s, 3, o) })(t)
			}
		},
		"RateLimit": streaming(func(s ints) ints {
			return stream.RateLimit(ctx, s, 1_000_000, time.Second, stream.RateOptions{})
		}),
		"Retry": func(t *testing.T) {
			once := func(s ints, o stream.RetryOptions) ints {
				return stream.Retry(ctx, func(_ context.Context, at int64) ints { return stream.Skip(s, int(at)) }, o)
			}
			t.Run("not_transient", streaming(func(s ints) ints { return once(s, stream.RetryOptions{}) }))
			t.Run("no_retry", streaming(func(s ints) ints {
				return once(s, stream.RetryOptions{MaxAttempts: 1, Retryable: func(error) bool { return true }})
			}))
			t.Run("source", source(func() ints {
				return stream.Retry(ctx, func(_ context.Context, at int64) ints {
					if at < 4 { // one element an attempt, then a fault
						return stream.Concat(stream.Of(int(at)), stream.Fail[int](stream.ErrTransient))
					}
					return stream.Of(int(at))
				}, stream.RetryOptions{FirstWait: 1})
			}))
		},
		"Pages": func(t *testing.T) {
			for _, ahead := range []int{0, 1, 3} {
				source(func() ints {
					server := func(_ context.Context, page int) (stream.Page[int, int], error) {
						return stream.Page[int, int]{Items: []int{2 * page, 2*page + 1}, Next: (page + 1) % 4}, nil
					}
					return stream.Pages(ctx, 0, server, stream.PagesOptions{Prefetch: ahead})
				})(t)
			}
		},
		"Meter": func(t *testing.T) {
			m := stream.NewMeters(stream.MetersOptions{Labels: ctx, Logger: slog.New(slog.DiscardHandler)})
			streaming(func(s ints) ints { return stream.Meter(s, m.Stage("a")) })(t)
			streaming(func(s ints) ints {
				m := stream.NewMeters(stream.MetersOptions{})
				return stream.Meter(stream.Meter(s, m.Stage("a")), m.Stage("b"))
			})(t)
		},
		"MeterFunc": func(t *testing.T) {
			m := stream.NewMeters(stream.MetersOptions{})
			streaming(func(s ints) ints {
				return stream.MeterFunc(s, m.Stage("a"), func(v int) (rows, bytes int) { return 1, v })
			})(t)
		},
	})
}
