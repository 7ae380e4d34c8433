package validate

import "sync/atomic"

// Stats counts what a source does while it does it: point Options.Stats at one and read it from anywhere, a
// progress bar for example. Several sources may share one; then it holds their sums. All methods are safe for
// concurrent use. Meters watch only: no limit or result depends on a Stats.
type Stats struct {
	files, stored, bytes, rows, valid, rejected, blank atomic.Int64
	codes                                              [len(codes)]atomic.Int64
}

// Files is the number of inputs opened.
func (s *Stats) Files() int64 { return s.files.Load() }

// BytesRead is the number of bytes read from the inputs as they are stored, compressed or not: what to compare
// with file sizes.
func (s *Stats) BytesRead() int64 { return s.stored.Load() }

// Bytes is the number of bytes after decompression.
func (s *Stats) Bytes() int64 { return s.bytes.Load() }

// Rows is Valid and Rejected together.
func (s *Stats) Rows() int64 { return s.rows.Load() }

// Valid is the number of rows yielded.
func (s *Stats) Valid() int64 { return s.valid.Load() }

// Rejected is the number of bad rows.
func (s *Stats) Rejected() int64 { return s.rejected.Load() }

// Blank is the number of lines that are no rows: blank ones and comments.
func (s *Stats) Blank() int64 { return s.blank.Load() }

// ByCode counts rejected rows by each code they had an error of, in the order of the Code constants, without
// the zeros. A row with two codes is in two counts.
func (s *Stats) ByCode() []CodeCount {
	var out []CodeCount
	for i := range s.codes {
		if n := s.codes[i].Load(); n > 0 {
			out = append(out, CodeCount{codes[i], n})
		}
	}
	return out
}
