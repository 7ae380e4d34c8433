package suite

import (
	"fmt"
	"slices"

	"github.com/samber/lo/it"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// distinct lets the first copy of each event pass.
func distinct() compare.Comparison {
	const rows = 10_000_000
	return compare.Comparison{
		Name:  "distinct",
		Title: "The first copy of each event",
		About: "Each id passes when it is first seen, and the rows come out in that order on all sides: only the keys are held. " +
			"`approx` may drop one new id in a million; it is told which it did, fails if they are more, and they count for " +
			"its answer.",
		Cases: []compare.Case{
			{Name: "events", About: "structs of 80 bytes, 8.5 M ids", Rows: rows,
				Params: compare.Params{Events: events.Options{Users: rows / 20 * 3}}, Sides: []string{"millrace", "loop", "lo"}},
			{Name: "numbers", About: "ids alone, 8 bytes, half of them repetitions: 10 M ids", Rows: 2 * rows,
				Params: compare.Params{Events: events.Options{Retries: 50}, Numbers: true},
				Goals:  []compare.Goal{{Measure: "wall", A: "approx", B: "millrace", AtMost: 1. / 3}}},
		},
		Sides: []compare.Side{
			{Name: "millrace", About: "dedup.Distinct", Prepare: overIDs(distinctMillrace(events.Delivery.EventID), distinctMillrace(same))},
			{Name: "approx", About: "dedup.Approx, at most one false drop in a million", Prepare: distinctApprox},
			{Name: "loop", About: "a for loop and a map of keys", Prepare: overIDs(distinctRows, distinctNumbers)},
			{Name: "lo", About: "it.UniqBy", Module: "github.com/samber/lo",
				Prepare: overIDs(distinctLo(events.Delivery.EventID), distinctLo(same))},
		},
	}
}

// passer calls pass with each row that passes.
type passer[T any] func(rows []T, pass func(T)) error

// overIDs makes the rows of the case, and the work.
func overIDs(byRow passer[events.Delivery], byNumber passer[uint64]) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) {
		if p.Numbers {
			ids, err := events.IDs(p.Events)
			return func() (a measure.Answer, err error) {
				err = byNumber(ids, a.Next)
				return a, err
			}, err
		}
		rows, err := events.Deliveries(p.Events)
		return func() (a measure.Answer, err error) {
			err = byRow(rows, func(d events.Delivery) { a.Next(events.HashDelivery(&d)) })
			return a, err
		}, err
	}
}

func same(id uint64) uint64 { return id }

func distinctMillrace[T any](key func(T) uint64) passer[T] {
	return func(rows []T, pass func(T)) error {
		for v, err := range dedup.Distinct(stream.Of(rows...), key) {
			if err != nil {
				return err
			}
			pass(v)
		}
		return nil
	}
}

// distinctApprox answers for the case of numbers. The filter is made for a tenth more ids than there are.
func distinctApprox(p compare.Params) (compare.Work, error) {
	const rate = 1e-6
	ids, err := events.IDs(p.Events)
	if err != nil {
		return nil, err
	}
	isFirst, err := events.Firsts(p.Events)
	if err != nil {
		return nil, err
	}
	return func() (a measure.Answer, err error) {
		wrong := 0
		o := dedup.ApproxOptions[uint64]{FalseDropRate: rate, ExpectedKeys: int64(len(ids)) * 11 / 20, ReadAhead: 256,
			Drops: func(d dedup.Drop[uint64]) error {
				if isFirst[d.Position] {
					wrong++
					a.Next(d.Row)
				}
				return nil
			}}
		for id, err := range dedup.Approx(stream.Of(ids...), same, o) {
			if err != nil {
				return a, err
			}
			a.Next(id)
		}
		if most := 3 + 2*int(rate*float64(a.Rows)); wrong > most {
			err = fmt.Errorf("distinct: %d of %d ids were dropped wrongly, want at most %d", wrong, a.Rows, most)
		}
		return a, err
	}, nil
}

func distinctRows(rows []events.Delivery, pass func(events.Delivery)) error {
	seen := map[uint64]struct{}{}
	for i := range rows {
		if _, ok := seen[rows[i].ID]; !ok {
			seen[rows[i].ID] = struct{}{}
			pass(rows[i])
		}
	}
	return nil
}

func distinctNumbers(ids []uint64, pass func(uint64)) error {
	seen := map[uint64]struct{}{}
	for i := range ids {
		if _, ok := seen[ids[i]]; !ok {
			seen[ids[i]] = struct{}{}
			pass(ids[i])
		}
	}
	return nil
}

func distinctLo[T any](key func(T) uint64) passer[T] {
	return func(rows []T, pass func(T)) error {
		for v := range it.UniqBy(slices.Values(rows), key) {
			pass(v)
		}
		return nil
	}
}
