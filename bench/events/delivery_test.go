package events

import (
	"testing"
	"unsafe"
)

func TestDelivery_takes_80_bytes(t *testing.T) {
	if got := unsafe.Sizeof(Delivery{}); got != 80 {
		t.Errorf("a delivery takes %d bytes, want 80", got)
	}
}

// Copies of one event are the event but for when they came and who touched them; a key belongs to one origin; and there
// are as many repetitions as asked.
func TestDeliveries_repeat_their_origin(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      Options
		repeat float64 // share of the rows
	}{
		{"default", Options{Users: 1000, Zipf: true}, 0.15},
		{"half", Options{Users: 1000, Retries: 50}, 0.5},
		{"hot", Options{Users: 1000, Hot: 90}, 0.9 + 0.1*0.15},
		{"sorted", Options{Users: 1000, Sorted: true}, 0.15},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Rows, c.o.Seed = testRows, 3
			rows, err := Deliveries(c.o)
			if err != nil {
				t.Fatal(err)
			}
			ids, err := IDs(c.o)
			if err != nil {
				t.Fatal(err)
			}
			firsts, err := Firsts(c.o)
			if err != nil {
				t.Fatal(err)
			}
			copies, origins, same, last := 0, map[uint64]int64{}, 0, uint64(0)
			perID := map[uint64]int{}
			for i, d := range rows {
				if d.Offset != int64(i) || ids[i] != d.ID || firsts[i] != (d.Origin == d.Offset) {
					t.Fatalf("row %d is %+v, with the id %d, first copy %v", i, d, ids[i], firsts[i])
				}
				if c.o.Sorted && d.ID < last {
					t.Fatalf("row %d: id %d after %d", i, d.ID, last)
				}
				last = d.ID
				perID[d.ID]++
				if d.Origin == d.Offset {
					if _, known := origins[d.ID]; known {
						t.Fatalf("row %d: a first copy of an id that was there", i)
					}
					origins[d.ID] = d.Origin
					continue
				}
				copies++
				f := rows[d.Origin]
				if origin, known := origins[d.ID]; !known || origin != d.Origin || d.Ingested < f.Ingested {
					t.Fatalf("row %d repeats %+v as %+v", i, f, d)
				}
				if d.Ingested == f.Ingested {
					same++
				}
				d.Offset, d.Ingested, d.Updater = f.Offset, f.Ingested, f.Updater
				if d != f {
					t.Fatalf("row %d repeats %+v as %+v", i, f, d)
				}
			}
			within(t, "copies", copies, c.repeat*testRows)
			within(t, "copies of one time", same, float64(copies)/8)
			if most := maxOf(perID); (most > testRows*8/10) != (c.o.Hot > 0) {
				t.Errorf("the most frequent id has %d of %d rows", most, testRows)
			}
		})
	}
}

func maxOf(counts map[uint64]int) (most int) {
	for _, n := range counts {
		most = max(most, n)
	}
	return most
}

func TestDelivery_Beats(t *testing.T) {
	copyOf := func(ingested int64, updater uint32) Delivery {
		return Delivery{Event: Event{Ingested: ingested, Updater: updater}}
	}
	for _, c := range []struct {
		name    string
		d, held Delivery
		want    bool
	}{
		{"later", copyOf(2, 0), copyOf(1, 1), true},
		{"earlier", copyOf(1, 1), copyOf(2, 0), false},
		{"same_time_with_updater", copyOf(1, 1), copyOf(1, 0), true},
		{"same_time_without", copyOf(1, 0), copyOf(1, 1), false},
		{"tie_of_two_updaters", copyOf(1, 2), copyOf(1, 1), false},
		{"tie_of_none", copyOf(1, 0), copyOf(1, 0), false},
	} {
		if got := c.d.Beats(&c.held); got != c.want {
			t.Errorf("%s: Beats = %v, want %v", c.name, got, c.want)
		}
	}
}
