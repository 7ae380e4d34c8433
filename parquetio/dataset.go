package parquetio

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/millrace-go/millrace/internal/atomicfile"
	"github.com/millrace-go/millrace/stream"
)

// DatasetOptions say how a dataset is written and read. The zero value is right for most.
type DatasetOptions struct {
	Write WriteOptions // of every data file
	Read  ReadOptions  // Columns must be empty: the fields of T name the columns
}

// Dataset is a directory of partitions, each a directory with data files and the manifest that names them:
//
//	events/
//	  .millrace.lock                     held by the one writer
//	  date=2026-01-02/
//	    _manifest.json                   its rename commits the partition
//	    part-5f0c....parquet             named by its content
//
// All partitions of a dataset have the same columns, in the same order; another layout is another directory.
//
// The zero value is not usable; see NewDataset. A Dataset holds no open files and is safe for concurrent use;
// writers exclude each other, also between processes.
type Dataset[T any] struct {
	dir    string
	opts   DatasetOptions
	faults atomicfile.Faults // tests only
}

// NewDataset describes the dataset of T rows in dir. It checks T and the options and does not touch the disk:
// the first write creates the directory.
func NewDataset[T any](dir string, opts DatasetOptions) (*Dataset[T], error) {
	if dir == "" {
		return nil, &stream.OptionError{Package: "parquetio", Func: "NewDataset", Option: "dir", Got: `""`, Want: "a directory"}
	}
	if err := opts.Write.check("NewDataset"); err != nil {
		return nil, err
	}
	if len(opts.Read.Columns) > 0 {
		return nil, &stream.OptionError{
			Package: "parquetio", Func: "NewDataset", Option: "Read.Columns", Got: opts.Read.Columns, Want: "empty: the fields of T name the columns",
		}
	}
	if _, err := fieldsOf(reflect.TypeFor[T]()); err != nil {
		return nil, err
	}
	return &Dataset[T]{dir: dir, opts: opts}, nil
}

// Dir is the dataset's directory.
func (d *Dataset[T]) Dir() string { return d.dir }

// partitionDir is where a partition lies.
func (d *Dataset[T]) partitionDir(p Partition) string {
	return filepath.Join(d.dir, filepath.FromSlash(p.path))
}

// ListPartitions returns the committed partitions, sorted by their path. A dataset that does not exist is a
// *MissingError.
func (d *Dataset[T]) ListPartitions() ([]Partition, error) {
	var parts []Partition
	err := d.walk(func(p Partition, dir string) error {
		_, err := os.Stat(filepath.Join(dir, manifestName))
		if err == nil {
			parts = append(parts, p)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &MissingError{Path: d.dir, What: "dataset", Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("parquetio: dataset %s: %w", d.dir, err)
	}
	slices.SortFunc(parts, func(a, b Partition) int { return strings.Compare(a.path, b.path) })
	return parts, nil
}

// walk visits every directory below the dataset whose path reads as a partition, parents first.
func (d *Dataset[T]) walk(visit func(p Partition, dir string) error) error {
	var down func(p Partition, dir string) error
	down = func(p Partition, dir string) error {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.IsDir() || !strings.Contains(e.Name(), "=") {
				continue
			}
			path := e.Name()
			if p.path != "" {
				path = p.path + "/" + path
			}
			sub, err := ParsePartition(path)
			if err != nil || sub.path != path {
				continue // not written by us: another escaping, or no partition at all
			}
			full := filepath.Join(dir, e.Name())
			if err := visit(sub, full); err != nil {
				return err
			}
			if err := down(sub, full); err != nil {
				return err
			}
		}
		return nil
	}
	return down(Partition{}, d.dir)
}

// Read yields the rows of the partitions, in the order given, or of all committed partitions, sorted by path.
// Each partition's rows are those of one commit: a writer that replaces it meanwhile does not mix the two. A
// partition that was never committed is a *MissingError.
//
// It reads as the function Read does, one file at a time, and can run again.
func (d *Dataset[T]) Read(parts ...Partition) stream.Seq[T] {
	return func(yield func(T, error) bool) {
		var zero T
		for _, p := range parts {
			if err := checkPartition("Dataset.Read", "parts", p); err != nil {
				yield(zero, err)
				return
			}
		}
		todo := parts
		if len(parts) == 0 {
			var err error
			if todo, err = d.ListPartitions(); err != nil {
				yield(zero, err)
				return
			}
		}
		fields, err := fieldsOf(reflect.TypeFor[T]())
		for _, p := range todo {
			more := true
			if err == nil {
				more, err = d.readPartition(p, fields, yield)
			}
			if !more {
				return
			}
			if err != nil {
				yield(zero, err)
				return
			}
		}
	}
}

// readPartition opens all files of a partition before it yields a row, so that they are of one commit.
func (d *Dataset[T]) readPartition(p Partition, fields []field, yield func(T, error) bool) (more bool, err error) {
	files, m, err := d.openPartition(p)
	if err != nil {
		return true, err
	}
	defer func() {
		for _, f := range files {
			if cerr := f.Close(); err == nil && cerr != nil {
				err = fmt.Errorf("parquetio: %s: %w", f.Name(), cerr)
			}
		}
	}()
	for i, f := range files {
		if err := d.verify(f, m.Files[i]); err != nil {
			return true, err
		}
		more, err := readFrom(f, m.Files[i].Bytes, f.Name(), fields, d.opts.Read, yield)
		if !more || err != nil {
			return more, err
		}
	}
	return true, nil
}

// openTries bounds how often openPartition starts again because a writer replaced the partition between the
// manifest and its files.
const openTries = 1000

func (d *Dataset[T]) openPartition(p Partition) ([]*os.File, *manifest, error) {
	dir := d.partitionDir(p)
	var last *manifest
	for range openTries {
		m, err := readManifest(dir, p)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil, &MissingError{Path: dir, What: "partition"}
		}
		if err != nil {
			return nil, nil, err
		}
		files, err := openFiles(dir, m)
		if err == nil {
			return files, m, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
		if last != nil && reflect.DeepEqual(m, last) {
			return nil, nil, &CorruptError{Path: dir, RowGroup: -1, Offset: -1, Err: fmt.Errorf("the manifest names a file that is gone: %w", err)}
		}
		last = m
	}
	return nil, nil, &ConflictError{Dir: d.dir, Partition: p, Msg: fmt.Sprintf("replaced %d times while it was being opened", openTries)}
}

func openFiles(dir string, m *manifest) ([]*os.File, error) {
	var files []*os.File
	for _, mf := range m.Files {
		f, err := os.Open(filepath.Join(dir, mf.Name))
		if err == nil {
			var info fs.FileInfo
			if info, err = f.Stat(); err == nil && info.Size() != mf.Bytes {
				err = &CorruptError{
					Path: f.Name(), RowGroup: -1, Offset: -1,
					Err: fmt.Errorf("file has %d bytes, the manifest says %d", info.Size(), mf.Bytes),
				}
			}
			files = append(files, f)
		}
		if err != nil {
			for _, f := range files {
				f.Close()
			}
			return nil, err
		}
	}
	return files, nil
}

// verify holds a data file against the SHA-256 of its manifest, before a row of it is delivered: what a Parquet
// file's own checks leave open (a flipped bit in a footer, say) would be other rows.
func (d *Dataset[T]) verify(f *os.File, want manifestFile) error {
	if d.opts.Read.IgnoreChecksums {
		return nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, want.Bytes)); err != nil {
		return fmt.Errorf("parquetio: %s: %w", f.Name(), err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want.SHA256 {
		return &CorruptError{
			Path: f.Name(), RowGroup: -1, Offset: -1,
			Err: fmt.Errorf("its SHA-256 is %s, the manifest says %s", got, want.SHA256),
		}
	}
	return nil
}
