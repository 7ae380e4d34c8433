package spill

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// file is one file of a directory, with the faults that tests ask for.
type file struct {
	dir    *Dir
	f      *os.File
	name   string
	faults *injection
}

// writeAt stores all of p.
func (f *file) writeAt(p []byte, offset int64) error {
	if f.faults.strike(OpWrite) {
		switch {
		case f.faults.Err != nil:
			f.f.WriteAt(p[:len(p)/2], offset)
			return f.wrap(OpWrite, offset, f.faults.Err)
		case f.faults.Lost:
			p = p[:len(p)/2]
		case f.faults.Flip:
			p = f.faults.flip(p)
		}
	}
	if _, err := f.f.WriteAt(p, offset); err != nil {
		return f.wrap(OpWrite, offset, err)
	}
	return nil
}

// readAt fills p.
func (f *file) readAt(p []byte, offset int64) error {
	struck := f.faults.strike(OpRead)
	if struck && f.faults.Err != nil {
		return f.wrap(OpRead, offset, f.faults.Err)
	}
	n, err := f.f.ReadAt(p, offset)
	if n < len(p) {
		if errors.Is(err, io.EOF) {
			err = broken("the file ends %d bytes early", len(p)-n)
		}
		return f.wrap(OpRead, offset, err)
	}
	if struck && f.faults.Flip {
		copy(p, f.faults.flip(p))
	}
	return nil
}

func (f *file) wrap(op Op, offset int64, err error) error {
	return &Error{Op: op, File: f.name, Offset: offset, Err: cause(err)}
}

// remove closes the file and removes it. It can be called again, and after the directory is gone.
func (f *file) remove() error {
	f.dir.mu.Lock()
	defer f.dir.mu.Unlock()
	if _, open := f.dir.open[f]; !open {
		return nil
	}
	delete(f.dir.open, f)
	f.f.Close() // nobody reads it again: what could not be written does not matter
	err := f.faults.fail(OpRemove)
	if err == nil {
		err = os.Remove(f.name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &Error{Op: OpRemove, File: f.name, Err: cause(err)}
	}
	return nil
}
