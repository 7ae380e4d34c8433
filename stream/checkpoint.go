package stream

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/millrace-go/millrace/internal/atomicfile"
)

// CheckpointOptions say what a checkpoint holds beside the position. The zero value: no states.
type CheckpointOptions struct {
	// States are the states of the pipeline, by names that do not change between runs. OpenCheckpoint restores
	// them, Commit writes them.
	States map[string]State

	// Config identifies whatever else must be the same when a job is resumed: its input, its filters, the version
	// of its code. A checkpoint of another Config is refused. Any number will do, such as a hash of the flags.
	Config uint64
}

// Checkpoint is how far a job has come, in one file: the position in its source, the snapshots of its states, and
// the marks of its outputs, all of the same moment. A job that is killed, however, continues from its last Commit,
// and its output is the same, byte for byte, as if nothing had happened: what was written to its files (see File)
// after that Commit is cut off when the job is opened again, and made again.
//
//	seen := newSeen()
//	cp, err := stream.OpenCheckpoint("job.checkpoint", stream.CheckpointOptions{States: map[string]stream.State{"seen": seen}})
//	if err != nil {
//		return err
//	}
//	defer cp.Close()
//	out, err := cp.File("unique.ndjson")
//	if err != nil {
//		return err
//	}
//	return stream.Resume(openEvents, cp, func(e Event) error { ... seen.Add(e), out.Write(...) ... }, stream.ResumeOptions{})
//
// It promises this for a pipeline that gives the same output for the same input and states, which is contract E9.
//
// The states are objects that are fed element by element: Windows, Trails, Scans, StateOf, those of package dedup and
// sketch. What an operator holds inside a Seq, an Aggregate, a Sort or a Join, is in no checkpoint: nobody outside can
// take a snapshot of it.
//
// A Checkpoint is not safe for concurrent use. One process at a time has it open: it holds a lock on a file beside
// it, named with ".lock" at the end, which stays there.
type Checkpoint struct {
	path   string
	o      CheckpointOptions
	lock   *atomicfile.Lock
	faults atomicfile.Faults          // for tests
	files  map[string]*CheckpointFile // that are open, by name
	head   checkpointHead             // of the last commit, but for marks set since
	unsure bool                       // the last commit failed when it may have been on disk already
	closed bool
}

// CheckpointError reports a checkpoint that cannot be opened, restored or committed. It matches ErrCorrupt where
// bytes are broken, and ErrConflict where the checkpoint is of another job, another configuration of a state, or
// open elsewhere; otherwise it wraps the system's error.
type CheckpointError struct {
	Path   string // of the checkpoint
	Offset int64  // where in it, bytes; -1 where it is not about bytes
	What   string // what was done or found
	Err    error  // the class or the cause
}

// Error says which checkpoint, where, what was found, and what class of error it is.
func (e *CheckpointError) Error() string {
	at := ""
	if e.Offset >= 0 {
		at = fmt.Sprintf("at byte %d: ", e.Offset)
	}
	return fmt.Sprintf("stream: checkpoint %s: %s%s: %v", e.Path, at, e.What, e.Err)
}

// Unwrap gives the class or the cause.
func (e *CheckpointError) Unwrap() error { return e.Err }

// OpenCheckpoint opens the checkpoint at path and restores the states from it. If there is none, the job begins:
// position 0, states as they are. The directory must exist. A wrong option is an *OptionError, and so is no path.
//
// The states in the file must be those of the options, each of the same Digest, and Config must be the same;
// otherwise the error matches ErrConflict. Broken bytes match ErrCorrupt. A checkpoint that another process has
// open is ErrConflict as well. After an error no state has been restored, unless a State breaks its word about its
// own snapshots.
//
// What killed processes left beside the checkpoint is removed.
func OpenCheckpoint(path string, o CheckpointOptions) (*Checkpoint, error) {
	if path == "" {
		return nil, &OptionError{Package: "stream", Func: "OpenCheckpoint", Option: "path", Got: `""`, Want: "the name of a file"}
	}
	for name, s := range o.States {
		if s == nil {
			return nil, &OptionError{Package: "stream", Func: "OpenCheckpoint", Option: fmt.Sprintf("States[%q]", name), Got: nil, Want: "a State"}
		}
		if len(name) > maxName {
			return nil, &OptionError{
				Package: "stream", Func: "OpenCheckpoint", Option: "States", Got: fmt.Sprintf("a name of %d bytes", len(name)),
				Want: fmt.Sprintf("named with at most %d bytes", maxName),
			}
		}
	}
	c := &Checkpoint{path: path, o: o, files: make(map[string]*CheckpointFile), head: checkpointHead{config: o.Config}}
	lock, err := atomicfile.TryLock(path + ".lock")
	switch {
	case errors.Is(err, atomicfile.ErrLocked):
		return nil, c.fail("it is open already, here or in another process", ErrConflict)
	case err != nil:
		return nil, c.fail("lock", err)
	}
	c.lock = lock
	opened := false
	defer func() { // after a panic of a State, too
		if !opened {
			lock.Unlock()
		}
	}()
	if _, err := atomicfile.SweepTarget(path); err != nil {
		return nil, c.fail("remove what a killed process left", err)
	}
	if err := c.load(); err != nil {
		return nil, err
	}
	opened = true
	return c, nil
}

// load reads the file, if there is one.
func (c *Checkpoint) load() error {
	f, err := os.Open(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return c.fail("open", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return c.fail("stat", err)
	}
	head, err := readCheckpoint(f, info.Size(), c.o)
	if err != nil {
		var e *CheckpointError
		if errors.As(err, &e) {
			e.Path = c.path
			return e
		}
		return c.fail("read", err)
	}
	c.head = head
	return nil
}

// Position is where in its source the job was at the last commit; 0 for a new one. The unit is the caller's:
// elements with Resume, bytes where a source can seek.
func (c *Checkpoint) Position() int64 { return c.head.position }

// Finished reports whether the job has ended with Finish.
func (c *Checkpoint) Finished() bool { return c.head.finished }

// Mark returns what SetMark last said under this name, in this run or, as of the last commit, in an earlier one;
// 0 for a new name.
func (c *Checkpoint) Mark(name string) int64 { return c.head.marks[name] }

// SetMark notes, for the next commit, how much of an output that is not a File is there: rows of a table, an offset
// of a topic. What the output has beyond the mark when the job is opened again must be taken back by the caller. It
// panics for a negative mark and for a name of more than 4096 bytes.
func (c *Checkpoint) SetMark(name string, mark int64) {
	if mark < 0 || len(name) > maxName {
		panic(fmt.Sprintf("stream: Checkpoint.SetMark: mark must be 0 or positive and its name at most %d bytes, got %d, %d bytes", maxName, mark, len(name)))
	}
	if c.head.marks == nil {
		c.head.marks = make(map[string]int64)
	}
	c.head.marks[name] = mark
}

// Commit makes everything up to position durable, in this order: the files are flushed and synced; a snapshot of
// all states, the position and the marks go into a temp file beside the checkpoint, which is synced and renamed over
// it. A crash at any moment leaves the checkpoint of the last Commit or of this one.
//
// After an error the last checkpoint stands; Commit may be called again, though not if a file could not be written.
// A position before the last one, and a commit after Finish, are ErrConflict.
func (c *Checkpoint) Commit(position int64) error { return c.commit(position, false) }

// Finish is Commit for the last time: the job is done, and Resume does nothing when it is started again. To run it
// anew, remove the checkpoint and its files.
func (c *Checkpoint) Finish(position int64) error { return c.commit(position, true) }

func (c *Checkpoint) commit(position int64, finished bool) error {
	switch {
	case c.closed:
		return c.fail("commit", fs.ErrClosed)
	case c.head.finished:
		return c.fail("commit after the job was finished", ErrConflict)
	case position < c.head.position:
		return c.fail(fmt.Sprintf("commit of position %d after position %d", position, c.head.position), ErrConflict)
	}
	for name := range c.head.files {
		if c.files[name] == nil {
			return c.fail("commit without the file "+name+", which the job has written before", ErrConflict)
		}
	}
	next := checkpointHead{config: c.o.Config, position: position, finished: finished, marks: c.head.marks, files: make(map[string]int64)}
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		size, err := c.files[name].sync()
		if err != nil {
			return c.fail("write "+name, err)
		}
		next.files[name] = size
	}
	f, err := atomicfile.CreateFaulty(c.path, c.faults)
	if err != nil {
		return c.fail("create", err)
	}
	defer f.Abort()
	if err := writeCheckpoint(f, next, c.o.States); err != nil {
		return c.fail("write", err)
	}
	if err := f.Commit(); err != nil {
		c.unsure = true
		return c.fail("commit", err)
	}
	c.head, c.unsure = next, false
	return nil
}

// Close ends the use of the checkpoint, and gives its lock back. Bytes that were written to its files after the last
// commit are cut off, now or, where that commit failed and may stand all the same, when the job is opened again. It
// can be called again.
func (c *Checkpoint) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		if err := c.files[name].close(c.head.files[name], !c.unsure); err != nil {
			errs = append(errs, c.fail("close "+name, err))
		}
	}
	if err := c.lock.Unlock(); err != nil {
		errs = append(errs, c.fail("unlock", err))
	}
	return errors.Join(errs...)
}

func (c *Checkpoint) fail(what string, err error) error {
	return &CheckpointError{Path: c.path, Offset: -1, What: what, Err: err}
}
