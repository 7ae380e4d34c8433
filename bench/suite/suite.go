// Package suite is the comparisons: what each asks, how we answer, and how the peers do.
//
// Every file is one question, its sides in it. A side is written as the documentation of its library shows, without
// tricks, but with the options that make it fastest where those are documented.
package suite

import "github.com/millrace-go/millrace/bench/compare"

// All returns the comparisons, in the order of the report.
func All() []compare.Comparison {
	return []compare.Comparison{chain(), parallelMap(), merge(), sorting(), aggregate(), aggregate64(), join(),
		deduplicate(), deduplicateSorted(), deduplicateSpilling(), distinct(),
		sessions(), sessionSums()}
}
