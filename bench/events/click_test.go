package events

import (
	"cmp"
	"slices"
	"testing"
	"unsafe"
)

// Clicks are the function of their row, in order of time but for those that are late, and as many of them as asked come late
// or from the bot. Users come in visits, where that is asked.
func TestClicks(t *testing.T) {
	if got := unsafe.Sizeof(Click{}); got != 32 {
		t.Errorf("a click takes %d bytes, want 32", got)
	}
	for _, c := range []struct {
		o             Options
		visits, share float64 // sessions, and rows of the most frequent user
	}{
		{Options{Users: 6400}, testRows / 7.7, 31. / testRows},
		{Options{Users: 6400, Zipf: true}, testRows / 7.7, 0.1},
		{Options{Users: 6400, Late: 10}, testRows / 7, 31. / testRows},
		{Options{Users: 6400, Bot: 90}, testRows / 12.5, 0.9},
		{Options{Users: 6400, Visits: true}, testRows / 7.7, 31. / testRows},
		{Options{Users: 6400, Visits: true, Zipf: true}, testRows / 14, 0.1},
	} {
		c.o.Rows, c.o.Seed = testRows, 7
		rows, err := Clicks(c.o)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := New(c.o)
		perUser, late, latest := map[uint64]int{}, 0, int64(0)
		for i, row := range rows {
			if row != s.Click(i) {
				t.Fatalf("row %d is %+v, want %+v", i, row, s.Click(i))
			}
			if perUser[row.User]++; row.At < latest {
				late++
			}
			if latest = max(latest, row.At); latest-row.At > clickLate {
				t.Fatalf("row %d is %d ms late", i, latest-row.At)
			}
		}
		within(t, "late", late, float64(c.o.Late)/100*testRows)
		if most := float64(maxOf(perUser)); most < c.share/2*testRows || most > 4*c.share*testRows+50 {
			t.Errorf("%+v: the most frequent user has %.0f rows, want about %.0f", c.o, most, c.share*testRows)
		}
		SortClicks(rows)
		if !slices.IsSortedFunc(rows, func(a, b Click) int { return cmp.Compare(a.At, b.At) }) {
			t.Errorf("%+v: SortClicks left rows out of order", c.o)
		}
		visits, last := 0, map[uint64]int64{}
		for _, row := range rows {
			if at, again := last[row.User]; !again || row.At-at > SessionGap.Milliseconds() {
				visits++
			}
			last[row.User] = row.At
		}
		t.Logf("%+v: %d visits", c.o, visits)
		within(t, "visits", visits, c.visits)
	}
}

// Every column of a visit counts for an answer.
func TestHashVisit(t *testing.T) {
	v := Visit{User: 1, Start: 2, End: 3, Clicks: 4, Cents: 5}
	hashes := []uint64{HashVisit(v)}
	for _, change := range []func(*Visit){
		func(v *Visit) { v.User++ }, func(v *Visit) { v.Start++ }, func(v *Visit) { v.End++ },
		func(v *Visit) { v.Clicks++ }, func(v *Visit) { v.Cents++ },
	} {
		other := v
		change(&other)
		if h := HashVisit(other); slices.Contains(hashes, h) {
			t.Errorf("%+v has the hash of another", other)
		} else {
			hashes = append(hashes, h)
		}
	}
}
