package main

import (
	"database/sql"
	"database/sql/driver"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
)

// prepareDedup keeps the latest copy of each event: rows in, a window function, rows out.
func prepareDedup(p compare.Params) (compare.Work, error) {
	rows, err := events.Deliveries(p.Events)
	if err != nil {
		return nil, err
	}
	return func() (a measure.Answer, err error) {
		d, err := open(p.Memory)
		if err != nil {
			return a, err
		}
		defer d.close()
		err = dedupRows(d, rows, &a)
		return a, err
	}, nil
}

// latestQuery numbers the copies of an event, the best first.
const latestQuery = `SELECT id, user_id, type, updater, happened, ingested, amount, place, origin FROM events
	QUALIFY row_number() OVER (PARTITION BY id ORDER BY ingested DESC, updater IS NOT NULL DESC, place) = 1`

func dedupRows(d *database, rows []events.Delivery, a *measure.Answer) error {
	err := d.exec("CREATE TABLE events (id UBIGINT, user_id UBIGINT, type UINTEGER, updater UINTEGER, happened BIGINT, ingested BIGINT, " +
		"amount DOUBLE, place BIGINT, origin BIGINT)")
	if err != nil {
		return err
	}
	err = d.fill("events", len(rows), func(i int, values []driver.Value) []driver.Value {
		e := &rows[i]
		values = append(values, e.ID, e.User, e.Type, e.Updater, e.At, e.Ingested, e.Amount, e.Offset, e.Origin)
		if !e.HasUpdater() {
			values[3] = nil
		}
		return values
	})
	if err != nil {
		return err
	}
	var e events.Delivery
	var by sql.Null[uint32]
	return d.query(latestQuery, []any{&e.ID, &e.User, &e.Type, &by, &e.At, &e.Ingested, &e.Amount, &e.Offset, &e.Origin}, func() {
		e.Updater = by.V // 0 where it is null
		a.Add(events.HashDelivery(&e))
	})
}
