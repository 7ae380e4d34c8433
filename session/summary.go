package session

import "github.com/millrace-go/millrace/stream"

// Bounce is a bounce rate: how many of the sessions have a single event.
type Bounce struct {
	Sessions int64 // all of them
	Bounced  int64 // of them, those of one event
}

// Rate is the share of sessions with a single event, 0 where there are none.
func (b Bounce) Rate() float64 {
	if b.Sessions == 0 {
		return 0
	}
	return float64(b.Bounced) / float64(b.Sessions)
}

// Bounces is the fold of sessions to their bounce rate. Sessions that are taken back are counted off. Merge is exact.
func Bounces[K comparable]() stream.Fold[Session[K], Bounce] {
	return stream.Fold[Session[K], Bounce]{
		Add: func(b *Bounce, s Session[K]) {
			n := sign(s.Retracted)
			b.Sessions += n
			if s.Events == 1 {
				b.Bounced += n
			}
		},
		Merge: func(dst, src *Bounce) {
			dst.Sessions += src.Sessions
			dst.Bounced += src.Bounced
		},
		Exact: true,
	}
}

// Histogram is the fold of sessions to how many of them have how many events: the count of sessions by Session.Events.
// Sessions that are taken back are counted off. Merge is exact.
func Histogram[K comparable]() stream.Fold[Session[K], map[int]int64] {
	add := func(h map[int]int64, events int, n int64) {
		if n += h[events]; n != 0 {
			h[events] = n
		} else {
			delete(h, events)
		}
	}
	return stream.Fold[Session[K], map[int]int64]{
		New: func() map[int]int64 { return make(map[int]int64) },
		Add: func(h *map[int]int64, s Session[K]) { add(*h, s.Events, sign(s.Retracted)) },
		Merge: func(dst, src *map[int]int64) {
			for events, n := range *src {
				add(*dst, events, n)
			}
		},
		Exact: true,
		Size:  func(h *map[int]int64) int { return 48 + 40*len(*h) },
	}
}

// sign is what a session counts.
func sign(retracted bool) int64 {
	if retracted {
		return -1
	}
	return 1
}
