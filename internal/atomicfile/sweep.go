package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Sweep removes the leftovers of dead writers from dir (not from its subdirectories) and returns their paths,
// sorted. A live writer's temp file stays. A file that cannot be judged stays too; only a directory that
// cannot be read or a leftover that cannot be removed is an error.
func Sweep(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.Type().IsRegular() && IsTemp(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return remove(dir, names)
}

// SweepTarget is Sweep for the leftovers of writers of path alone. Where a temp file is closed before it is
// renamed (Windows) it removes nothing: unlike Sweep's callers, its callers hold no lock that would keep another
// writer of path from standing between the two.
func SweepTarget(path string) ([]string, error) {
	if closeBeforeRename {
		return nil, nil
	}
	dir := filepath.Dir(path)
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	prefix := targetPrefix(path)
	var names []string
	for { // by parts and unsorted: dir may hold many files, and few of them are leftovers
		part, err := d.Readdirnames(4096)
		for _, name := range part {
			if strings.HasPrefix(name, prefix) && IsTemp(name) {
				names = append(names, name)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	return remove(dir, names)
}

// remove removes those of the temp files that are dead, and returns their paths.
func remove(dir string, names []string) ([]string, error) {
	var removed []string
	var errs []error
	for _, name := range names {
		path := filepath.Join(dir, name)
		gone, err := removeDead(path)
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, err)
		case gone:
			removed = append(removed, path)
		}
	}
	return removed, errors.Join(errs...)
}
