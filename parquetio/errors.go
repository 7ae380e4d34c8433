package parquetio

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/millrace-go/millrace/internal/parquet"
	"github.com/millrace-go/millrace/stream"
)

// CorruptError reports bytes that cannot be what they claim to be. It matches stream.ErrCorrupt.
type CorruptError struct {
	Path     string // the file
	Column   string // empty: the file as a whole
	RowGroup int    // -1: the footer
	Offset   int64  // of the page or footer; -1: unknown
	Err      error  // what is wrong there
}

// Error says which file and what is wrong in it; the text of Err says where.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("parquetio: %s: %v: corrupt file", e.Path, e.Err)
}

// Unwrap gives stream.ErrCorrupt and the cause.
func (e *CorruptError) Unwrap() []error { return []error{stream.ErrCorrupt, e.Err} }

// SchemaError reports a column that is not what was asked for: it is not in the file, or has another type, or
// is beyond this version. It matches stream.ErrSchema.
type SchemaError struct {
	Path   string // the file; empty: the Go type itself
	Column string // empty: the file as a whole
	Want   string // by T
	Got    string // in the file
}

// Error names file and column, and says what was wanted and what is there.
func (e *SchemaError) Error() string {
	s := "parquetio: "
	if e.Path != "" {
		s += e.Path + ": "
	}
	if e.Column != "" {
		s += "column " + e.Column + ": "
	}
	return s + "want " + e.Want + ", got " + e.Got + ": " + stream.ErrSchema.Error()
}

// Unwrap gives stream.ErrSchema.
func (e *SchemaError) Unwrap() error { return stream.ErrSchema }

// ValueError reports a single value that its field or column cannot hold: a null for a field that cannot be
// null, a number that does not fit, a time beyond the unit. It matches stream.ErrSchema.
type ValueError struct {
	Path   string // the file being read or written
	Column string // its name
	Row    int64  // 1-based, in the file
	Want   string // what the field or column can hold
	Got    string // the value
}

// Error names file, row and column, and says what was wanted and what is there.
func (e *ValueError) Error() string {
	return fmt.Sprintf("parquetio: %s: row %d, column %s: want %s, got %s: %v",
		e.Path, e.Row, e.Column, e.Want, e.Got, stream.ErrSchema)
}

// Unwrap gives stream.ErrSchema.
func (e *ValueError) Unwrap() error { return stream.ErrSchema }

// MissingError reports a file or partition that does not exist. It matches stream.ErrMissing and, for a file,
// fs.ErrNotExist.
type MissingError struct {
	Path string // of what is missing
	What string // "file", "partition", "dataset"
	Err  error  // the system's error; nil for a partition that was never committed
}

// Error names what is missing.
func (e *MissingError) Error() string {
	return fmt.Sprintf("parquetio: %s %s: %v", e.What, e.Path, stream.ErrMissing)
}

// Unwrap gives stream.ErrMissing and the cause.
func (e *MissingError) Unwrap() []error {
	if e.Err == nil {
		return []error{stream.ErrMissing}
	}
	return []error{stream.ErrMissing, e.Err}
}

// ConflictError reports two things about a dataset that do not agree: a row outside the requested partitions,
// a second writer, partitions of different columns. It matches stream.ErrConflict.
type ConflictError struct {
	Dir       string    // the dataset
	Partition Partition // the zero value: none
	Row       int64     // 1-based, of the input; 0: no row
	Msg       string    // what does not agree
}

// Error names dataset, row and partition, and says what does not agree.
func (e *ConflictError) Error() string {
	s := "parquetio: dataset " + e.Dir + ": "
	if e.Row > 0 {
		s += fmt.Sprintf("row %d: ", e.Row)
	}
	if e.Partition != (Partition{}) {
		s += "partition " + e.Partition.String() + ": "
	}
	return s + e.Msg + ": " + stream.ErrConflict.Error()
}

// Unwrap gives stream.ErrConflict.
func (e *ConflictError) Unwrap() error { return stream.ErrConflict }

// CommitError reports that a run failed while it was renaming its finished partitions into place: those in
// Committed are new, Failed is old or new, the others are old. Running again repairs it.
type CommitError struct {
	Dir       string      // the dataset
	Committed []Partition // in the order of their paths
	Failed    Partition   // where it stopped
	Err       error       // the cause
}

// Error says how far the run came.
func (e *CommitError) Error() string {
	return fmt.Sprintf("parquetio: dataset %s: commit of partition %s, after %d others: %v", e.Dir, e.Failed, len(e.Committed), e.Err)
}

// Unwrap gives the cause.
func (e *CommitError) Unwrap() error { return e.Err }

// classify puts an error of the format below into the public types.
func classify(path string, err error) error {
	var pe *parquet.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pe):
		switch pe.Kind {
		case parquet.Corrupt:
			return &CorruptError{Path: path, Column: pe.Column, RowGroup: pe.RowGroup, Offset: pe.Offset, Err: pe}
		case parquet.Unsupported:
			return &SchemaError{Path: path, Column: pe.Column, Want: "what this version reads", Got: pe.Msg}
		}
		return fmt.Errorf("parquetio: %s: %w", path, pe)
	case errors.Is(err, fs.ErrNotExist):
		return &MissingError{Path: path, What: "file", Err: err}
	}
	return fmt.Errorf("parquetio: %s: %w", path, err)
}
