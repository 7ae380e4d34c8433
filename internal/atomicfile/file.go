package atomicfile

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

const (
	tempPrefix = ".millrace-"
	tempSuffix = ".tmp"
	// createTries bounds how often Create starts again: because a leftover has the name, or because a sweeper
	// removed the file in the instant between creation and lock. Either is rare.
	createTries = 100
)

// sequence keeps the temp names of one process apart.
var sequence atomic.Uint64

// File is a temp file that will take the place of its target. It is not safe for concurrent use.
type File struct {
	f      *os.File
	target string
	faults Faults
	err    error // first failed write; Commit refuses after it
	done   bool  // committed or aborted
}

// Create opens a temp file beside path. The directory must exist.
func Create(path string) (*File, error) { return CreateFaulty(path, nil) }

// CreateFaulty is Create with injected failures, for tests of what stands on this package.
func CreateFaulty(path string, faults Faults) (*File, error) {
	dir := filepath.Dir(path)
	if err := faults.Check(OpCreate, path); err != nil {
		return nil, err
	}
	for range createTries {
		name := filepath.Join(dir, targetPrefix(path)+fmt.Sprintf("%d-%d", os.Getpid(), sequence.Add(1))+tempSuffix)
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue // a leftover of a process that had this one's id
		}
		if err != nil {
			return nil, err
		}
		kept, err := claim(f)
		if err != nil {
			f.Close()
			os.Remove(name)
			return nil, fmt.Errorf("atomicfile: lock %s: %w", name, err)
		}
		if kept {
			return &File{f: f, target: path, faults: faults}, nil
		}
		f.Close()
	}
	return nil, fmt.Errorf("atomicfile: create %s: no free temp name in %d tries", path, createTries)
}

// targetPrefix begins the names of the temp files for path: they tell whose they are by a hash of the target's
// name, which has no bound of its own.
func targetPrefix(path string) string {
	h := fnv.New64a()
	io.WriteString(h, filepath.Base(path))
	return fmt.Sprintf("%s%016x-", tempPrefix, h.Sum64())
}

// Write appends to the temp file. After a failed write every further one and Commit return the first error.
func (f *File) Write(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	if f.done {
		return 0, fs.ErrClosed
	}
	injected := f.faults.Check(OpWrite, f.target)
	if injected != nil {
		p = p[:len(p)/2]
	}
	n, err := f.f.Write(p)
	if err == nil {
		err = injected
	}
	if err != nil {
		f.err = err
	}
	return n, err
}

// Name is the path of the temp file.
func (f *File) Name() string { return f.f.Name() }

// Commit makes the temp file the target: fsync, rename, fsync of the directory. On any error before the
// rename the temp file is removed and the target is as it was. A second Commit, or one after Abort, returns
// fs.ErrClosed.
func (f *File) Commit() error {
	if f.done {
		return fs.ErrClosed
	}
	if f.err != nil {
		err := f.err
		return errors.Join(err, f.Abort())
	}
	f.done = true
	if err := f.faults.Check(OpSync, f.target); err != nil {
		return f.fail("sync", err)
	}
	if err := f.f.Sync(); err != nil {
		return f.fail("sync", err)
	}
	// Windows cannot rename an open file; elsewhere the lock ends here, and a sweeper that comes between close
	// and rename would take the temp file. So only Windows closes first.
	if closeBeforeRename {
		if err := f.f.Close(); err != nil {
			return f.fail("close", err)
		}
	}
	if err := f.faults.Check(OpRename, f.target); err != nil {
		return f.fail("rename", err)
	}
	if err := os.Rename(f.f.Name(), f.target); err != nil {
		return f.fail("rename", err)
	}
	if !closeBeforeRename {
		if err := f.f.Close(); err != nil {
			return fmt.Errorf("atomicfile: close %s: %w", f.target, err)
		}
	}
	if err := f.faults.Check(OpSyncDir, f.target); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(f.target))
}

// fail ends a Commit that did not reach the rename.
func (f *File) fail(step string, err error) error {
	f.f.Close()
	os.Remove(f.f.Name())
	return fmt.Errorf("atomicfile: %s %s: %w", step, f.f.Name(), err)
}

// Abort removes the temp file and leaves the target as it is. It can be called again; after Commit it does
// nothing.
func (f *File) Abort() error {
	if f.done {
		return nil
	}
	f.done = true
	cerr := f.f.Close()
	rerr := os.Remove(f.f.Name())
	if errors.Is(rerr, fs.ErrNotExist) {
		rerr = nil
	}
	return errors.Join(cerr, rerr)
}

// Close is Abort: what was not committed is removed.
func (f *File) Close() error { return f.Abort() }

// IsTemp reports whether name (without its directory) is that of a temp file of this package.
func IsTemp(name string) bool {
	return strings.HasPrefix(name, tempPrefix) && strings.HasSuffix(name, tempSuffix)
}

// TempName is a temp file's name with a middle part of the caller's choice. Such a file carries no lock of its
// own: its directory must be guarded with TryLock.
func TempName(middle string) string { return tempPrefix + middle + tempSuffix }

// SyncDir makes renames in dir durable. On Windows it does nothing.
func SyncDir(dir string) error {
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("atomicfile: sync directory %s: %w", dir, err)
	}
	return nil
}
