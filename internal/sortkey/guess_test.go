package sortkey_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-go/millrace/internal/sortkey"
)

type inner struct {
	Rank  int16
	Small uint8
}

// event has a field of each kind that can be guessed.
type event struct {
	Flag   bool
	ID     uint64
	Seq    int
	Price  float64
	Ratio  float32
	Name   string
	hidden int32
	Inner  inner
	At     time.Time
	Tags   []string
}

func TestGuess(t *testing.T) {
	began := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	for name, compare := range map[string]func(a, b event) int{
		"uint":         func(a, b event) int { return cmp.Compare(a.ID, b.ID) },
		"int_falling":  func(a, b event) int { return cmp.Compare(b.Seq, a.Seq) },
		"float":        func(a, b event) int { return cmp.Compare(a.Price, b.Price) },
		"float32":      func(a, b event) int { return cmp.Compare(a.Ratio, b.Ratio) },
		"text":         func(a, b event) int { return strings.Compare(a.Name, b.Name) },
		"unexported":   func(a, b event) int { return cmp.Compare(a.hidden, b.hidden) },
		"of_a_field":   func(a, b event) int { return cmp.Compare(a.Inner.Rank, b.Inner.Rank) },
		"small":        func(a, b event) int { return cmp.Compare(a.Inner.Small, b.Inner.Small) },
		"time":         func(a, b event) int { return a.At.Compare(b.At) },
		"time_falling": func(a, b event) int { return b.At.Compare(a.At) },
		"then_another": func(a, b event) int { return cmp.Or(cmp.Compare(a.hidden, b.hidden), cmp.Compare(a.ID, b.ID)) },
	} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 3))
			events := make([]*event, 2000)
			for i := range events {
				events[i] = &event{
					ID: rng.Uint64(), Seq: int(rng.Int32()) - 1<<30, Price: rng.NormFloat64(), Ratio: rng.Float32() - .5,
					Name: string(rune('a'+rng.IntN(26))) + string(rune('a'+rng.IntN(26))), hidden: int32(rng.Uint32()) / 1000,
					Inner: inner{int16(rng.Uint32()), uint8(rng.Uint32())}, At: began.Add(time.Duration(rng.Int64N(1 << 50))),
				}
			}
			slices.SortStableFunc(events, func(a, b *event) int { return compare(*a, *b) })
			number := sortkey.Guess(events[500:756], compare)
			if number == nil {
				if !sortkey.Guesses {
					return
				}
				t.Fatal("Guess() = nil")
			}
			for i := 1; i < len(events); i++ {
				if a, b := number(events[i-1]), number(events[i]); a > b {
					t.Fatalf("%x comes before %x", a, b)
				}
			}
		})
	}
}

func TestGuess_None(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	events := make([]*event, 256)
	for i := range events {
		events[i] = &event{ID: rng.Uint64(), Tags: []string{strings.Repeat("x", i)}}
	}
	byTags := func(a, b event) int { return cmp.Compare(len(a.Tags[0]), len(b.Tags[0])) }
	if sortkey.Guess(events, byTags) != nil {
		t.Fatal("there is no such number")
	}
	alike := func(a, b event) int { return 0 }
	if sortkey.Guess(events, alike) != nil {
		t.Fatal("equal elements show no order")
	}
	if sortkey.Guess([]**event{&events[0], &events[1]}, func(a, b *event) int { return -1 }) != nil {
		t.Fatal("what a pointer points to is not looked at")
	}
}
