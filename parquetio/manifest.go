package parquetio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/millrace-go/millrace/internal/atomicfile"
)

// manifestName is the file whose rename commits a partition. It begins with an underscore, so that readers of
// Hive's layout pass it over.
const manifestName = "_manifest.json"

// manifestFormat is the version of the manifest's layout.
const manifestFormat = 1

// maxManifest bounds what is read as a manifest, in bytes.
const maxManifest = 16 << 20

// manifest says which files a partition consists of. It carries no clock and no run: the same rows give the
// same bytes.
type manifest struct {
	Format    int            `json:"format"`
	Partition string         `json:"partition"`
	Rows      int64          `json:"rows"`
	Bytes     int64          `json:"bytes"`
	Files     []manifestFile `json:"files"`
	Columns   []string       `json:"columns"`
}

type manifestFile struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func (m *manifest) encode() ([]byte, error) {
	b, err := json.MarshalIndent(m, "", "  ")
	return append(b, '\n'), err
}

// readManifest returns fs.ErrNotExist, wrapped, if the partition was never committed.
func readManifest(dir string, p Partition) (*manifest, error) {
	path := filepath.Join(dir, manifestName)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	bad := func(format string, args ...any) error {
		return &CorruptError{Path: path, RowGroup: -1, Offset: -1, Err: fmt.Errorf(format, args...)}
	}
	if info.Size() > maxManifest {
		return nil, bad("manifest of %d bytes", info.Size())
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(f); err != nil {
		return nil, fmt.Errorf("parquetio: %s: %w", path, err)
	}
	m := new(manifest)
	if err := json.Unmarshal(b.Bytes(), m); err != nil {
		return nil, bad("%w", err)
	}
	switch {
	case m.Format != manifestFormat:
		return nil, &SchemaError{Path: path, Want: fmt.Sprintf("manifest format %d", manifestFormat), Got: fmt.Sprint(m.Format)}
	case m.Partition != p.path:
		return nil, bad("manifest is that of partition %q", m.Partition)
	}
	var rows, size int64
	for _, f := range m.Files {
		if f.Name == "" || f.Name != filepath.Base(f.Name) || f.Rows < 0 || f.Bytes < 0 {
			return nil, bad("manifest names file %q", f.Name)
		}
		rows, size = rows+f.Rows, size+f.Bytes
	}
	if rows != m.Rows || size != m.Bytes {
		return nil, bad("files have %d rows and %d bytes together, the manifest says %d and %d", rows, size, m.Rows, m.Bytes)
	}
	return m, nil
}

// dataPrefix and dataSuffix frame the name of a data file, which is made from its content.
const (
	dataPrefix = "part-"
	dataSuffix = ".parquet"
	dataHex    = 32 // digits of the SHA-256: 128 bits
)

func dataName(sha256 string) string { return dataPrefix + sha256[:dataHex] + dataSuffix }

// isData reports whether name is that of a data file of this package. Files of other writers in a partition's
// directory are never touched.
func isData(name string) bool {
	digits, ok := strings.CutPrefix(name, dataPrefix)
	digits, ok2 := strings.CutSuffix(digits, dataSuffix)
	return ok && ok2 && len(digits) == dataHex && strings.Trim(digits, "0123456789abcdef") == ""
}

// tidy removes from a partition's directory the data files its manifest does not name and the temp files of
// dead writers. The caller holds the dataset's lock.
func tidy(dir string, m *manifest, faults atomicfile.Faults) error {
	if _, err := atomicfile.Sweep(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	if m != nil {
		for _, f := range m.Files {
			named[f.Name] = true
		}
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !isData(e.Name()) || named[e.Name()] {
			continue
		}
		path := filepath.Join(dir, e.Name())
		err := faults.Check(atomicfile.OpRemove, path)
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
