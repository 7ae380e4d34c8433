// Package stream stands for the package in which Seq itself is declared.
package stream

import "iter"

// Seq is the stream.
type Seq[T any] = iter.Seq2[T, error]
