// Package nested exports an operator.
package nested

import "github.com/millrace-go/millrace/stream"

// Double is the operator.
func Double(s stream.Seq[int]) stream.Seq[int] { return s }
