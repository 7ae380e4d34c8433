package spill

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/millrace-go/millrace/internal/atomicfile"
)

// sweep removes the directories that dead processes have left in parent. How a directory looks through its life:
//
//	made, no lock file yet           empty    a sweeper may remove it; its owner then makes another
//	lock file, not yet locked                 the same
//	lock file, locked                live     left alone
//	lock file, lock free             dead     removed
//
// What cannot be judged or removed (another user's, on a file system without locks) stays, without an error: it
// is not ours. Only a parent that cannot be read is one.
func sweep(parent string) error {
	d, err := os.Open(parent)
	if err != nil {
		return err
	}
	defer d.Close()
	for { // by parts: a temp directory may hold many files
		names, err := d.Readdirnames(1024)
		for _, name := range names {
			if strings.HasPrefix(name, dirPrefix) {
				sweepOne(filepath.Join(parent, name))
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func sweepOne(path string) {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return // a link could lead anywhere
	}
	lock, err := atomicfile.TryLockLeft(filepath.Join(path, lockName))
	if err == nil {
		removeLocked(path, lock)
		return
	}
	if errors.Is(err, os.ErrNotExist) {
		os.Remove(path) // only if it is empty
	}
}
