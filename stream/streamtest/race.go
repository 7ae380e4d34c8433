//go:build race

package streamtest

// raceEnabled: the race detector allocates on its own account.
const raceEnabled = true
