package dedup

import (
	"errors"
	"fmt"
)

// NullKeys says what becomes of the rows for which Options.NullKey is true. They are counted under every
// policy, and never collapsed in silence.
type NullKeys uint8

const (
	// NullsDistinct passes every such row through, as if its key were unlike any other: unknown is not equal
	// to unknown. The default.
	NullsDistinct NullKeys = iota
	// NullsEqual treats all such rows as one more key.
	NullsEqual
	// NullsReject hands every such row to Options.Rejects. Where that is nil, the first one ends the stream
	// with a *KeyError.
	NullsReject
)

// String names the policy.
func (n NullKeys) String() string {
	switch n {
	case NullsDistinct:
		return "nulls distinct"
	case NullsEqual:
		return "nulls equal"
	case NullsReject:
		return "nulls rejected"
	}
	return fmt.Sprintf("NullKeys(%d)", uint8(n))
}

// Reject is a row set aside because its key is null.
type Reject[T any] struct {
	Row      T     // as it came
	Position int64 // in the input, from 0
}

var errNullRejected = errors.New("null key, and Options.Rejects is nil")
