package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Sweep removes the leftovers of dead writers from dir (not from its subdirectories) and returns their paths,
// sorted. A live writer's temp file stays. A file that cannot be judged stays too; only a directory that
// cannot be read or a leftover that cannot be removed is an error.
func Sweep(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var removed []string
	var errs []error
	for _, e := range entries {
		if !e.Type().IsRegular() || !IsTemp(e.Name()) {
			continue
		}
		path := filepath.Join(dir, e.Name())
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
