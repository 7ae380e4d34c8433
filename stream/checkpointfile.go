package stream

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/millrace-go/millrace/internal/atomicfile"
)

// CheckpointFile is an append-only output of a job: what is in it at a commit stays, what is written later is there
// again after a crash only once it is committed. It is not safe for concurrent use.
type CheckpointFile struct {
	cp   *Checkpoint
	name string
	f    *os.File
	w    *bufio.Writer
	size int64 // bytes, those in the buffer included
	done int64 // bytes that are synced
}

// fileBuffer is how many bytes of a CheckpointFile wait for a write.
const fileBuffer = 64 << 10

// File opens an output of the job at path, cut to its length at the last commit: empty if the job is new or has not
// written it before. It is created where it is not there; its directory must exist.
//
// A file that is shorter than it was is ErrConflict: somebody else changed it, and the job cannot be continued. A
// file is opened once, under one path; from then on every commit covers it, and a job that is resumed must open it again before it
// commits, under the same path.
func (c *Checkpoint) File(path string) (*CheckpointFile, error) {
	name := filepath.ToSlash(filepath.Clean(path))
	switch {
	case c.closed:
		return nil, c.fail("open file "+name, fs.ErrClosed)
	case c.files[name] != nil:
		return nil, c.fail("file "+name+" is open already", ErrConflict)
	case samePath(path, c.path) || samePath(path, c.path+".lock"):
		return nil, c.fail("file "+name+" is the checkpoint's own", ErrConflict)
	case len(name) > maxName:
		return nil, &OptionError{
			Package: "stream", Func: "Checkpoint.File", Option: "path", Got: fmt.Sprintf("%d bytes", len(name)), Want: fmt.Sprintf("of at most %d bytes", maxName),
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, c.fail("open file "+name, err)
	}
	out := &CheckpointFile{cp: c, name: name, f: f}
	out.w = bufio.NewWriterSize(rawFile{out}, fileBuffer)
	err = c.known(out)
	if err == nil {
		err = out.cut(c.head.files[name])
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	c.files[name] = out
	return out, nil
}

// samePath reports whether two paths are the same by their text.
func samePath(a, b string) bool {
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

// known returns an error if the file is open under another path: one of the two would cut off what the other wrote.
func (c *Checkpoint) known(f *CheckpointFile) error {
	info, err := f.f.Stat()
	if err != nil {
		return c.fail("stat "+f.name, err)
	}
	for name, other := range c.files {
		if is, err := other.f.Stat(); err == nil && os.SameFile(info, is) {
			return c.fail("file "+f.name+" is open already, as "+name, ErrConflict)
		}
	}
	return nil
}

// cut makes the file end at size, and goes on there.
func (f *CheckpointFile) cut(size int64) error {
	info, err := f.f.Stat()
	if err != nil {
		return f.cp.fail("stat "+f.name, err)
	}
	if info.Size() < size {
		return f.cp.fail(fmt.Sprintf("file %s has %d bytes, had %d at the last commit", f.name, info.Size(), size), ErrConflict)
	}
	err = f.f.Truncate(size)
	if err == nil {
		_, err = f.f.Seek(size, 0)
	}
	if err == nil {
		err = atomicfile.SyncDir(filepath.Dir(f.f.Name())) // it may be new
	}
	if err != nil {
		return f.cp.fail("cut file "+f.name, err)
	}
	f.size, f.done = size, size
	return nil
}

// Write appends p. It is buffered: an error may show in a later Write, or in Commit. After Close of the checkpoint it
// fails.
func (f *CheckpointFile) Write(p []byte) (int, error) {
	if f.cp.closed {
		return 0, f.cp.fail("write "+f.name, fs.ErrClosed)
	}
	n, err := f.w.Write(p)
	f.size += int64(n)
	if err != nil {
		return n, f.cp.fail("write "+f.name, err)
	}
	return n, nil
}

// Size is how many bytes the file will have at the next commit.
func (f *CheckpointFile) Size() int64 { return f.size }

// sync makes all that was written durable and returns how much that is.
func (f *CheckpointFile) sync() (int64, error) {
	if err := f.w.Flush(); err != nil {
		return 0, err
	}
	if f.size == f.done {
		return f.size, nil
	}
	if err := f.cp.faults.Check(atomicfile.OpSync, f.name); err != nil {
		return 0, err
	}
	if err := f.f.Sync(); err != nil {
		return 0, err
	}
	f.done = f.size
	return f.size, nil
}

// close cuts off what was not committed, where that is known.
func (f *CheckpointFile) close(committed int64, known bool) error {
	var err error
	if known {
		err = f.f.Truncate(committed)
	}
	return errors.Join(err, f.f.Close())
}

// rawFile is the file below the buffer, with the faults of tests: a write that fails has stored its first half.
type rawFile struct{ f *CheckpointFile }

func (r rawFile) Write(p []byte) (int, error) {
	injected := r.f.cp.faults.Check(atomicfile.OpWrite, r.f.name)
	if injected != nil {
		p = p[:len(p)/2]
	}
	n, err := r.f.f.Write(p)
	if err == nil {
		err = injected
	}
	return n, err
}
