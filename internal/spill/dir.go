package spill

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/millrace-go/millrace/internal/atomicfile"
)

const (
	// dirPrefix begins the name of every directory of this package; the process id and a random number follow.
	dirPrefix = "millrace-spill-"
	lockName  = "lock"
	// claimTries bounds how often a new directory is made because a sweeper took it before it was locked.
	claimTries = 100
)

// Dir is the private directory of one run. It is safe for concurrent use.
type Dir struct {
	parent string
	now    func() time.Time // nil: nobody watches
	told   func(took time.Duration, bytes int64)

	mu     sync.Mutex // guards the following
	path   string     // empty before the first file and after Close
	lock   *atomicfile.Lock
	faults *injection
	open   map[*file]struct{}
	made   int // files so far, for their names
	closed bool
}

// NewDir names the directory of a run below parent (empty: os.TempDir), which must exist when the first store is
// made. Nothing is on disk before.
func NewDir(parent string) *Dir {
	if parent == "" {
		parent = os.TempDir()
	}
	return &Dir{parent: parentDir(parent)}
}

// Watch has told called after every block that was written or read: with the time it took by now's clock, compression
// included, and the bytes on disk. Blocks of different parts come from different goroutines, at the same time. Watch
// comes before the first store.
func (d *Dir) Watch(now func() time.Time, told func(took time.Duration, bytes int64)) {
	d.now, d.told = now, told
}

// begun is when a block was begun, for passed.
func (d *Dir) begun() (at time.Time) {
	if d.told != nil {
		at = d.now()
	}
	return at
}

// passed tells of a block.
func (d *Dir) passed(begun time.Time, bytes int) {
	if d.told != nil {
		d.told(d.now().Sub(begun), int64(bytes))
	}
}

// Path is where the directory is; empty while there is none.
func (d *Dir) Path() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.path
}

// create makes the next file.
func (d *Dir) create() (*file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, &Error{Op: OpCreate, File: d.parent, Err: fs.ErrClosed}
	}
	if d.path == "" {
		if err := d.begin(); err != nil {
			return nil, err
		}
	}
	name := filepath.Join(d.path, fmt.Sprintf("blocks-%d", d.made))
	if err := d.faults.fail(OpCreate); err != nil {
		return nil, &Error{Op: OpCreate, File: name, Err: err}
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, &Error{Op: OpCreate, File: name, Err: cause(err)}
	}
	d.made++
	made := &file{dir: d, f: f, name: name, faults: d.faults}
	d.open[made] = struct{}{}
	return made, nil
}

// begin removes what the dead have left in the parent, and makes the directory with its lock.
func (d *Dir) begin() error {
	d.faults = injected(d.parent)
	if err := sweep(d.parent); err != nil {
		return &Error{Op: OpSweep, File: d.parent, Err: cause(err)}
	}
	for range claimTries {
		if err := d.faults.fail(OpCreate); err != nil {
			return &Error{Op: OpCreate, File: filepath.Join(d.parent, dirPrefix+"*"), Err: err}
		}
		path, err := os.MkdirTemp(d.parent, fmt.Sprintf("%s%d-*", dirPrefix, os.Getpid()))
		if err != nil {
			return &Error{Op: OpCreate, File: filepath.Join(d.parent, dirPrefix+"*"), Err: cause(err)}
		}
		lock, swept, err := claim(path)
		if err != nil {
			os.RemoveAll(path)
			return &Error{Op: OpCreate, File: path, Err: cause(err)}
		}
		if !swept {
			d.path, d.lock, d.open = path, lock, make(map[*file]struct{})
			return nil
		}
	}
	return &Error{Op: OpCreate, File: d.parent, Err: fmt.Errorf("no directory could be kept in %d tries", claimTries)}
}

// claim locks a new directory. swept says that a sweeper took it for a dead one's, which it looks like until it is
// locked. Where the file system has no locks, lock is nil.
func claim(path string) (lock *atomicfile.Lock, swept bool, err error) {
	lock, err = atomicfile.TryLock(filepath.Join(path, lockName))
	switch {
	case errors.Is(err, atomicfile.ErrLocked), errors.Is(err, fs.ErrNotExist):
		return nil, true, nil
	case errors.Is(err, atomicfile.ErrNoLocks):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	stands, err := lock.Stands()
	if err != nil || !stands {
		lock.Unlock()
	}
	return lock, !stands, err
}

// Close removes the directory and everything in it; stores that are still open are closed. It can be called again:
// after success it does nothing, after an error it tries once more.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.path == "" {
		return nil
	}
	for f := range d.open {
		f.f.Close()
	}
	clear(d.open)
	err := d.faults.fail(OpRemove)
	if err == nil {
		err = removeLocked(d.path, d.lock)
	}
	if err != nil {
		return &Error{Op: OpRemove, File: d.path, Err: cause(err)}
	}
	d.path, d.lock = "", nil
	return nil
}

// removeLocked removes the directory at path under its lock, which ends with it. The lock file goes last, so that
// nobody takes a directory that is being removed for a young one.
func removeLocked(path string, lock *atomicfile.Lock) error {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() != lockName {
			if err := os.RemoveAll(filepath.Join(path, e.Name())); err != nil {
				return err
			}
		}
	}
	if lock != nil {
		os.Remove(filepath.Join(path, lockName)) // Windows refuses while it is open
		lock.Unlock()
	}
	return os.RemoveAll(path)
}

// cause takes the system's error out of one that names the file again.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
