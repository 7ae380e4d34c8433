package events

import (
	"math"
)

// Sample is a row of 64 bytes without text: what a sensor said, of which there is a first and a corrected copy. Copies are made one
// by one as they are asked for, so that a program can read more of them than it has memory for.
type Sample struct {
	ID     uint64 // the same in both copies
	At     int64  // when this copy arrived, milliseconds of the Unix epoch
	Origin int64  // row of the first copy
	Site   uint32
	Kind   uint32
	Value  float64 // in hundredths
	Low    float64 // the same
	Count  int64
	Flags  uint64
}

// Samples makes the copies of some samples: those of all of them, and then those of all of them again. The row of the second copy
// is later by as many rows as there are samples.
type Samples struct {
	Rows int
	Keys int // samples
	Seed uint64
}

// At returns row i, 0 <= i < Rows.
func (s Samples) At(i int) Sample {
	origin := i % max(s.Keys, 1)
	h := Mix(s.Seed + uint64(origin)*0x9e3779b97f4a7c15)
	return Sample{
		ID: h, At: start + int64(i)/64, Origin: int64(origin), Site: uint32(h>>40) % 5000, Kind: uint32(h>>36) % 12,
		Value: float64((h+uint64(i))>>20%100_000) / 100, Low: float64(h>>8%50_000) / 100, Count: int64(h >> 50), Flags: h >> 61,
	}
}

// The accessors are what operators take.

func (s Sample) Key() uint64    { return s.ID }
func (s Sample) Arrived() int64 { return s.At }

// HashSample is what a copy that was kept adds to an answer. All columns count.
func HashSample(s *Sample) uint64 {
	h := Mix(s.ID ^ uint64(s.At)<<20 ^ uint64(s.Origin)<<40)
	h += uint64(s.Site)*uint64(s.Kind+1) + uint64(s.Count)*uint64(s.Flags+1)
	return h ^ math.Float64bits(s.Value)*3 ^ math.Float64bits(s.Low)
}
