package events

import (
	"math"
	"time"
)

// Delivery is one copy of an event as a log holds it: what deduplication gets. It takes 80 bytes.
//
// A copy that is no retry, and seven retries in eight, are ingested later than all copies before them; the eighth came
// with the first copy of its event, so that only the updater can tell the two apart.
type Delivery struct {
	Event
	Offset int64 // of this copy: the number of its row
	Origin int64 // offset of the event's first copy
}

// Delivery returns row i, 0 <= i < Rows.
func (s *Source) Delivery(i int) Delivery {
	from := s.origin(i)
	d := Delivery{Event: s.first(from, s.random(from)), Offset: int64(i), Origin: int64(from)}
	if from != i {
		h := s.random(i)
		d.Updater = updater(h)
		if Mix(h^4)%8 != 0 {
			d.Ingested = s.arrival(i)
		}
	}
	return d
}

// The accessors are what operators take.

func (d Delivery) EventID() uint64       { return d.ID }
func (d Delivery) IngestedAt() time.Time { return time.UnixMilli(d.Ingested) }
func (d Delivery) HasUpdater() bool      { return d.Updater != 0 }

// Beats says whether d is to be kept where held is the copy before it: the latest ingested, of those one with an
// updater, of those the first. It is written by hand for the loops.
func (d *Delivery) Beats(held *Delivery) bool {
	return d.Ingested > held.Ingested || d.Ingested == held.Ingested && held.Updater == 0 && d.Updater != 0
}

// HashDelivery is what a copy that was kept adds to an answer. All columns count but the name of the type, which says
// the same as the type.
func HashDelivery(d *Delivery) uint64 {
	h := Mix(d.ID ^ uint64(d.Offset)<<20 ^ uint64(d.Origin)<<40)
	h += d.User * uint64(d.Type+1)
	h += uint64(d.Ingested) * uint64(d.Updater+1)
	return h ^ uint64(d.At)*3 ^ math.Float64bits(d.Amount)
}
