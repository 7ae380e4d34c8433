package dedup

// Stats counts the rows of one run. Once the input has ended and everything was yielded,
//
//	In = Out + Dropped + RejectedNull                                      (Run, Best, Distinct, Sorted, TwoPass)
//	     + Late + BadTimes + Tombstones + Deleted                          (Windowed, Changelog, State)
//
// holds; it is checked at the end of each run, and a run that breaks it panics rather than report a result
// with rows missing. A run that was left early, by a break or an error, has Out as far as it came.
type Stats struct {
	In           int64 // rows read
	Out          int64 // rows yielded
	Dropped      int64 // rows that lost: all duplicates; under KeepNone every row of a repeated key
	NullKeys     int64 // rows with a null key, whatever became of them
	RejectedNull int64 // of these, the ones rejected
	Keys         int64 // distinct keys; the null keys count as one under NullsEqual, not at all otherwise
	Duplicates   int64 // rows whose key had been seen before
	Identical    int64 // of these, the ones that Options.Same calls the same as the row held when they came
	Conflicting  int64 // of these, the others; both are 0 where Same is nil

	Late       int64 // rows whose time was behind the watermark; 0 without a TTL, as BadTimes is
	BadTimes   int64 // rows whose time was out of range
	Tombstones int64 // rows that were deletions, those of unknown keys too; 0 without Tombstone, as Deleted is
	Deleted    int64 // rows that they deleted
}

// add adds the counts of other rows.
func (s *Stats) add(o *Stats) {
	s.In += o.In
	s.Out += o.Out
	s.Dropped += o.Dropped
	s.NullKeys += o.NullKeys
	s.RejectedNull += o.RejectedNull
	s.Keys += o.Keys
	s.Duplicates += o.Duplicates
	s.Identical += o.Identical
	s.Conflicting += o.Conflicting
}
