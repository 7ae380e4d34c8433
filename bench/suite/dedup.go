package suite

import (
	"fmt"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// deduplicate keeps the latest copy of each event.
func deduplicate() compare.Comparison {
	const rows = 10_000_000
	data := func(o events.Options) compare.Params {
		o.Users = rows / 20 * 3
		return compare.Params{Events: o}
	}
	return compare.Comparison{
		Name:  "dedup",
		Title: "The latest copy of each event",
		About: "Copies of events as Go structs of 80 bytes, one to be kept per id: the latest ingested, of those one with an " +
			"updater, of those the first. Millrace and the loops `index` and `positions` give them in the order in which " +
			"the events were first seen, two-pass in that of the copies, and fail if they do not; `loop` and DuckDB in any " +
			"order. `positions` and two-pass can go back to the rows; the others see each row once, as from a stream. DuckDB " +
			"gets the rows through its Appender, all columns but the name of the type, and gives them back through database/sql.",
		Cases: []compare.Case{
			{Name: "events", About: "8.5 M ids, 15 % retries", Rows: rows, Params: data(events.Options{}), Goals: []compare.Goal{
				{Measure: "wall", A: "millrace", B: "loop", AtMost: 1. / 4},
				{Measure: "wall", A: "millrace", B: "duckdb", AtMost: 1. / 20},
				{Measure: "wall", A: "millrace-2", B: "loop", AtMost: 1. / 7},
			}},
			{Name: "hot", About: "nine copies in ten are of one event, most of them later than all before", Rows: rows,
				Params: data(events.Options{Hot: 90})},
		},
		Sides: []compare.Side{
			{Name: "millrace", About: "dedup.Best", Prepare: overDeliveries(dedupMillrace, byOrigin)},
			{Name: "millrace-2", About: "dedup.Run with two workers", Prepare: overDeliveries(dedupWorkers, byOrigin)},
			{Name: "two-pass", About: "dedup.TwoPass, which reads the rows twice and holds none", Prepare: overDeliveries(dedupTwoPass, byOffset)},
			{Name: "loop", About: "a for loop and a map of rows", Prepare: overDeliveries(dedupLoop, anyOrder)},
			{Name: "index", About: "a for loop, a slice of rows and a map of their numbers", Prepare: overDeliveries(dedupIndex, byOrigin)},
			{Name: "positions", About: "a for loop, a slice of positions and a map of their numbers", Prepare: overDeliveries(dedupPositions, byOrigin)},
			{Name: "duckdb", About: "Appender, QUALIFY row_number(), database/sql", Module: "github.com/duckdb/duckdb-go/v2", Program: "duckdb"},
		},
	}
}

// keeper calls keep with each row that is kept.
type keeper func(rows []events.Delivery, keep func(events.Delivery)) error

// order is what a side promises of what it keeps.
type order int

const (
	anyOrder order = iota
	byOrigin       // in which the events were first seen
	byOffset       // of the copies that are kept
)

// overDeliveries makes the rows, and the work. Every event is kept once, so that with the offsets checked to ascend the
// sum of all says that the order is the one that was promised.
func overDeliveries(run keeper, promised order) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) {
		rows, err := events.Deliveries(p.Events)
		if err != nil {
			return nil, err
		}
		return func() (a measure.Answer, err error) {
			last, descents := int64(-1), 0
			err = run(rows, func(d events.Delivery) {
				at := d.Origin
				if promised == byOffset {
					at = d.Offset
				}
				if at <= last {
					descents++
				}
				last = at
				a.Add(events.HashDelivery(&d))
			})
			if err == nil && promised != anyOrder && descents > 0 {
				err = fmt.Errorf("dedup: %d rows are not in the order that was promised", descents)
			}
			return a, err
		}, nil
	}
}

// latest are the rules of all engines of Millrace; Beats is the same by hand.
func latest() []dedup.Comparator[events.Delivery] {
	return []dedup.Comparator[events.Delivery]{dedup.Latest(events.Delivery.IngestedAt), dedup.Present(events.Delivery.HasUpdater)}
}

func dedupMillrace(rows []events.Delivery, keep func(events.Delivery)) error {
	return keepAll(dedup.Best(stream.Of(rows...), events.Delivery.EventID, latest()...), keep)
}

func dedupWorkers(rows []events.Delivery, keep func(events.Delivery)) error {
	o := dedup.Options[events.Delivery]{By: latest(), Resources: stream.Resources{Workers: 2}}
	return keepAll(dedup.Run(stream.Of(rows...), events.Delivery.EventID, o), keep)
}

func dedupTwoPass(rows []events.Delivery, keep func(events.Delivery)) error {
	open := func() stream.Seq[events.Delivery] { return stream.Of(rows...) }
	o := dedup.Options[events.Delivery]{By: latest(), Order: dedup.OrderWinner}
	return keepAll(dedup.TwoPass(open, events.Delivery.EventID, o), keep)
}

// keepAll consumes what Millrace yields.
func keepAll(s stream.Seq[events.Delivery], keep func(events.Delivery)) error {
	for d, err := range s {
		if err != nil {
			return err
		}
		keep(d)
	}
	return nil
}

func dedupLoop(rows []events.Delivery, keep func(events.Delivery)) error {
	best := map[uint64]events.Delivery{}
	for i := range rows {
		d := &rows[i]
		if held, ok := best[d.ID]; !ok || d.Beats(&held) {
			best[d.ID] = *d
		}
	}
	for _, d := range best {
		keep(d)
	}
	return nil
}

func dedupIndex(rows []events.Delivery, keep func(events.Delivery)) error {
	var best []events.Delivery
	numbered(rows, func(i int) { best = append(best, rows[i]) }, func(n, i int) {
		if rows[i].Beats(&best[n]) {
			best[n] = rows[i]
		}
	})
	for i := range best {
		keep(best[i])
	}
	return nil
}

func dedupPositions(rows []events.Delivery, keep func(events.Delivery)) error {
	var best []int
	numbered(rows, func(i int) { best = append(best, i) }, func(n, i int) {
		if rows[i].Beats(&rows[best[n]]) {
			best[n] = i
		}
	})
	for _, i := range best {
		keep(rows[i])
	}
	return nil
}

// numbered numbers the ids as they come, and calls first with the row of a new one, again with the number of another.
func numbered(rows []events.Delivery, first func(i int), again func(n, i int)) {
	index := map[uint64]int{}
	for i := range rows {
		if n, ok := index[rows[i].ID]; ok {
			again(n, i)
			continue
		}
		index[rows[i].ID] = len(index)
		first(i)
	}
}
