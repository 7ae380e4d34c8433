package suite

import (
	"cmp"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// deduplicateSorted keeps the latest copy of each event where the copies come by id.
func deduplicateSorted() compare.Comparison {
	const rows = 10_000_000
	return compare.Comparison{
		Name:  "dedup-sorted",
		Title: "The latest copy of each event, sorted by id",
		About: "The same copies, ascending by id: one row is held. Millrace checks the order, and fails where it is broken; the loop " +
			"trusts it.",
		Cases: []compare.Case{{
			Name: "events", About: "8.5 M ids, 15 % retries", Rows: rows,
			Params: compare.Params{Events: events.Options{Users: rows / 20 * 3, Sorted: true}},
			Goals:  []compare.Goal{{Measure: "wall", A: "millrace", AtMost: rows / 30e6}}, // 30 M rows per second
		}},
		Sides: []compare.Side{
			{Name: "millrace", About: "dedup.Sorted", Prepare: overDeliveries(sortedMillrace, byOrigin)},
			{Name: "loop", About: "a for loop that holds the best row", Prepare: overDeliveries(sortedLoop, byOrigin)},
		},
	}
}

func sortedMillrace(rows []events.Delivery, keep func(events.Delivery)) error {
	return keepAll(dedup.Sorted(stream.Of(rows...), events.Delivery.EventID, cmp.Compare, dedup.Options[events.Delivery]{By: latest()}), keep)
}

func sortedLoop(rows []events.Delivery, keep func(events.Delivery)) error {
	if len(rows) == 0 {
		return nil
	}
	best := rows[0]
	for i := range rows[1:] {
		d := &rows[i+1]
		if d.ID == best.ID {
			if d.Beats(&best) {
				best = *d
			}
			continue
		}
		keep(best)
		best = *d
	}
	keep(best)
	return nil
}
