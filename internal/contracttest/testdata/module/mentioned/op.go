// Package mentioned exports an operator.
package mentioned

import "github.com/millrace-go/millrace/stream"

// Double is the operator.
func Double(s stream.Seq[int]) stream.Seq[int] { return s }
