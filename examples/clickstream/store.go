package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/millrace-go/millrace/parquetio"
	"github.com/millrace-go/millrace/stream"
)

// dateOf is the dataset partition of a time: its date in UTC, or the null date.
func dateOf(at stream.Opt[time.Time]) parquetio.Partition {
	if t, ok := at.Get(); ok {
		return parquetio.Day(t)
	}
	return parquetio.PartitionOf("date", "")
}

// requested are the dates that the run was asked to replace, rows or no rows; nil: those that it sees.
func (j *job) requested() []parquetio.Partition {
	if !j.cfg.ranged() {
		return nil
	}
	return parquetio.Days(j.cfg.from, j.cfg.to)
}

// allDir is where the events of all dates are staged when only some dates are replaced.
func (j *job) allDir() string { return filepath.Join(j.cfg.out, ".millrace-all.tmp") }

// stageEvents writes the rows by date, beside what is there; ranged counts those that are.
//
// With a date range the events of all dates are staged as well, out of sight: a session that begins inside the range
// may end outside it, and one that begins before it owns events inside.
func (j *job) stageEvents(ctx context.Context, rows stream.Seq[event], ranged *stream.Stage) error {
	by := func(e event) parquetio.Partition { return dateOf(e.At) }
	if j.cfg.ranged() {
		ds, err := parquetio.NewDataset[event](j.allDir(), parquetio.DatasetOptions{})
		if err != nil {
			return err
		}
		if j.all, err = ds.Stage(ctx, rows, by, parquetio.OverwriteOptions[event]{}); err != nil {
			return err
		}
		rows = stream.Filter(parquetio.ReadStaged[event](j.all, parquetio.ReadOptions{}), func(e event) bool { return j.inRange(e.at()) })
	}
	ds, err := parquetio.NewDataset[event](filepath.Join(j.cfg.out, eventsName), parquetio.DatasetOptions{})
	if err != nil {
		return err
	}
	j.events, err = ds.Stage(ctx, stream.Meter(rows, ranged), by, parquetio.OverwriteOptions[event]{Requested: j.requested()})
	return err
}

// sessionRow is one row of sessions/ in the output.
type sessionRow struct {
	SessionID string    `parquet:"session_id"`
	UserID    string    `parquet:"user_id"`
	Start     time.Time `parquet:"start,timestamp(nanos)"` // of the first event
	End       time.Time `parquet:"end,timestamp(nanos)"`   // of the last event
	Events    int64     `parquet:"events"`
	LengthMS  int64     `parquet:"length_ms"`
	Reason    string    `parquet:"reason"` // why it ended
}

// stageSessions writes the sessions by the date on which they start.
func (j *job) stageSessions(ctx context.Context, rows stream.Seq[sessionRow]) error {
	ds, err := parquetio.NewDataset[sessionRow](filepath.Join(j.cfg.out, sessionsName), parquetio.DatasetOptions{})
	if err != nil {
		return err
	}
	by := func(s sessionRow) parquetio.Partition { return parquetio.Day(s.Start) }
	j.sessions, err = ds.Stage(ctx, rows, by, parquetio.OverwriteOptions[sessionRow]{Requested: j.requested()})
	return err
}

// stagedTable is a Parquet file written beside its place, and put there by commit.
type stagedTable struct {
	name   string
	path   string
	temp   string
	digest string
}

// stageTable writes rows as the file called name in the output directory.
func stageTable[T any](j *job, name string, rows stream.Seq[T]) (*stagedTable, error) {
	t := &stagedTable{name: name, path: filepath.Join(j.cfg.out, name), temp: filepath.Join(j.cfg.out, ".millrace-"+name+".tmp")}
	result, err := parquetio.Write(t.temp, rows, parquetio.WriteOptions{})
	if err != nil {
		return nil, err
	}
	t.digest = result.SHA256
	return t, nil
}

func (t *stagedTable) commit() (string, error) {
	if err := os.Rename(t.temp, t.path); err != nil {
		return "", err
	}
	t.temp = ""
	return t.digest, syncDir(filepath.Dir(t.path))
}

// drop removes what was not committed. It can be called on every path.
func (t *stagedTable) drop() {
	if t.temp != "" {
		os.Remove(t.temp)
	}
}
