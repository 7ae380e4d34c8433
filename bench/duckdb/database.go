package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// database is one in-memory database with all its defaults, but for the memory limit where a case has one.
type database struct {
	connector *duckdb.Connector
	db        *sql.DB
	temp      string // folder to spill into; empty: none needed
}

// leastMemory is what DuckDB gets where a bound was scaled down with the rows: it does not begin with much less.
const leastMemory = 32 << 20

// open opens a database that may use memory bytes; 0: as many as it likes.
func open(memory int64) (*database, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("duckdb: %w", err)
	}
	d := &database{connector: connector, db: sql.OpenDB(connector)}
	if memory == 0 {
		return d, nil
	}
	if d.temp, err = os.MkdirTemp("", "millrace-bench-duckdb-"); err != nil {
		return nil, fmt.Errorf("duckdb: %w", err)
	}
	// Without order to keep, DuckDB needs less memory.
	return d, d.exec(fmt.Sprintf("SET memory_limit='%dB'; SET temp_directory='%s'; SET preserve_insertion_order=false",
		max(memory, leastMemory), filepath.ToSlash(d.temp)))
}

func (d *database) exec(query string) error {
	if _, err := d.db.Exec(query); err != nil {
		return fmt.Errorf("duckdb: %s: %w", query, err)
	}
	return nil
}

// fill appends rows to a table. row appends the i-th to values, which it may use again.
func (d *database) fill(table string, n int, row func(i int, values []driver.Value) []driver.Value) error {
	conn, err := d.connector.Connect(context.Background())
	if err != nil {
		return fmt.Errorf("duckdb: %w", err)
	}
	defer conn.Close()
	appender, err := duckdb.NewAppenderFromConn(conn, "", table)
	if err != nil {
		return fmt.Errorf("duckdb: %w", err)
	}
	var values []driver.Value
	for i := range n {
		values = row(i, values[:0])
		if err := appender.AppendRow(values...); err != nil {
			appender.Close()
			return fmt.Errorf("duckdb: row %d: %w", i, err)
		}
	}
	if err := appender.Close(); err != nil {
		return fmt.Errorf("duckdb: %w", err)
	}
	return nil
}

// query calls row with each row of the answer, scanned into into.
func (d *database) query(query string, into []any, row func()) error {
	rows, err := d.db.Query(query)
	if err != nil {
		return fmt.Errorf("duckdb: %s: %w", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("duckdb: %w", err)
		}
		row()
	}
	return rows.Err()
}

// close ends the database and removes what it spilled.
func (d *database) close() error {
	err := d.db.Close()
	if d.temp != "" {
		os.RemoveAll(d.temp)
	}
	return err
}
