package atomicfile

import (
	"errors"
	"os"
)

// ErrLocked: another process, or another holder in this one, has the lock.
var ErrLocked = errors.New("locked by another writer")

// Lock is an exclusive lock between processes.
type Lock struct {
	f *os.File
}

// TryLock takes the lock that the file at path stands for, creating the file if needed; it does not wait. It
// returns ErrLocked if the lock is taken. The file stays after Unlock: removing it would let two holders lock
// different files of one name.
func TryLock(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
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
