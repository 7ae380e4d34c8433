package events

import "testing"

const testRows = 200_000

func TestSlab_is_the_function_of_the_row(t *testing.T) {
	for _, o := range []Options{{Rows: testRows, Seed: 1, Users: 1000, Zipf: true}, {Rows: 7, Seed: 2, Users: 1}, {Rows: 0, Users: 1}} {
		rows, err := Slab(o)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := New(o)
		if len(rows) != o.Rows {
			t.Fatalf("%d rows, want %d", len(rows), o.Rows)
		}
		for i, got := range rows {
			if want := s.At(i); got != want {
				t.Fatalf("row %d is %+v, want %+v", i, got, want)
			}
		}
	}
}

func TestNew_refuses(t *testing.T) {
	for _, o := range []Options{{Rows: -1, Users: 1}, {Rows: 1}, {Users: 1, Retries: 100}, {Users: 1, Retries: -1},
		{Users: 1, Hot: 100}, {Users: 1, Hot: -1}, {Users: 1, Hot: 1, Sorted: true}, {Users: 1, Bot: 101}, {Users: 1, Bot: -1},
		{Users: 1, Late: 101}, {Users: 1, Late: -1}} {
		if _, err := New(o); err == nil {
			t.Errorf("New(%+v) gives no error", o)
		}
	}
}

func TestEvents_shares(t *testing.T) {
	for _, o := range []Options{{Rows: testRows, Seed: 1, Users: testRows / 20 * 3, Zipf: true}, {Rows: testRows, Seed: 9, Users: 4700}} {
		rows, err := Slab(o)
		if err != nil {
			t.Fatal(err)
		}
		first := map[uint64]Event{}
		perUser := map[uint64]int{}
		perType := map[uint32]int{}
		late, last := 0, int64(0)
		for i, e := range rows {
			perUser[e.User]++
			perType[e.Type]++
			if e.Ingested < last || e.At > e.Ingested || e.Ingested-e.At > span {
				t.Fatalf("row %d: happened %d, arrived %d, the row before %d", i, e.At, e.Ingested, last)
			}
			last = e.Ingested
			f, again := first[e.ID]
			if !again {
				first[e.ID] = e
				if e.Ingested-e.At >= 3000 {
					late++
				}
				continue
			}
			e.Ingested, e.Updater = f.Ingested, f.Updater
			if e != f {
				t.Fatalf("row %d repeats %+v as %+v", i, f, e)
			}
		}
		within(t, "retries", testRows-len(first), 0.15*testRows)
		within(t, "late", late, 0.02*float64(len(first)))
		for i, share := range shares {
			within(t, Types[i], perType[uint32(i)], float64(share)*testRows/100)
		}
		if len(perUser) > o.Users {
			t.Errorf("%d users, want at most %d", len(perUser), o.Users)
		}
		most := 0
		for _, n := range perUser {
			most = max(most, n)
		}
		if hot := most > testRows/50; hot != o.Zipf {
			t.Errorf("zipf %v: the most frequent user has %d of %d rows", o.Zipf, most, testRows)
		}
	}
}

// A bot has its share of the rows, retries included, all of one key; who the others are does not depend on it.
func TestEvents_bot(t *testing.T) {
	o := Options{Rows: testRows, Seed: 4, Users: 5000}
	rows, err := Slab(o)
	if err != nil {
		t.Fatal(err)
	}
	o.Bot = 90
	with, err := Slab(o)
	if err != nil {
		t.Fatal(err)
	}
	bot, n := Event{User: userOf(1), Type: 0, TypeName: Types[0]}.UserType(), 0
	for i, e := range with {
		if e.UserType() == bot && e.TypeName == Types[0] && e.Amount == 0 {
			n++
		} else if e != rows[i] {
			t.Fatalf("row %d is %+v, without a bot %+v", i, e, rows[i])
		}
	}
	within(t, "rows of the bot", n, 0.9*testRows)
}

// within allows for chance: a tenth, and fifty.
func within(t *testing.T, what string, got int, want float64) {
	t.Helper()
	if d := float64(got) - want; d > want/10+50 || -d > want/10+50 {
		t.Errorf("%s: %d, want about %.0f", what, got, want)
	}
}
