package dedup

// ApproxStats counts the rows of one run of Approx, up to the row that came out last, or to the end. Of every run
// that is not left early,
//
//	In = Out + Dropped + RejectedNull
//
// holds, and is checked as for Stats.
type ApproxStats struct {
	In           int64 // rows settled; those read ahead of them not
	Out          int64 // rows yielded
	Dropped      int64 // rows taken for duplicates, nulls under NullsEqual included
	NullKeys     int64 // rows with a null key, whatever became of them
	RejectedNull int64 // of these, the ones rejected
	Keys         int64 // rows that came out as the first of their key; a key that was forgotten counts again

	// Unconfirmed is how many rows of Out Verify let through: the filter had been wrong about them.
	Unconfirmed int64
	// FalseDrops is how many rows of Dropped are expected to be there wrongly, estimated from how full the filter was
	// where every 64th key came: the fuller, the more keys like it were dropped. 0 with Verify.
	FalseDrops float64

	Generations int   // filters in use
	Forgotten   int   // filters emptied for new keys
	FilterBytes int64 // of the filters, as they were booked
}

// FalseDropRate estimates which part of the rows with a new key was dropped so far. ApproxOptions.FalseDropRate
// bounds what it may become when the filter is full; on the way there it is far less.
func (s ApproxStats) FalseDropRate() float64 {
	if s.FalseDrops == 0 {
		return 0
	}
	return s.FalseDrops / (float64(s.Keys) + s.FalseDrops)
}

// counts gathers what the parts of a run have counted.
func (e *approx[T, K]) counts() ApproxStats {
	s := ApproxStats{
		In: e.stats.In, Out: e.stats.Out, Dropped: e.stats.Dropped, NullKeys: e.stats.NullKeys,
		RejectedNull: e.stats.RejectedNull, Keys: e.stats.Keys, Unconfirmed: e.unconfirmed,
		Generations: len(e.seen.filters), Forgotten: e.seen.forgotten, FilterBytes: e.seen.bytes,
	}
	if e.a.verify == nil {
		s.FalseDrops = e.seen.falseDrops
	}
	return s
}
