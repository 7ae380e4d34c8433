package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/millrace-go/millrace/stream"
)

// missingInputError names an input that does not exist, or a glob that matched nothing.
type missingInputError struct{ name string }

func (e *missingInputError) Error() string {
	return fmt.Sprintf("input %s: %v", e.name, stream.ErrMissing)
}
func (e *missingInputError) Unwrap() error { return stream.ErrMissing }

// formatOf tells the format of an input by its name; compression is recognised by content, so its ending is
// only passed over. "auto" is a name that says nothing, and stdin: the content tells.
func formatOf(path string) string {
	name := strings.ToLower(filepath.Base(path))
	for _, ending := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, ending)
	}
	switch filepath.Ext(name) {
	case ".ndjson", ".jsonl", ".json":
		return "ndjson"
	case ".csv":
		return "csv"
	case ".tsv", ".tab":
		return "tsv"
	}
	return "auto"
}

// inputFormat is the one format of all inputs.
func inputFormat(c config) (string, error) {
	if c.format != "auto" || len(c.inputs) == 0 {
		if c.format == "auto" {
			return "ndjson", nil
		}
		return c.format, nil
	}
	format := ""
	for _, path := range c.inputs {
		f := formatOf(path)
		if format != "" && f != format {
			return "", usagef("-in: inputs of one run must be of one format, got %s and %s (%s)", format, f, path)
		}
		format = f
	}
	return format, nil
}

// inputBytes is the size of all inputs on disk, 0 where it cannot be known (stdin). A file that is not there
// is an error now, before anything starts.
func inputBytes(paths []string) (int64, error) {
	var total int64
	for _, path := range paths {
		if path == "-" {
			return 0, nil
		}
		info, err := os.Stat(path)
		if err != nil {
			if os.IsNotExist(err) {
				return 0, &missingInputError{path}
			}
			return 0, err
		}
		if info.IsDir() {
			return 0, usagef("-in: %s is a directory; name its files, or a glob", path)
		}
		total += info.Size()
	}
	return total, nil
}
