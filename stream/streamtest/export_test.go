package streamtest

import "time"

// RaceEnabled is for the tests of this package.
const RaceEnabled = raceEnabled

// The catalogue leaks on purpose, and need not wait long to be sure.
func init() { grace, enough = 500*time.Millisecond, 20*time.Millisecond }
