package stream_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/millrace-go/millrace/stream"
)

func ExampleBatchWithin() {
	orders := make(chan string)
	go func() {
		defer close(orders)
		for _, o := range []string{"tea", "rice", "salt"} {
			orders <- o
		}
		time.Sleep(50 * time.Millisecond) // nobody orders anything
		orders <- "milk"
	}()
	s := stream.Chan(context.Background(), orders)
	for b := range stream.BatchWithin(s, 2, stream.BatchOptions{MaxWait: 5 * time.Millisecond}) {
		fmt.Println(b)
	}
	// Output:
	// [tea rice]
	// [salt]
	// [milk]
}

func ExampleRateLimit() {
	began := time.Now()
	calls := stream.RateLimit(context.Background(), stream.Of("a", "b", "c", "d"), 100, time.Second, stream.RateOptions{Burst: 2})
	for name := range calls {
		fmt.Println(name)
	}
	fmt.Println("two of them waited 10 ms each:", time.Since(began) >= 20*time.Millisecond)
	// Output:
	// a
	// b
	// c
	// d
	// two of them waited 10 ms each: true
}

func ExampleRetry() {
	// A server that loses the connection after every two readings.
	readings := []float64{20.5, 21, 21.5, 20, 19.5}
	open := func(ctx context.Context, resumeAt int64) stream.Seq[float64] {
		rest := readings[resumeAt:]
		if len(rest) <= 2 {
			return stream.Of(rest...)
		}
		return stream.Concat(stream.Of(rest[:2]...), stream.Fail[float64](fmt.Errorf("connection reset: %w", stream.ErrTransient)))
	}
	s := stream.Retry(context.Background(), open, stream.RetryOptions{
		FirstWait: time.Millisecond,
		OnRetry:   func(e stream.RetryEvent) { fmt.Println("again from", e.At, "after:", e.Err) },
	})
	for v, err := range s {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(v)
	}
	// Output:
	// 20.5
	// 21
	// again from 2 after: connection reset: transient failure
	// 21.5
	// 20
	// again from 4 after: connection reset: transient failure
	// 19.5
}

func ExampleRetry_givingUp() {
	open := func(context.Context, int64) stream.Seq[int] {
		return stream.Fail[int](&stream.RetryAfterError{After: time.Hour, Err: errors.New("429 Too Many Requests")})
	}
	_, err := stream.Collect(stream.Retry(context.Background(), open, stream.RetryOptions{MaxElapsed: time.Minute}))
	fmt.Println(err)
	fmt.Println(errors.Is(err, stream.ErrTransient))
	// Output:
	// stream: Retry: element 0: gave up after 1 attempt (MaxElapsed is 1m0s): 429 Too Many Requests: retry after 1h0m0s
	// true
}

func ExamplePages() {
	// What a client of some interface returns for a token.
	answers := map[string]stream.Page[string, string]{
		"":   {Items: []string{"ann", "bob"}, Next: "p2"},
		"p2": {Items: []string{"cat", "dan"}, Next: "p3"},
		"p3": {Items: []string{"eve"}},
	}
	fetch := func(ctx context.Context, token string) (stream.Page[string, string], error) {
		return answers[token], nil
	}
	var stats stream.PagesStats
	users := stream.Pages(context.Background(), "", fetch, stream.PagesOptions{
		Prefetch: 1,
		Retry:    &stream.RetryOptions{},
		Stats:    &stats,
	})
	for user, err := range users {
		fmt.Println(user, err)
	}
	fmt.Println(stats.Pages, "pages,", stats.Items, "items")
	// Output:
	// ann <nil>
	// bob <nil>
	// cat <nil>
	// dan <nil>
	// eve <nil>
	// 3 pages, 5 items
}
