//go:build invariants

package dedup

import "fmt"

// checkInvariants panics where a numbered invariant of entries does not hold, or rows are not conserved. It is called
// between two calls; of large states, between every thousandth and the next, for it walks through all entries.
func (s *State[T, K]) checkInvariants() {
	if s.facts.n > 256 && s.stats.In%1024 != 0 {
		return
	}
	p := s.plan()
	broken := func(n int, format string, args ...any) {
		panic(fmt.Sprintf("dedup: invariant %d of entries at element %d: ", n, s.position) + fmt.Sprintf(format, args...))
	}
	var kinds [entryClosed + 1]int
	waiting := int64(0)
	for i := range s.facts.n {
		f := s.facts.at(i)
		kinds[f.kind]++
		if f.kind == entryFree {
			continue
		}
		if s.survives(i) {
			waiting++
		}
		if m := s.entries.more(i); m != nil {
			if flaw := p.merge.flaw(m); flaw != "" {
				broken(5, "entry %d: %s", i, flaw)
			}
		}
		if f.kind == entryKey {
			if got := s.find(s.keys.at(i), f.hash); got != i || f.hash != s.hasher.Hash(s.keys.at(i), 0) {
				broken(1, "the key of entry %d is found as %d", i, got)
			}
		}
		if p.ttl > 0 {
			at := *s.due.places.at(i)
			if at < 0 || int(at) >= len(s.due.items) || s.due.items[at].entry != int32(i) || s.due.items[at].at > s.deadline(i) {
				broken(3, "entry %d stands at %d of the deadlines", i, at)
			}
		}
		if s.entries.position(i) < f.first || s.entries.position(i) >= s.next {
			broken(2, "entry %d: its row stood at %d, the first of its key at %d, all before %d", i, s.entries.position(i), f.first, s.next)
		}
	}
	if kinds[entryKey] != s.index.n {
		broken(1, "%d keys, %d in the index", kinds[entryKey], s.index.n)
	}
	if kinds[entryFree] != len(s.free) || s.live+len(s.free) != s.facts.n || kinds[entryGroup] > 1 || (kinds[entryGroup] == 1) != (s.group >= 0) {
		broken(2, "%d free, %d listed, %d live of %d, group %d", kinds[entryFree], len(s.free), s.live, s.facts.n, s.group)
	}
	for i, d := range s.due.items {
		if i > 0 && s.due.items[(i-1)/2].at > d.at {
			broken(3, "deadline %d is before its parent", i)
		}
	}
	if s.account != nil {
		reach := int64(0)
		for i := range s.facts.n {
			reach += s.reach(s.keys.at(i), s.entries.row(i), s.entries.more(i))
		}
		if used := s.account.Used(); used != s.static()+reach {
			broken(4, "%d bytes booked, %d are live", used, s.static()+reach)
		}
	}
	if waiting != s.waiting || !conserved(&s.stats, s.waiting) {
		panic(fmt.Sprintf("dedup: rows are not conserved at element %d: %d held, %d counted, %+v", s.position, waiting, s.waiting, s.stats))
	}
}
