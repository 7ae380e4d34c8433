package validate

import (
	"fmt"
	"strings"

	"github.com/millrace-go/millrace/stream"
)

// Limit says when there are too many bad rows to go on. It is judged after every reject, in the order of rows,
// so it trips at the same row on every run; and once more at the end of the input. The zero value: never.
//
// Rows are the valid and the rejected ones together; blank and comment lines are none. The counts run over all
// files of one stream.
type Limit struct {
	MaxRatio float64 // rejected / rows may not pass this (0.02 is 2 %); 0: no bound
	MinRows  int     // rows before MaxRatio is judged; the end of the input judges it whatever the count. 0: 1000
	MaxRows  int     // rejected rows may not pass this; 0: no bound
}

const defaultMinRows = 1000

func (l Limit) set() bool { return l.MaxRatio > 0 || l.MaxRows > 0 }

// exceeded names the bound that the counts pass, or returns "".
func (l Limit) exceeded(rows, rejected int64, end bool) string {
	if l.MaxRows > 0 && rejected > int64(l.MaxRows) {
		return "MaxRows"
	}
	if l.MaxRatio > 0 && float64(rejected) > l.MaxRatio*float64(rows) {
		least := int64(l.MinRows)
		if least == 0 {
			least = defaultMinRows
		}
		if end || rows >= least {
			return "MaxRatio"
		}
	}
	return ""
}

// ThresholdError ends a stream whose bad rows passed its Limit. All of them are in the quarantine. It matches
// stream.ErrThreshold.
type ThresholdError struct {
	Name     string      // the input that was being read
	What     string      // the bound that was passed, "MaxRatio" or "MaxRows"
	Limit    Limit       // as set
	Rows     int64       // read, the last included
	Rejected int64       // of them
	Codes    []CodeCount // most frequent first
	First    []Reject    // the first rejects, at most 5
}

// Ratio is Rejected / Rows.
func (e *ThresholdError) Ratio() float64 {
	if e.Rows == 0 {
		return 0
	}
	return float64(e.Rejected) / float64(e.Rows)
}

// Error gives the counts against the bound, the codes, and the first bad rows with their places.
func (e *ThresholdError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "validate: %s: %d of %d rows rejected (%.4g %%), want at most ", e.Name, e.Rejected, e.Rows, 100*e.Ratio())
	if e.What == "MaxRows" {
		fmt.Fprintf(&b, "%d", e.Limit.MaxRows)
	} else {
		fmt.Fprintf(&b, "%.4g %%", 100*e.Limit.MaxRatio)
	}
	for i, c := range e.Codes {
		if i == 5 {
			fmt.Fprintf(&b, ", ...")
			break
		}
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %d", c.Code, c.Rows)
	}
	for i, r := range e.First {
		if i == 3 {
			break
		}
		if i == 0 {
			b.WriteString("; first ")
		} else {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s", r.place(), r.Message)
	}
	fmt.Fprintf(&b, ": %v", stream.ErrThreshold)
	return b.String()
}

// Unwrap gives stream.ErrThreshold.
func (e *ThresholdError) Unwrap() error { return stream.ErrThreshold }
