package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
)

// tempPattern names what is written beside its place until it is committed.
const tempPattern = ".millrace-*.tmp"

// textFile is a file that appears whole or not at all: it is written beside its place under a name of
// tempPattern, and takes its place in commit.
type textFile struct {
	path string
	temp *os.File // nil once committed or dropped
	buf  *bufio.Writer
	sum  hash.Hash
	done bool
}

func createTextFile(path string) (*textFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), tempPattern)
	if err != nil {
		return nil, err
	}
	f := &textFile{path: path, temp: temp, sum: sha256.New()}
	f.buf = bufio.NewWriterSize(io.MultiWriter(temp, f.sum), 1<<16)
	return f, nil
}

func (f *textFile) Write(p []byte) (int, error) { return f.buf.Write(p) }

// commit makes the file durable and puts it in its place. It returns the SHA-256 of its bytes.
func (f *textFile) commit() (string, error) {
	err := f.buf.Flush()
	if err == nil {
		err = f.temp.Chmod(0o644)
	}
	if err == nil {
		err = f.temp.Sync()
	}
	err = errors.Join(err, f.temp.Close())
	if err == nil {
		err = os.Rename(f.temp.Name(), f.path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(f.path))
	}
	if err != nil {
		os.Remove(f.temp.Name())
	}
	f.done = true
	return hex.EncodeToString(f.sum.Sum(nil)), err
}

// drop removes what was not committed. It can be called on every path.
func (f *textFile) drop() {
	if f == nil || f.done {
		return
	}
	f.done = true
	f.temp.Close()
	os.Remove(f.temp.Name())
}
