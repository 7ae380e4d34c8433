package events

import (
	"testing"
	"unsafe"
)

// Of each sample there are two copies as far as there are rows: alike, but for when they arrived and what they say.
func TestSamples_copies(t *testing.T) {
	if size := unsafe.Sizeof(Sample{}); size != 64 {
		t.Errorf("a sample takes %d bytes", size)
	}
	s := Samples{Rows: 20_000, Keys: 10_000, Seed: 3}
	seen := map[uint64]int{}
	corrected := 0
	for i := range s.Rows {
		row := s.At(i)
		if row != s.At(i) {
			t.Fatalf("row %d is not the same twice", i)
		}
		first, again := seen[row.ID]
		if again != (i >= s.Keys) || again && first != int(row.Origin) || !again && i != int(row.Origin) {
			t.Fatalf("row %d: origin %d, first seen at %d", i, row.Origin, first)
		}
		seen[row.ID] = i
		if again {
			before := s.At(first)
			if row.At <= before.At {
				t.Fatalf("row %d arrived at %d, the copy before it at %d", i, row.At, before.At)
			}
			if row.Value != before.Value {
				corrected++
			}
			before.At, before.Value = row.At, row.Value
			if row != before {
				t.Fatalf("row %d is %+v, want %+v", i, row, before)
			}
		}
	}
	if len(seen) != s.Keys {
		t.Errorf("%d ids of %d samples", len(seen), s.Keys)
	}
	if other := (Samples{Rows: 1, Keys: 1, Seed: 4}).At(0); other.ID == s.At(0).ID {
		t.Error("another seed gives the same ids")
	}
	if corrected == 0 {
		t.Error("no second copy says anything else")
	}
}
