package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

const (
	closeBeforeRename = true
	canLock           = true
)

func claim(*os.File) (kept bool, err error) { return true, nil }

// removeDead relies on Windows refusing to remove an open file.
func removeDead(path string) (bool, error) { return os.Remove(path) == nil, nil }

func tryLock(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return ErrLocked
	}
	return err
}

func syncDir(string) error { return nil }
