//go:build unix

package measure

import (
	"runtime"
	"syscall"
)

// used is what this process has used so far.
type used struct {
	user, system float64 // seconds
	peak         int64   // bytes of the resident set at its highest
}

func usage() used {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return used{}
	}
	return used{user: seconds(r.Utime), system: seconds(r.Stime), peak: peakOf(r)}
}

// peakOf prefers what Linux says of the address space: the maximum of getrusage begins, in a process that was just
// started, with that of its parent.
func peakOf(r syscall.Rusage) int64 {
	if kib, ok := kilobytes("/proc/self/status", "VmHWM"); ok {
		return kib << 10
	}
	peak := int64(r.Maxrss)
	if runtime.GOOS != "darwin" {
		peak <<= 10 // KiB everywhere else
	}
	return peak
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
