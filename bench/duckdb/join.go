package main

import (
	"database/sql/driver"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
)

// prepareJoin joins events with segments: both tables in, the pairs out.
func prepareJoin(p compare.Params) (compare.Work, error) {
	rows, err := events.Slab(p.Events)
	if err != nil {
		return nil, err
	}
	segments := events.Segments(p.Other)
	return func() (a measure.Answer, err error) {
		d, err := open(p.Memory)
		if err != nil {
			return a, err
		}
		defer d.close()
		err = joinRows(d, rows, segments, &a)
		return a, err
	}, nil
}

func joinRows(d *database, rows []events.Event, segments []events.Segment, a *measure.Answer) error {
	err := d.exec("CREATE TABLE events (id UBIGINT, user_id UBIGINT, type UINTEGER);" +
		"CREATE TABLE segments (user_id UBIGINT, type UINTEGER, segment UINTEGER, weight DOUBLE)")
	if err != nil {
		return err
	}
	err = d.fill("segments", len(segments), func(i int, values []driver.Value) []driver.Value {
		s := &segments[i]
		return append(values, s.User, s.Type, s.Segment, s.Weight)
	})
	if err != nil {
		return err
	}
	err = d.fill("events", len(rows), func(i int, values []driver.Value) []driver.Value {
		e := &rows[i]
		return append(values, e.ID, e.User, e.Type)
	})
	if err != nil {
		return err
	}
	var id uint64
	var segment uint32
	var weight float64
	return d.query("SELECT e.id, s.segment, s.weight FROM events e JOIN segments s USING (user_id, type)",
		[]any{&id, &segment, &weight}, func() { a.Add(events.HashJoined(id, segment, weight)) })
}
