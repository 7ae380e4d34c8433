package events

import (
	"slices"
	"testing"
	"unsafe"
)

// Clicks are the function of their row, in order of time but for those that are late, and as many of them as asked come late
// or from the bot.
func TestClicks(t *testing.T) {
	if got := unsafe.Sizeof(Click{}); got != 32 {
		t.Errorf("a click takes %d bytes, want 32", got)
	}
	for _, o := range []Options{{Users: 6400}, {Users: 6400, Zipf: true}, {Users: 6400, Late: 10}, {Users: 6400, Bot: 90}} {
		o.Rows, o.Seed = testRows, 7
		rows, err := Clicks(o)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := New(o)
		perUser, late, latest := map[uint64]int{}, 0, int64(0)
		for i, c := range rows {
			if c != s.Click(i) {
				t.Fatalf("row %d is %+v, want %+v", i, c, s.Click(i))
			}
			if perUser[c.User]++; c.At < latest {
				late++
			}
			if latest = max(latest, c.At); latest-c.At > clickLate {
				t.Fatalf("row %d is %d ms late", i, latest-c.At)
			}
		}
		within(t, "late", late, float64(o.Late)/100*testRows)
		most, want := maxOf(perUser), 31.0
		switch {
		case o.Bot > 0:
			want = testRows * 0.9
		case o.Zipf:
			want = testRows / 12
		}
		if most < int(want/2) || most > int(2*want)+50 {
			t.Errorf("%+v: the most frequent user has %d rows, want about %.0f", o, most, want)
		}
		SortClicks(rows)
		if !slices.IsSortedFunc(rows, func(a, b Click) int { return int(a.At - b.At) }) {
			t.Errorf("%+v: SortClicks left rows out of order", o)
		}
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
