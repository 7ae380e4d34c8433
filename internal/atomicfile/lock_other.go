//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package atomicfile

import "os"

// Without locks nothing can tell a live writer from a dead one: Sweep removes nothing, TryLock does not
// exclude.

const (
	closeBeforeRename = false
	canLock           = false
)

func claim(*os.File) (kept bool, err error) { return true, nil }

func removeDead(string) (bool, error) { return false, nil }

func tryLock(*os.File) error { return nil }

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	d.Sync() // best effort: not every one of these systems can
	return d.Close()
}
