// Package files writes the events as files, for the comparisons that read them.
package files

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/parquetio"
	"github.com/millrace-go/millrace/stream"
)

// brokenShare is one line in so many that no parser may accept.
const brokenShare = 100

// Row is an event as a row of a file.
type Row struct {
	ID       uint64            `parquet:"id"`
	User     uint64            `parquet:"user"`
	Type     string            `parquet:"type"`
	Updater  stream.Opt[int64] `parquet:"updated_by"`
	At       int64             `parquet:"at"`
	Ingested int64             `parquet:"ingested_at"`
	Amount   float64           `parquet:"amount"`
}

// RowOf returns the event as a row of a file.
func RowOf(e events.Event) Row {
	r := Row{ID: e.ID, User: e.User, Type: e.TypeName, At: e.At, Ingested: e.Ingested, Amount: e.Amount}
	r.Updater = stream.Null[int64]()
	if e.Updater != 0 {
		r.Updater = stream.Present(int64(e.Updater))
	}
	return r
}

// All yields the events in order.
func All(o events.Options) stream.Seq[events.Event] {
	s, err := events.New(o)
	if err != nil {
		return stream.Fail[events.Event](err)
	}
	return func(yield func(events.Event, error) bool) {
		for i := range o.Rows {
			if !yield(s.At(i), nil) {
				return
			}
		}
	}
}

// WriteParquet writes all events to a file.
func WriteParquet(path string, o events.Options) error {
	_, err := parquetio.Write(path, stream.Map(All(o), RowOf), parquetio.WriteOptions{})
	return err
}

// WriteNDJSON writes a line for each event, one in a hundred of them broken, and says how many those are.
func WriteNDJSON(w io.Writer, o events.Options) (broken int, err error) {
	b := bufio.NewWriterSize(w, 1<<20)
	var line []byte
	i := 0
	for e, err := range All(o) {
		if err != nil {
			return 0, err
		}
		line = appendJSON(line[:0], e)
		if h := events.Mix(e.ID ^ uint64(i)); h%brokenShare == 0 {
			line = damage(line, h>>8)
			broken++
		}
		i++
		if _, err := b.Write(append(line, '\n')); err != nil {
			return 0, fmt.Errorf("files: line %d: %w", i, err)
		}
	}
	return broken, b.Flush()
}

// appendJSON writes the event as one object. The ID is a string, for it does not fit into a float; a user does.
func appendJSON(b []byte, e events.Event) []byte {
	b = append(b, `{"id":"`...)
	b = strconv.AppendUint(b, e.ID, 16)
	b = append(b, `","user":`...)
	b = strconv.AppendUint(b, e.User, 10)
	b = append(b, `,"type":"`...)
	b = append(b, e.TypeName...)
	b = append(b, `","updated_by":`...)
	if e.Updater == 0 {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendUint(b, uint64(e.Updater), 10)
	}
	b = append(b, `,"at":`...)
	b = strconv.AppendInt(b, e.At, 10)
	b = append(b, `,"ingested_at":`...)
	b = strconv.AppendInt(b, e.Ingested, 10)
	b = append(b, `,"amount":`...)
	b = strconv.AppendFloat(b, e.Amount, 'f', 2, 64)
	return append(b, '}')
}

// damage breaks a line in one of three ways: cut off, not JSON, a number that is none.
func damage(line []byte, h uint64) []byte {
	switch h % 3 {
	case 0:
		return line[:len(line)/2]
	case 1:
		return append([]byte("GET /collect "), line...)
	}
	return append(line[:len(line)-1], "x}"...)
}
