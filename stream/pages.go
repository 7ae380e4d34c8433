package stream

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// Page is one answer of a paged interface.
type Page[T, C any] struct {
	Items []T // in the order to yield them; the receiver's own
	Next  C   // asks for the page after this one; the zero C: there is none
}

// PagesOptions adjust Pages. The zero value fetches a page when it is needed, once.
type PagesOptions struct {
	// Prefetch is how many pages are fetched ahead while the consumer has one. With it, fetch runs on a goroutine
	// of its own, one call at a time. 0: none; at most 1,048,576.
	Prefetch int
	// Retry, if set, says how a failed fetch is tried again, with the same cursor; its positions are pages.
	// Nil: the first failure ends the stream.
	Retry *RetryOptions
	// Stats, if set, is overwritten when a run ends, however it ends. Runs at the same time must not share it.
	Stats *PagesStats
}

// PagesStats counts what a run of Pages did.
type PagesStats struct {
	Pages   int64         // begun by the consumer
	Items   int64         // yielded
	Fetches int64         // calls of fetch: pages, those fetched ahead and not used, and failures
	Waited  time.Duration // of the consumer, for pages: what Prefetch is there to save
}

// Pages yields the items of all pages of a paged interface, in order: fetch is called with the cursor from for the
// first page, and with the Next of each page for the one after it, until Next is the zero C.
//
// Servers that hand out a cursor twice would be read for ever. A cursor that comes again within 1024 pages ends the
// stream with a *CursorError after the page that named it, so no item comes twice; one that comes again later does
// so too, but some pages after it.
//
// To survive transient faults set PagesOptions.Retry, rather than putting Retry around Pages: then a page is asked
// for again, not the whole.
//
// Order: of the pages, and of the items within.
// Memory: a page and 1024 cursors, and Prefetch pages more.
// Laziness: the first page is fetched with the first pull.
// Termination: with the page whose Next is zero, or, once ctx is done, with context.Cause(ctx) after the pages
// fetched until then.
// Errors: of fetch, wrapped with the number of the page, counted from 0; a *CursorError, after the page that named it,
// for a cursor that cannot be compared, where C is an interface or has one inside.
// Concurrency: a panic of fetch on the goroutine of Prefetch comes out as a *PanicError. When the consumer breaks,
// the ctx of a fetch that still runs is done, and the loop waits for it.
func Pages[T any, C comparable](ctx context.Context, from C, fetch func(ctx context.Context, cursor C) (Page[T, C], error), opts PagesOptions) Seq[T] {
	needFunc(ctx == nil, "Pages", "context")
	needFunc(fetch == nil, "Pages", "function")
	return func(yield func(T, error) bool) {
		var zero T
		stats := opts.Stats
		if stats == nil {
			stats = new(PagesStats)
		}
		*stats = PagesStats{}
		f := &fetcher[T, C]{fetch: fetch}
		err := f.options(opts)
		if err == nil && !canCompare(from) {
			err = &OptionError{Package: "stream", Func: "Pages", Option: "from", Got: fmt.Sprintf("%T", from), Want: "comparable"}
		}
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			yield(zero, err)
			return
		}
		defer func() { stats.Fetches = f.fetches }()

		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var pages Seq[[]T] = func(yield func([]T, error) bool) { f.pages(ctx, from, yield) }
		if opts.Prefetch > 0 {
			pages = Prefetch(pages, opts.Prefetch)
		}
		began := time.Now()
		// The consumer's loop runs inside the one over pages. Where it breaks or panics, a fetch that is under
		// way must be told before it is waited for.
		pages(func(items []T, err error) bool {
			stats.Waited += time.Since(began)
			more := false
			defer func() {
				if !more {
					cancel()
				}
			}()
			if err != nil {
				yield(zero, err)
				return false
			}
			stats.Pages++
			for _, v := range items {
				stats.Items++
				if !yield(v, nil) {
					return false
				}
			}
			more = true
			began = time.Now()
			return true
		})
	}
}

// fetcher asks for one page after the other.
type fetcher[T any, C comparable] struct {
	fetch   func(context.Context, C) (Page[T, C], error)
	retry   *retrier // nil: no retry
	fetches int64    // calls of fetch
}

// options checks and takes over what concerns the fetcher.
func (f *fetcher[T, C]) options(o PagesOptions) (err error) {
	if o.Prefetch < 0 || o.Prefetch > maxAhead {
		return &OptionError{Package: "stream", Func: "Pages", Option: "Prefetch", Got: o.Prefetch, Want: "from 0 to 1048576"}
	}
	if o.Retry != nil {
		f.retry, err = newRetrier("Pages", "page", *o.Retry)
	}
	return err
}

// pages calls yield with the items of each page, on the goroutine that fetches them.
func (f *fetcher[T, C]) pages(ctx context.Context, cursor C, yield func([]T, error) bool) {
	var trail cursors[C]
	trail.add(cursor, 0)
	for n := int64(0); ; n++ {
		page, err := f.page(ctx, cursor, n)
		if err != nil {
			yield(nil, err)
			return
		}
		var last C
		if !yield(page.Items, nil) || page.Next == last {
			return
		}
		cursor = page.Next
		if !canCompare(cursor) {
			yield(nil, &CursorError{Cursor: cursor, Page: n, Incomparable: true})
			return
		}
		if first, again := trail.add(cursor, n+1); again {
			yield(nil, &CursorError{Cursor: cursor, Page: n, First: first})
			return
		}
	}
}

// page fetches page n, as often as it takes.
func (f *fetcher[T, C]) page(ctx context.Context, cursor C, n int64) (Page[T, C], error) {
	for {
		if ctx.Err() != nil {
			return Page[T, C]{}, context.Cause(ctx)
		}
		f.fetches++
		page, err := f.fetch(ctx, cursor)
		switch {
		case err == nil:
			if f.retry != nil {
				f.retry.progress()
			}
			return page, nil
		case f.retry != nil:
			if err := f.retry.wait(ctx, n, err); err != nil {
				return Page[T, C]{}, err
			}
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
			return Page[T, C]{}, context.Cause(ctx)
		default:
			return Page[T, C]{}, fmt.Errorf("stream: Pages: page %d: %w", n, err)
		}
	}
}

// CursorError reports a paged interface that leads in a circle: a cursor came a second time. It matches
// ErrConflict. Or it reports a cursor that cannot be compared, so that nobody can tell; then it matches ErrSchema.
type CursorError struct {
	Cursor       any   // the cursor
	Page         int64 // whose Next it was, the second time, counted from 0
	First        int64 // the page that it had led to
	Incomparable bool  // the cursor holds a slice, a map or a func; First is then 0
}

// Error names the cursor and both pages, or the type that cannot be compared.
func (e *CursorError) Error() string {
	if e.Incomparable {
		return fmt.Sprintf("stream: Pages: page %d: its next cursor is %T, which holds what cannot be compared: %v", e.Page, e.Cursor, ErrSchema)
	}
	return fmt.Sprintf("stream: Pages: page %d: its next cursor %.64q led to page %d before: %v", e.Page, fmt.Sprint(e.Cursor), e.First, ErrConflict)
}

// Unwrap gives the class.
func (e *CursorError) Unwrap() error {
	if e.Incomparable {
		return ErrSchema
	}
	return ErrConflict
}

// canCompare reports whether c == c would not panic: an interface in it may hold a slice.
func canCompare[C comparable](c C) bool { return reflect.ValueOf(&c).Elem().Comparable() }

// cursorsKept is how many cursors are kept to see that one comes again: enough for the circles that servers make
// (the same cursor for ever, a fall back to the start), and some ten KiB.
const cursorsKept = 1024

// cursors sees a cursor that comes again, in bounded memory.
//
// The last cursorsKept are kept, and with them any shorter circle is seen at once. For longer ones a single mark is
// kept beside: the cursor of the last page whose number was a power of two. Once the mark is in the circle, and the
// distance to the next power of two exceeds its length, the mark is met again (Brent's cycle finding).
type cursors[C comparable] struct {
	pages map[C]int64 // of the cursors in ring
	ring  []C         // ring[n%cursorsKept] leads to page n

	mark     C
	markPage int64 // 0: none
}

// add notes that c leads to page n, and reports the page that it led to before, if it is known to have done so.
func (s *cursors[C]) add(c C, n int64) (first int64, again bool) {
	if first, again = s.pages[c]; again {
		return first, true
	}
	if s.markPage > 0 && c == s.mark {
		return s.markPage, true
	}
	if n > 0 && n&(n-1) == 0 {
		s.mark, s.markPage = c, n
	}
	if s.pages == nil {
		s.pages = make(map[C]int64)
	}
	if len(s.ring) < cursorsKept {
		s.ring = append(s.ring, c)
	} else {
		oldest := &s.ring[n%cursorsKept]
		delete(s.pages, *oldest)
		*oldest = c
	}
	s.pages[c] = n
	return 0, false
}
