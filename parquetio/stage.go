package parquetio

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace-go/millrace/internal/atomicfile"
	"github.com/millrace-go/millrace/internal/parquet"
)

// A run writes its data files into the staging directory, where no reader looks, and moves them when all are
// whole and on disk:
//
//	lock -> clean up -> stage every file (write, fsync) -> per partition: rename data, rename manifest, remove old
//
// A crash before a partition's manifest is renamed leaves its old version; what else it leaves, the next run's
// clean-up takes away.

const (
	lockName  = ".millrace.lock"
	stageName = ".millrace-stage"
)

// run is one writing call on a dataset.
type run[T any] struct {
	d       *Dataset[T]
	fn      string // for errors
	lock    *atomicfile.Lock
	stage   string
	fields  []field
	staged  int             // data files named so far
	scratch parquet.Scratch // of the staged files, one of which is written at a time
	known   Partition       // one that is committed already, or the zero value
}

// begin takes the lock and removes what dead runs left.
func (d *Dataset[T]) begin(fn string) (*run[T], error) {
	fields, err := fieldsOf(reflect.TypeFor[T]())
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(d.dir, 0o777); err != nil {
		return nil, fmt.Errorf("parquetio: dataset %s: %w", d.dir, err)
	}
	lock, err := atomicfile.TryLock(filepath.Join(d.dir, lockName))
	if errors.Is(err, atomicfile.ErrLocked) {
		return nil, &ConflictError{Dir: d.dir, Msg: err.Error()}
	}
	if err != nil {
		return nil, fmt.Errorf("parquetio: dataset %s: %w", d.dir, err)
	}
	r := &run[T]{d: d, fn: fn, lock: lock, stage: filepath.Join(d.dir, stageName), fields: fields}
	if err := r.clean(); err != nil {
		r.end()
		return nil, fmt.Errorf("parquetio: dataset %s: %w", d.dir, err)
	}
	return r, nil
}

// clean removes the staging directory of a dead run, and from each partition what no manifest names. It comes by
// every committed partition and keeps the first in mind.
func (r *run[T]) clean() error {
	if err := os.RemoveAll(r.stage); err != nil {
		return err
	}
	err := r.d.walk(func(p Partition, dir string) error {
		m, err := readManifest(dir, p)
		gone := errors.Is(err, fs.ErrNotExist)
		if !gone && r.known == (Partition{}) {
			r.known = p
		}
		if err != nil && !gone {
			return nil // an unreadable manifest is for readers to report; nothing of it is thrown away
		}
		return tidy(dir, m, r.d.faults)
	})
	if err != nil {
		return err
	}
	if err := r.d.faults.Check(atomicfile.OpCreate, r.stage); err != nil {
		return err
	}
	return os.Mkdir(r.stage, 0o777)
}

// sameColumns refuses a partition that lies at another depth than the committed ones or under other names: of a
// dataset so mixed, engines that take columns from the path read wrong or not at all.
func (r *run[T]) sameColumns(p Partition, row int64) error {
	if r.known == (Partition{}) || p.names() == r.known.names() {
		return nil
	}
	return &ConflictError{
		Dir: r.d.dir, Partition: p, Row: row,
		Msg: fmt.Sprintf("partition columns are %q, those of the dataset's %s are %q", p.names(), r.known, r.known.names()),
	}
}

// end removes the staging directory and gives the lock back, on every path.
func (r *run[T]) end() {
	os.RemoveAll(r.stage) // what stays is the next run's to remove
	r.lock.Unlock()
}

// stagedFile is the data file of one partition, being written. Between row groups it is closed, so that any
// number of partitions needs one open file.
type stagedFile struct {
	path   string
	fd     *os.File // nil between groups
	buf    *bufio.Writer
	sum    *digester
	w      *parquet.Writer
	faults atomicfile.Faults
}

// newStagedFile names a file; its first row group creates it.
func (r *run[T]) newStagedFile() (*stagedFile, error) {
	s := &stagedFile{path: filepath.Join(r.stage, strconv.Itoa(r.staged)+".tmp"), faults: r.d.faults}
	r.staged++
	s.sum = newDigester(fdWriter{s})
	if err := s.open(os.O_CREATE | os.O_EXCL); err != nil {
		return nil, err
	}
	format := r.d.opts.Write.format()
	format.Scratch = &r.scratch
	w, err := parquet.NewWriter(writerFunc(func(p []byte) (int, error) { return s.buf.Write(p) }), columnsOf(r.fields), format)
	if err != nil {
		s.fd.Close()
		return nil, err
	}
	s.w = w
	return s, nil
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// fdWriter writes to whatever descriptor is open now.
type fdWriter struct{ s *stagedFile }

func (w fdWriter) Write(p []byte) (int, error) {
	injected := w.s.faults.Check(atomicfile.OpWrite, w.s.path)
	if injected != nil {
		p = p[:len(p)/2]
	}
	n, err := w.s.fd.Write(p)
	if err == nil {
		err = injected
	}
	return n, err
}

func (s *stagedFile) open(flag int) (err error) {
	if s.fd != nil {
		return nil
	}
	if err := s.faults.Check(atomicfile.OpCreate, s.path); err != nil {
		return err
	}
	if s.fd, err = os.OpenFile(s.path, os.O_WRONLY|os.O_APPEND|flag, 0o666); err != nil {
		return err
	}
	s.buf = bufio.NewWriterSize(s.sum, 64<<10)
	return nil
}

// park flushes and closes the descriptor until the next row group.
func (s *stagedFile) park() error {
	if s.fd == nil {
		return nil
	}
	err := s.buf.Flush()
	err = errors.Join(err, s.fd.Close())
	s.fd, s.buf = nil, nil
	return err
}

// finish writes the footer and puts the file on disk.
func (s *stagedFile) finish() error {
	if err := s.open(0); err != nil {
		return err
	}
	err := s.w.Close()
	if err == nil {
		err = s.buf.Flush()
	}
	if err == nil {
		err = s.faults.Check(atomicfile.OpSync, s.path)
	}
	if err == nil {
		err = s.fd.Sync()
	}
	err = errors.Join(err, s.fd.Close())
	s.fd, s.buf = nil, nil
	return err
}

// prepared is a partition whose data file, if it has rows, is whole and on disk in the staging directory.
type prepared struct {
	p      Partition
	staged string // empty: no rows
	rows   int64
	bytes  int64
	sha    string
}

// commit puts one prepared partition in the place of its old version.
func (r *run[T]) commit(pp prepared) (PartitionResult, error) {
	dir := r.d.partitionDir(pp.p)
	res := PartitionResult{Partition: pp.p, Path: dir, Rows: pp.rows, Bytes: pp.bytes, SHA256: pp.sha, Changed: true}
	if err := r.makeDir(pp.p); err != nil {
		return res, err
	}
	old, err := readManifest(dir, pp.p)
	if err == nil {
		res.Replaced = true
		res.Changed = !slices.Equal(old.Files, pp.files())
	} else if !errors.Is(err, fs.ErrNotExist) {
		res.Replaced = true // there is one, though it cannot be read: it is replaced all the same
	}
	if err := r.publish(dir, pp); err != nil {
		// The data file may have its name already and the manifest not name it, or the manifest may be renamed
		// and only the sync have failed: what is there now says which.
		if now, rerr := readManifest(dir, pp.p); rerr == nil || errors.Is(rerr, fs.ErrNotExist) {
			_ = tidy(dir, now, nil)
		}
		return res, err
	}
	return res, nil
}

// publish renames the data file and then the manifest into place, and removes what the manifest does not name.
func (r *run[T]) publish(dir string, pp prepared) error {
	m := &manifest{
		Format: manifestFormat, Partition: pp.p.path, Rows: pp.rows, Bytes: pp.bytes, Files: pp.files(), Columns: []string{},
	}
	for i := range r.fields {
		m.Columns = append(m.Columns, r.fields[i].col.String())
	}
	text, err := m.encode()
	if err != nil {
		return err
	}
	faults := r.d.faults
	if pp.staged != "" {
		target := filepath.Join(dir, dataName(pp.sha))
		if err := faults.Check(atomicfile.OpRename, target); err != nil {
			return err
		}
		if err := os.Rename(pp.staged, target); err != nil {
			return err
		}
	}
	// The manifest's name must not reach the disk before the data file's does: the directory is synced here and
	// again by Commit.
	if err := faults.Check(atomicfile.OpSyncDir, dir); err != nil {
		return err
	}
	if err := atomicfile.SyncDir(dir); err != nil {
		return err
	}
	f, err := atomicfile.CreateFaulty(filepath.Join(dir, manifestName), faults)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(text); err != nil {
		return err
	}
	if err := f.Commit(); err != nil {
		return err
	}
	// From here on the partition is new. Old files that cannot be removed now (open ones, on Windows) are
	// garbage for the next run, not a failure of this one.
	_ = tidy(dir, m, faults)
	return nil
}

func (pp *prepared) files() []manifestFile {
	if pp.staged == "" {
		return []manifestFile{}
	}
	return []manifestFile{{Name: dataName(pp.sha), Rows: pp.rows, Bytes: pp.bytes, SHA256: pp.sha}}
}

// makeDir creates a partition's directory and makes it durable, level by level.
func (r *run[T]) makeDir(p Partition) error {
	dir := r.d.dir
	for part := range strings.SplitSeq(p.path, "/") {
		parent := dir
		dir = filepath.Join(dir, part)
		err := os.Mkdir(dir, 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := atomicfile.SyncDir(parent); err != nil {
			return err
		}
	}
	return nil
}

// commitAll commits prepared partitions in the order of their paths.
func (r *run[T]) commitAll(all []prepared) (Result, error) {
	var res Result
	for _, pp := range all {
		one, err := r.commit(pp)
		if err != nil {
			e := &CommitError{Dir: r.d.dir, Failed: pp.p, Err: err}
			for _, done := range res.Partitions {
				e.Committed = append(e.Committed, done.Partition)
			}
			res.finish()
			return res, e
		}
		res.add(one)
	}
	res.finish()
	return res, nil
}
