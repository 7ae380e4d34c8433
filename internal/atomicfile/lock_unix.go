//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	closeBeforeRename = false
	canLock           = true
)

// claim marks f as live. It reports false if a sweeper removed the file before the lock was taken. A file
// system without locks (some network ones) has no sweeper either: there tryLock fails for both.
func claim(f *os.File) (kept bool, err error) {
	err = flock(f)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return false, nil // a sweeper holds it and is about to remove it
	case noLocks(err):
		return true, nil
	case err != nil:
		return false, err
	}
	return sameFile(f)
}

// removeDead removes path if no live writer holds it.
func removeDead(path string) (bool, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if flock(f) != nil {
		return false, nil // live, or not to be judged
	}
	if same, err := sameFile(f); err != nil || !same {
		return false, err // renamed to its target meanwhile
	}
	return true, os.Remove(path)
}

func tryLock(f *os.File) error {
	err := flock(f)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return ErrLocked
	case noLocks(err):
		return fmt.Errorf("%w: %w", ErrNoLocks, err)
	}
	return err
}

// noLocks reports whether err says that the file system (a network one, mostly) has no locks.
func noLocks(err error) bool {
	return errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOLCK) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL)
}

func flock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EINTR {
			return err
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		err = nil // the file system has no directory sync; nothing more can be asked of it
	}
	return errors.Join(err, d.Close())
}
