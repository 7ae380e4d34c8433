package spill_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/spill"
)

// run writes and reads two parts of n rows each, as an operator would, and fails the test if it ever sees a row that
// is not the one that was written, or if not both ways to read end alike. afterWrite may damage the file in between; f is
// what the disk does by itself.
func run(t *testing.T, parent string, n int, f spill.Faults, afterWrite func(file string)) error {
	t.Helper()
	byRow := runBy(t, ways["row by row"], parent, n, f, afterWrite)
	byBlock := runBy(t, ways["by blocks"], parent, n, f, afterWrite)
	require.Equal(t, byRow == nil, byBlock == nil, "%v, %v", byRow, byBlock)
	if byRow != nil {
		e, other := byRow.(*spill.Error), byBlock.(*spill.Error)
		require.Equal(t, []any{e.Op, e.Offset, e.Err.Error()}, []any{other.Op, other.Offset, other.Err.Error()})
	}
	return byBlock
}

func runBy(t *testing.T, read func(*spill.Store[event], int) ([]event, error), parent string, n int, f spill.Faults, afterWrite func(file string)) error {
	t.Helper()
	restore := spill.Inject(parent, f)
	d := spill.NewDir(parent)
	defer func() {
		restore()
		require.NoError(t, d.Close())
		names, err := os.ReadDir(parent)
		require.NoError(t, err)
		require.Empty(t, names)
	}()
	s, err := spill.NewStore(d, eventRows{}, 512)
	if err != nil {
		return err
	}
	parts := []int{s.AddPart(), s.AddPart()}
	name := strings.Repeat("click", 3)
	for i := range n {
		for _, part := range parts {
			if err := s.Append(part, &event{uint64(i*2 + part), name}); err != nil {
				return err
			}
		}
	}
	if err := s.FinishAll(); err != nil {
		return err
	}
	if afterWrite != nil {
		afterWrite(filepath.Join(d.Path(), "blocks-0"))
	}
	for _, part := range parts {
		got, err := read(s, part)
		for i, v := range got {
			require.Equal(t, event{uint64(i*2 + part), name}, v)
		}
		if err != nil {
			return err
		}
		require.Len(t, got, n)
	}
	if err := s.Close(); err != nil {
		return err
	}
	return d.Close()
}

// Each fault surfaces as an *Error that names its file, and no wrong row is ever seen (run looks).
func TestFaults(t *testing.T) {
	const rows = 200
	for name, c := range map[string]struct {
		f      spill.Faults
		op     spill.Op
		is     error
		offset bool // not at the start of the file
	}{
		"create_directory": {f: spill.Faults{Op: spill.OpCreate, At: 1, Err: syscall.EACCES}, op: spill.OpCreate, is: fs.ErrPermission},
		"create_file":      {f: spill.Faults{Op: spill.OpCreate, At: 2, Err: syscall.EMFILE}, op: spill.OpCreate, is: syscall.EMFILE},
		"full_at_once":     {f: spill.Faults{Op: spill.OpWrite, At: 1, Err: syscall.ENOSPC}, op: spill.OpWrite, is: syscall.ENOSPC},
		"full_later":       {f: spill.Faults{Op: spill.OpWrite, At: 5, Err: syscall.ENOSPC}, op: spill.OpWrite, is: syscall.ENOSPC, offset: true},
		"lost_write":       {f: spill.Faults{Op: spill.OpWrite, At: 3, Lost: true}, op: spill.OpRead, is: spill.ErrBroken, offset: true},
		"flipped_on_disk":  {f: spill.Faults{Op: spill.OpWrite, At: 2, Flip: true, Bit: 999}, op: spill.OpRead, is: spill.ErrBroken, offset: true},
		"flipped_magic":    {f: spill.Faults{Op: spill.OpRead, At: 1, Flip: true, Bit: 3}, op: spill.OpRead, is: spill.ErrBroken, offset: true},
		"flipped_part":     {f: spill.Faults{Op: spill.OpRead, At: 1, Flip: true, Bit: 8 * 4}, op: spill.OpRead, is: spill.ErrBroken, offset: true},
		"flipped_rows":     {f: spill.Faults{Op: spill.OpRead, At: 1, Flip: true, Bit: 8 * 8}, op: spill.OpRead, is: spill.ErrBroken, offset: true},
		"flipped_length":   {f: spill.Faults{Op: spill.OpRead, At: 1, Flip: true, Bit: 8*12 + 31}, op: spill.OpRead, is: spill.ErrBroken, offset: true},
		"flipped_row":      {f: spill.Faults{Op: spill.OpRead, At: 2, Flip: true, Bit: 8 * 30}, op: spill.OpRead, is: spill.ErrBroken},
		"flipped_sum":      {f: spill.Faults{Op: spill.OpRead, At: 1, Flip: true, Bit: 8 * 20}, op: spill.OpRead, is: spill.ErrBroken, offset: true},
		"read_fails":       {f: spill.Faults{Op: spill.OpRead, At: 4, Err: syscall.EIO}, op: spill.OpRead, is: syscall.EIO, offset: true},
		"remove_fails":     {f: spill.Faults{Op: spill.OpRemove, At: 1, Err: syscall.EBUSY}, op: spill.OpRemove, is: syscall.EBUSY},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			err := run(t, parent, rows, c.f, nil)
			var e *spill.Error
			require.ErrorAs(t, err, &e)
			require.ErrorIs(t, err, c.is)
			require.Equal(t, c.op, e.Op)
			require.Contains(t, e.File, filepath.Join(parent, "millrace-spill-"))
			require.Contains(t, e.Error(), e.File)
			require.Equal(t, c.offset, e.Offset > 0, "%v", err)
		})
	}
}

// Every bit of a small file, and some of one whose index is on disk: a flip is found, or (there is none such today) the
// rows are right.
func TestFaults_EveryBit(t *testing.T) {
	everyBit(t, 3, 1)
	everyBit(t, 150, 97)
}

func everyBit(t *testing.T, rows, step int) {
	parent := t.TempDir()
	var size int
	require.NoError(t, run(t, parent, rows, spill.Faults{}, func(file string) {
		info, err := os.Stat(file)
		require.NoError(t, err)
		size = int(info.Size())
	}))
	for bit := 0; bit < 8*size; bit += step {
		err := run(t, parent, rows, spill.Faults{}, func(file string) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			data[bit/8] ^= 1 << (bit % 8)
			require.NoError(t, os.WriteFile(file, data, 0o600))
		})
		require.ErrorIs(t, err, spill.ErrBroken, "bit %d of %d", bit, 8*size)
	}
}

// A file that is cut at any length is found.
func TestFaults_EveryCut(t *testing.T) {
	parent := t.TempDir()
	for size := int64(0); ; size++ {
		whole := false
		err := run(t, parent, 3, spill.Faults{}, func(file string) {
			info, err := os.Stat(file)
			require.NoError(t, err)
			if whole = size == info.Size(); !whole {
				require.NoError(t, os.Truncate(file, size))
			}
		})
		if whole {
			require.NoError(t, err)
			return
		}
		require.ErrorIs(t, err, spill.ErrBroken, "cut at %d", size)
	}
}

// Two blocks that change places keep their checksums, and are found by the index.
func TestFaults_BlocksInEachOthersPlace(t *testing.T) {
	err := run(t, t.TempDir(), 3, spill.Faults{}, func(file string) {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		half := len(data) / 2 // two parts of equal rows: blocks of equal length
		require.NoError(t, os.WriteFile(file, append(append([]byte{}, data[half:]...), data[:half]...), 0o600))
	})
	require.ErrorIs(t, err, spill.ErrBroken)
	require.ErrorContains(t, err, "part 1, want 0")
}

// Deleting the open file does no harm: the run still has it.
func TestFaults_DeletedFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be deleted")
	}
	require.NoError(t, run(t, t.TempDir(), 200, spill.Faults{}, func(file string) { require.NoError(t, os.Remove(file)) }))
}

func TestDir_DeletedUnderTheRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a directory with open files cannot be deleted")
	}
	d := spill.NewDir(t.TempDir())
	defer d.Close()
	_, err := spill.NewStore(d, eventRows{}, 0)
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(d.Path()))
	_, err = spill.NewStore(d, eventRows{}, 0)
	var e *spill.Error
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Equal(t, filepath.Join(d.Path(), "blocks-1"), e.File)
	require.NoError(t, d.Close())
}

// After a failed write nothing of the store is believed, and the first error is what every call returns.
func TestStore_ErrorStays(t *testing.T) {
	parent := t.TempDir()
	defer spill.Inject(parent, spill.Faults{Op: spill.OpWrite, At: 1, Err: syscall.ENOSPC})()
	s := newStore(t, parent, 64)
	a, b := s.AddPart(), s.AddPart()
	var first error
	for i := 0; first == nil; i++ {
		require.Less(t, i, 1000)
		first = s.Append(a, &event{uint64(i), "name"})
	}
	require.ErrorIs(t, first, syscall.ENOSPC)
	require.Equal(t, first, s.Append(b, &event{}))
	require.Equal(t, first, s.Finish(b))
	require.Equal(t, first, s.FinishAll())
	require.NoError(t, s.Close())
}

// A codec that takes other bytes than it wrote is found at the end of the block.
func TestReader_CodecOutOfStep(t *testing.T) {
	for name, rows := range map[string]lengths{
		"leaves_bytes":  {wrote: 3, reads: 2},
		"wants_more":    {wrote: 2, reads: 3},
		"returns_other": {wrote: 2, reads: -1},
	} {
		t.Run(name, func(t *testing.T) {
			d := spill.NewDir(t.TempDir())
			defer d.Close()
			s, err := spill.NewStore(d, rows, 0)
			require.NoError(t, err)
			part := s.AddPart()
			require.NoError(t, s.Append(part, &event{}))
			require.NoError(t, s.Finish(part))
			_, byBlock := readBlocks(s, part)
			require.ErrorIs(t, byBlock, spill.ErrBroken)
			r := s.Read(part)
			v := event{ID: 9}
			ok, err := r.Next(&v)
			require.False(t, ok)
			require.ErrorIs(t, err, spill.ErrBroken)
			require.Zero(t, v)
			require.Equal(t, err, byBlock)
			_, again := r.Next(&v)
			require.Equal(t, err, again)
		})
	}
}

// A row that cannot be decoded, wherever it is in its block: those before it come out, and what is handed back holds nothing
// of those behind it or of the block before.
func TestBlock_CodecFailsLater(t *testing.T) {
	for bad := range 5 {
		d := spill.NewDir(t.TempDir())
		defer d.Close()
		codec := &failsAt{n: -1}
		s, err := spill.NewStore(d, codec, 0)
		require.NoError(t, err)
		part := s.AddPart()
		for i := range 5 {
			require.NoError(t, s.Append(part, &event{ID: uint64(i), Name: "a"}))
		}
		require.NoError(t, s.Finish(part))
		blocks := s.Blocks(part)
		b, ok := blocks.Next()
		require.True(t, ok)
		into := make([]event, 8)
		for i := range into {
			into[i].Name = "of another block"
		}
		codec.n = bad
		rows, _, err := b.Read(into, nil)
		require.ErrorIs(t, err, spill.ErrBroken)
		require.ErrorContains(t, err, fmt.Sprintf("row %d", bad))
		require.Len(t, rows, bad)
		for _, v := range rows[bad:cap(rows)] {
			require.Zero(t, v)
		}
	}
}

// failsAt is eventRows that fails at the n-th row it decodes from when n was set, and that reuses what it is given.
type failsAt struct {
	eventRows
	n int
}

func (c *failsAt) Decode(src []byte, v *event) ([]byte, error) {
	if *v != (event{}) {
		return nil, fmt.Errorf("was given %v, want the zero value", *v)
	}
	if c.n == 0 {
		v.Name = "half of it"
		return nil, errors.New("no such row")
	}
	c.n--
	return c.eventRows.Decode(src, v)
}

// lengths writes and reads rows of different lengths.
type lengths struct{ wrote, reads int }

func (l lengths) Append(dst []byte, _ *event) ([]byte, error) {
	return append(dst, make([]byte, l.wrote)...), nil
}

func (l lengths) Decode(src []byte, _ *event) ([]byte, error) {
	if l.reads < 0 {
		return make([]byte, len(src)+1), nil
	}
	if l.reads > len(src) {
		return nil, errors.New("short row")
	}
	return src[l.reads:], nil
}
