package dedup

import (
	"fmt"

	"github.com/millrace-go/millrace/internal/snapshot"
)

// What a snapshot has of a key under KeepMerge, behind its best row:
//
//	uvarint  0: nothing else is known; otherwise 1 more than the donors
//	uvarint  reducers for which a row counted, bit i for Merge[i]
//	uvarint  of these, the picks whose field is the best row's
//	record   row that has the totals in their fields, if there are reducers that total
//	and for each donor, in order of position:
//	    uvarint  its position less that of the first row of the key
//	    uvarint  picks that it gives
//	    record   row
func (s *State[T, K]) writeMore(w *snapshot.Writer, i int) error {
	m := s.entries.more(i)
	if m == nil {
		w.Uvarint(0)
		return nil
	}
	w.Uvarint(uint64(len(m.Donors)) + 1)
	w.Uvarint(m.Counted)
	w.Uvarint(m.OfBest)
	if s.plan().merge.totals != 0 {
		known := *m
		s.plan().merge.ownTotals(&known) // in the form they come out in
		if err := snapshot.WriteRecord(w, s.rowCodec, &known.Totals); err != nil {
			return err
		}
	}
	for j := range m.Donors {
		d := &m.Donors[j]
		w.Uvarint(uint64(d.Position - s.facts.at(i).first))
		w.Uvarint(d.Fields)
		if err := snapshot.WriteRecord(w, s.rowCodec, &d.Row); err != nil {
			return err
		}
	}
	return nil
}

// readMore reads what writeMore wrote of an entry. It refuses what joining rows cannot make, for what is known is trusted
// from there on.
func (s *State[T, K]) readMore(r *snapshot.Reader, one *entry[T, K]) (*more[T], error) {
	at := r.Offset()
	n, err := r.Uvarint()
	if n == 0 || err != nil {
		return nil, err
	}
	n--
	if n > uint64(len(s.plan().merge.reducers)) {
		return nil, snapshot.Refuse(at, "rows beside the best one", n, "one per reducer at most")
	}
	m := new(more[T])
	if m.Counted, err = r.Uvarint(); err != nil {
		return nil, err
	}
	if m.OfBest, err = r.Uvarint(); err != nil {
		return nil, err
	}
	if s.plan().merge.totals != 0 {
		if err := snapshot.ReadRecord(r, "totals", s.rowCodec, &m.Totals); err != nil {
			return nil, err
		}
	}
	for range n {
		d, err := s.readDonor(r, one.first)
		if err != nil {
			return nil, err
		}
		m.Donors = append(m.Donors, d)
	}
	if one.kind == entryNull {
		return nil, snapshot.Refuse(at, "what is known beside a row", "something", "nothing, for it has no key")
	}
	if flaw := s.plan().merge.flaw(m); flaw != "" {
		return nil, snapshot.Refuse(at, "what is known beside a row", flaw, "what rows make")
	}
	return m, nil
}

// readDonor reads a row that gives fields; the first row of its key stood at first.
func (s *State[T, K]) readDonor(r *snapshot.Reader, first int64) (d donor[T], err error) {
	at := r.Offset()
	behind, err := r.Count("position of a row that gives a field")
	if err != nil {
		return d, err
	}
	if d.Position = first + behind; d.Position >= s.next {
		return d, snapshot.Refuse(at, "position of a row that gives a field", d.Position, fmt.Sprintf("less than %d", s.next))
	}
	if d.Fields, err = r.Uvarint(); err != nil {
		return d, err
	}
	return d, snapshot.ReadRecord(r, "row", s.rowCodec, &d.Row)
}
