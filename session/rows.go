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
	buffer []T      // of warmUp; nil: it does nothing
}

// stamp is 16 bytes, as is an arrival that takes its place; rows are numbered by uint32, and it is therefore that
// events are limited to math.MaxUint32.
type stamp struct {
	at  instant
	key uint32
}

// add takes one event. Keys are dense: a key not seen before is len(counts).
func (r *rows[T]) add(key int, at instant, v T) error {
	if uint64(r.stamps.n) == math.MaxUint32 {
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
	if err := r.stamps.push(r.acct, stamp{at: at, key: uint32(key)}); err != nil {
		return err
	}
	return r.values.push(r.acct, v)
}

// arrival is an event in the order of a fold. It is 16 bytes, as a stamp is.
type arrival struct {
	at  instant
	row uint32 // index of the event as it came
}

func compareArrivals(a, b arrival) int {
	if c := a.at.compare(b.at); c != 0 {
		return c
	}
	return cmp.Compare(a.row, b.row)
}

// cut is a session and where its events are: arrivals[from : from+count].
type cut struct {
	span
	from int
}

// cuts ends the intake: it gives the sessions, ordered by (key, start), and the events, ordered by (key, time,
// arrival).
func (r *rows[T]) cuts(rule gapRule) ([]cut, []arrival, error) {
	events, err := r.grouped()
	if err != nil {
		return nil, nil, err
	}
	var cuts []cut
	begin := 0
	for key, end := range r.counts {
		own := events[begin:end]
		if !slices.IsSortedFunc(own, compareArrivals) {
			slices.SortFunc(own, compareArrivals)
		}
		for i := range own {
			at := own[i].at
			if i > 0 && cuts[len(cuts)-1].join(at, rule) {
				continue
			}
			if cuts, err = grow(r.acct, cuts, blockMin); err != nil {
				return nil, nil, err
			}
			cuts = append(cuts, cut{span: spanOf(key, at), from: begin + i})
		}
		begin = int(end)
	}
	return cuts, events, nil
}

// grouped orders the events by key, those of a key as they came, and lets go of the stamps. Keys are dense, so
// they are counted, not compared; counts[k] becomes the end of key k.
func (r *rows[T]) grouped() ([]arrival, error) {
	if err := r.acct.Grow(int64(r.stamps.n) * sizeOf[arrival]()); err != nil {
		return nil, err
	}
	events := make([]arrival, r.stamps.n)
	var begin uint32
	for k, n := range r.counts {
		r.counts[k] = begin
		begin += n
	}
	row := uint32(0)
	for _, block := range r.stamps.list {
		for i := range block {
			s := &block[i]
			events[r.counts[s.key]] = arrival{at: s.at, row: row}
			r.counts[s.key]++
			row++
		}
	}
	r.acct.Shrink(r.stamps.bytes())
	r.stamps = blocks[stamp]{}
	return events, nil
}
