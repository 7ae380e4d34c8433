package dedup

// A Loser is a row that was dropped, with the row it lost to at that moment.
//
// Losers are delivered as they lose, in the order of the input, so that none has to be held; under a memory bound those
// that lose after it was reached come in the same order when the input has ended. The Winner
// named is therefore the best row so far, which a later row may beat in turn; it is then delivered as a Loser
// itself. The last Loser of a key names the final winner.
//
// Under KeepNone no row of a repeated key stays: all are delivered, the first beside the second, with the zero
// Winner and a WinnerPosition of -1.
type Loser[T any] struct {
	Row            T      // the row that was dropped
	Winner         T      // the best row so far
	Position       int64  // of Row in the input, from 0
	WinnerPosition int64  // of Winner
	DecidedBy      string // the name of the comparator, or of the rule ("first seen", "last seen", "tie", "repeated key")
	Identical      bool   // Options.Same says that the two are the same row; false where Same is nil
}

// repeatedKey is what DecidedBy holds under KeepNone.
const repeatedKey = "repeated key"
