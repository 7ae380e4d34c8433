package atomicfile

import (
	"errors"
	"os"
)

// ErrLocked: another process, or another holder in this one, has the lock.
var ErrLocked = errors.New("locked by another writer")

// ErrNoLocks: the file system has no locks, so that nothing can be said about other holders.
var ErrNoLocks = errors.New("file system without locks")

// Lock is an exclusive lock between processes.
type Lock struct {
	f *os.File
}

// TryLock takes the lock that the file at path stands for, creating the file if needed; it does not wait. It
// returns ErrLocked if the lock is taken. The file stays after Unlock: removing it would let two holders lock
// different files of one name.
func TryLock(path string) (*Lock, error) {
	return tryLockFile(path, os.O_CREATE|os.O_RDWR)
}

// TryLockLeft is TryLock for the lock file of somebody else, who may be dead: it does not create the file. Where
// the system has no locks it returns ErrNoLocks.
func TryLockLeft(path string) (*Lock, error) {
	if !canLock {
		return nil, ErrNoLocks
	}
	return tryLockFile(path, os.O_RDWR)
}

func tryLockFile(path string, flags int) (*Lock, error) {
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		f.Close()
		return nil, err
	}
	return &Lock{f: f}, nil
}

// Unlock gives the lock back. It can be called again.
func (l *Lock) Unlock() error {
	if l.f == nil {
		return nil
	}
	f := l.f
	l.f = nil
	return f.Close() // the system drops the lock with the last descriptor
}

// Stands reports whether the lock's path still names the locked file. It does not where somebody took the lock
// first, removed the file and let go, in the instant between our opening and our locking it.
func (l *Lock) Stands() (bool, error) {
	if l.f == nil {
		return false, os.ErrClosed
	}
	return sameFile(l.f)
}

// sameFile reports whether f is still what its path names.
func sameFile(f *os.File) (bool, error) {
	byPath, err := os.Lstat(f.Name())
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	byFd, err := f.Stat()
	if err != nil {
		return false, err
	}
	return os.SameFile(byPath, byFd), nil
}
