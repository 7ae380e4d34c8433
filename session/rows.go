package session

import (
	"cmp"
	"math"
	"slices"

	"github.com/millrace-go/millrace/stream"
)

// rows holds events until the last has come, then cuts them into sessions. Arrival is the tie among events
// of one time, and their index here keeps it.
//
// Invariants: stamps and values have the same length; counts[k] is the number of stamps of key k.
type rows[T any] struct {
	acct   *stream.Account
	fn     string
	size   func(T) int // Options.Size
	stamps blocks[stamp]
	values blocks[T]
	counts []uint32 // by key
}

// stamp is 16 bytes; a key index of int would make it 24. It is therefore that events are limited to
// math.MaxUint32.
type stamp struct {
	sec  int64
	nsec int32
	key  uint32
}

func (s *stamp) instant() instant { return instant{s.sec, s.nsec} }

// add takes one event. Keys are dense: a key not seen before is len(counts).
func (r *rows[T]) add(key int, at instant, v T) error {
	if r.stamps.n == math.MaxUint32 {
		return &stream.LimitError{Where: "session: " + r.fn, What: "events held", Limit: math.MaxUint32}
	}
	if r.size != nil {
		if err := r.acct.Grow(int64(r.size(v))); err != nil {
			return err
		}
	}
	if key == len(r.counts) {
		var err error
		if r.counts, err = grow(r.acct, r.counts, blockMin); err != nil {
			return err
		}
		r.counts = append(r.counts, 0)
	}
	r.counts[key]++
	if err := r.stamps.push(r.acct, stamp{sec: at.sec, nsec: at.nsec, key: uint32(key)}); err != nil {
		return err
	}
	return r.values.push(r.acct, v)
}

// cut is a session and where its events are: order[from : from+count].
type cut struct {
	span
	from int
}

// cuts gives the sessions, ordered by (key, start), and the events ordered by (key, time, arrival). Keys are
// dense, so they are counted, not compared.
func (r *rows[T]) cuts(rule gapRule) ([]cut, []uint32, error) {
	if err := r.acct.Grow(int64(r.stamps.n) * sizeOf[uint32]()); err != nil {
		return nil, nil, err
	}
	order := make([]uint32, r.stamps.n)
	var begin uint32
	for k, n := range r.counts {
		r.counts[k] = begin
		begin += n
	}
	for i := range order {
		k := r.stamps.at(uint32(i)).key
		order[r.counts[k]] = uint32(i)
		r.counts[k]++ // ends as the end of key k, the begin of the next
	}

	var cuts []cut
	begin = 0
	for key, end := range r.counts {
		events := order[begin:end]
		slices.SortFunc(events, func(a, b uint32) int {
			if c := r.stamps.at(a).instant().compare(r.stamps.at(b).instant()); c != 0 {
				return c
			}
			return cmp.Compare(a, b)
		})
		for i, e := range events {
			at := r.stamps.at(e).instant()
			if i > 0 && cuts[len(cuts)-1].join(at, rule) {
				continue
			}
			var err error
			if cuts, err = grow(r.acct, cuts, blockMin); err != nil {
				return nil, nil, err
			}
			cuts = append(cuts, cut{span: spanOf(key, at), from: int(begin) + i})
		}
		begin = end
	}
	return cuts, order, nil
}
