package parquetio

import (
	"reflect"

	"github.com/millrace-go/millrace/internal/parquet"
)

// columnsOf is the file schema of the fields.
func columnsOf(fields []field) []parquet.Column {
	cols := make([]parquet.Column, len(fields))
	for i := range fields {
		cols[i] = fields[i].col
	}
	return cols
}

// writeGroup writes rows as one row group. before is the number of rows written so far, for errors.
func writeGroup[T any](w *parquet.Writer, path string, fields []field, rows []T, before int64) error {
	rv := reflect.ValueOf(rows)
	return w.Group(len(rows), func(i int, v *parquet.Vector) error {
		if bad, want, got := fields[i].encode(rv, v); bad >= 0 {
			return &ValueError{Path: path, Column: fields[i].col.Name, Row: before + int64(bad) + 1, Want: want, Got: got}
		}
		return nil
	})
}
