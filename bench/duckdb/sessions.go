package main

import (
	"database/sql/driver"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
)

// prepareSessions finds the visits of each user, and where it is asked what was spent in them: rows in, two window functions and a
// grouping, sessions out.
func prepareSessions(sums bool) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) {
		rows, err := events.Clicks(p.Events)
		if err != nil {
			return nil, err
		}
		return func() (a measure.Answer, err error) {
			d, err := open(p.Memory)
			if err != nil {
				return a, err
			}
			defer d.close()
			err = sessionRows(d, rows, sums, &a)
			return a, err
		}, nil
	}
}

// sessionQuery numbers the sessions of a user by a running sum of their first clicks. Its frame is a range, so that clicks of
// one time have one number.
const sessionQuery = `SELECT user_id, min(happened), max(happened), count(*), sum(cents)::BIGINT FROM (
	SELECT *, sum(fresh) OVER (PARTITION BY user_id ORDER BY happened RANGE UNBOUNDED PRECEDING) AS number FROM (
		SELECT *, CASE WHEN happened - lag(happened) OVER (PARTITION BY user_id ORDER BY happened) <= 1800000 THEN 0 ELSE 1 END AS fresh FROM clicks))
	GROUP BY user_id, number`

func sessionRows(d *database, rows []events.Click, sums bool, a *measure.Answer) error {
	err := d.exec("CREATE TABLE clicks (user_id UBIGINT, happened BIGINT, cents BIGINT, page UINTEGER, type UINTEGER)")
	if err != nil {
		return err
	}
	err = d.fill("clicks", len(rows), func(i int, values []driver.Value) []driver.Value {
		c := &rows[i]
		return append(values, c.User, c.At, c.Cents, c.Page, c.Type)
	})
	if err != nil {
		return err
	}
	var v events.Visit
	return d.query(sessionQuery, []any{&v.User, &v.Start, &v.End, &v.Clicks, &v.Cents}, func() {
		if !sums {
			v.Cents = 0
		}
		a.Add(events.HashVisit(v))
	})
}
