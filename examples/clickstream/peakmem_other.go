//go:build !linux

package main

import "runtime"

// peakMemory is what the runtime took from the system in all, in bytes: an upper bound of the peak.
func peakMemory() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
