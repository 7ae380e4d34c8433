package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/millrace-go/millrace/parquetio"
	"github.com/millrace-go/millrace/stream"
)

// The outputs, by their names in the output directory. The quarantine is where the flag says.
const (
	eventsName   = "events"
	sessionsName = "sessions"
	countsName   = "counts.parquet"
	distinctName = "distinct_users.parquet"
	topName      = "top_users.parquet"
	inputName    = "input" // of the generated events: not an output
)

var tableNames = []string{countsName, distinctName, topName}

// prepare makes the output directory this run's own, and finds out now what would fail at the end.
func (j *job) prepare(ctx context.Context) error {
	if err := j.takeLock(ctx); err != nil {
		return err
	}
	for _, dir := range []string{j.cfg.out, filepath.Join(j.cfg.out, inputName), filepath.Dir(j.cfg.quarantine)} {
		if err := sweep(dir); err != nil {
			return err
		}
	}
	for _, name := range tableNames {
		path := filepath.Join(j.cfg.out, name)
		if info, err := os.Lstat(path); err == nil && info.IsDir() {
			return &fs.PathError{Op: "replace", Path: path, Err: syscall.EISDIR}
		}
	}
	return j.checkQuarantine()
}

// takeLock keeps other runs out of the output directory. A dataset's writer lock is held from Stage to Abort, so
// a dataset that stages nothing is a lock; the system frees it if the process dies.
func (j *job) takeLock(ctx context.Context) error {
	ds, err := parquetio.NewDataset[event](j.cfg.out, parquetio.DatasetOptions{})
	if err != nil {
		return err
	}
	j.lock, err = ds.Stage(ctx, stream.Of[event](), func(e event) parquetio.Partition { return dateOf(e.At) }, parquetio.OverwriteOptions[event]{})
	if errors.Is(err, stream.ErrConflict) {
		return fmt.Errorf("another run is writing to %s: %w", j.cfg.out, err)
	}
	return err
}

// sweep removes what killed runs left in dir. While the lock is held nobody else writes there.
func sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if stale, _ := filepath.Match(tempPattern, entry.Name()); stale {
			if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkQuarantine refuses a quarantine file that is an input, an output, or no file.
func (j *job) checkQuarantine() error {
	path := j.cfg.quarantine
	for _, name := range append([]string{eventsName, sessionsName, inputName}, tableNames...) {
		if samePath(path, filepath.Join(j.cfg.out, name)) {
			return usagef("-quarantine: %s is an output of its own", path)
		}
	}
	for _, input := range j.cfg.inputs {
		if samePath(path, input) {
			return usagef("-quarantine: %s is an input", path)
		}
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return usagef("-quarantine: %s is not a regular file", path)
	}
	return nil
}

// samePath reports whether two names are of one file, or would be.
func samePath(a, b string) bool {
	if x, err := os.Stat(a); err == nil {
		if y, err := os.Stat(b); err == nil {
			return os.SameFile(x, y)
		}
	}
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	return errX == nil && errY == nil && x == y
}

// syncDir makes renames in dir durable. Windows has no such call and needs none.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
