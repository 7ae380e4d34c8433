package main

import (
	"database/sql/driver"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
)

// prepareAggregate counts events per user and type: rows in, GROUP BY, groups out.
func prepareAggregate(p compare.Params) (compare.Work, error) {
	rows, err := events.Slab(p.Events)
	if err != nil {
		return nil, err
	}
	return func() (a measure.Answer, err error) {
		d, err := open(p.Memory)
		if err != nil {
			return a, err
		}
		defer d.close()
		if p.StringKey {
			err = countByName(d, rows, &a)
		} else {
			err = countByType(d, rows, &a)
		}
		return a, err
	}, nil
}

const countQuery = "SELECT user_id, type, count(*) FROM events GROUP BY ALL"

func countByType(d *database, rows []events.Event, a *measure.Answer) error {
	if err := d.exec("CREATE TABLE events (user_id UBIGINT, type UINTEGER)"); err != nil {
		return err
	}
	err := d.fill("events", len(rows), func(i int, values []driver.Value) []driver.Value {
		return append(values, rows[i].User, rows[i].Type)
	})
	if err != nil {
		return err
	}
	var user uint64
	var kind uint32
	var n int
	return d.query(countQuery, []any{&user, &kind, &n}, func() { a.Add(events.HashType(user, kind, n)) })
}

func countByName(d *database, rows []events.Event, a *measure.Answer) error {
	if err := d.exec("CREATE TABLE events (user_id UBIGINT, type VARCHAR)"); err != nil {
		return err
	}
	err := d.fill("events", len(rows), func(i int, values []driver.Value) []driver.Value {
		return append(values, rows[i].User, rows[i].TypeName)
	})
	if err != nil {
		return err
	}
	var user uint64
	var kind string
	var n int
	return d.query(countQuery, []any{&user, &kind, &n}, func() { a.Add(events.HashName(user, kind, n)) })
}
