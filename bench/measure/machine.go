package measure

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine is where a run took place.
type Machine struct {
	CPU    string `json:"cpu"`   // model, as the system names it; empty: not known
	Cores  int    `json:"cores"` // that the program may use
	Memory int64  `json:"memory"`
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Go     string `json:"go"`
}

// ThisMachine describes where this process runs.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version()}
	m.CPU = field("/proc/cpuinfo", "model name")
	if kib, ok := kilobytes("/proc/meminfo", "MemTotal"); ok {
		m.Memory = kib << 10
	}
	return m
}

// Load is the average number of runnable tasks over the last minute; -1: not known.
func Load() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return -1
	}
	first, _, _ := strings.Cut(string(b), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return -1
	}
	return load
}

// field returns the value of the first line "name : value" of a file of Linux, or "".
func field(file, name string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// kilobytes is a field whose value is "123 kB".
func kilobytes(file, name string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSuffix(field(file, name), " kB"), 10, 64)
	return n, err == nil
}

// machineTimes returns the CPU seconds that all processes have used, and those that there were to use; 0, 0 where
// the system does not say.
func machineTimes() (busy, total float64) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	const idle, iowait, steal, ticks = 3, 4, 7, 100
	for i, f := range strings.Fields(line)[1:] {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil || i > steal { // the fields behind it are part of the first two
			break
		}
		total += n / ticks
		if i != idle && i != iowait {
			busy += n / ticks
		}
	}
	return busy, total
}
