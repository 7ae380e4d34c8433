package stream_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc64"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/atomicfile"
	"github.com/millrace-go/millrace/stream"
)

var updateCheckpoint = flag.Bool("checkpoint.update", false, "rewrite the golden checkpoint")

// blob is a state of any bytes.
type blob struct {
	bytes  []byte
	digest uint64
	reads  int // at most so many bytes are read by Restore; 0: all
}

func (b *blob) Snapshot(w io.Writer) error {
	for part := range slices.Chunk(b.bytes, 1000) {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func (b *blob) Restore(r io.Reader) error {
	if b.reads > 0 {
		r = io.LimitReader(r, int64(b.reads))
	}
	all, err := io.ReadAll(r)
	if err == nil {
		b.bytes = all
	}
	return err
}

func (b *blob) Digest() uint64 { return b.digest }

func states(of map[string]*blob) map[string]stream.State {
	all := make(map[string]stream.State)
	for name, b := range of {
		all[name] = b
	}
	return all
}

func openCheckpoint(t *testing.T, path string, o stream.CheckpointOptions) *stream.Checkpoint {
	t.Helper()
	cp, err := stream.OpenCheckpoint(path, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cp.Close()) })
	return cp
}

func TestCheckpoint_ComesBack(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "job")
	o := func(a, b *blob) stream.CheckpointOptions {
		return stream.CheckpointOptions{Config: 7, States: states(map[string]*blob{"a": a, "b": b})}
	}
	cp := openCheckpoint(t, path, o(&blob{bytes: []byte("one")}, &blob{digest: 9}))
	require.Zero(t, cp.Position())
	require.Zero(t, cp.Mark("table"))
	require.False(t, cp.Finished())
	out, err := cp.File(filepath.Join(dir, "out"))
	require.NoError(t, err)
	_, err = io.WriteString(out, "committed ")
	require.NoError(t, err)
	require.EqualValues(t, 10, out.Size())
	cp.SetMark("table", 12)
	require.NoError(t, cp.Commit(5))
	_, err = io.WriteString(out, "lost")
	require.NoError(t, err)
	cp.SetMark("table", 13)
	require.NoError(t, cp.Close())
	require.NoError(t, cp.Close())
	require.ErrorIs(t, cp.Commit(6), fs.ErrClosed)
	_, err = cp.File(filepath.Join(dir, "other"))
	require.ErrorIs(t, err, fs.ErrClosed)

	before, err := os.ReadFile(path)
	require.NoError(t, err)
	a, b := &blob{}, &blob{digest: 9, bytes: []byte("old")}
	cp = openCheckpoint(t, path, o(a, b))
	require.EqualValues(t, 5, cp.Position())
	require.EqualValues(t, 12, cp.Mark("table"))
	require.Equal(t, "one", string(a.bytes))
	require.Empty(t, b.bytes)
	out, err = cp.File(filepath.Join(dir, "out"))
	require.NoError(t, err)
	require.NoError(t, cp.Commit(5))
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, again, "the same checkpoint has the same bytes")
	_, err = io.WriteString(out, "too")
	require.NoError(t, err)
	require.NoError(t, cp.Finish(6))
	require.True(t, cp.Finished())
	require.ErrorIs(t, cp.Commit(7), stream.ErrConflict)
	require.NoError(t, cp.Close())
	require.True(t, openCheckpoint(t, path, o(a, b)).Finished())
	got, err := os.ReadFile(filepath.Join(dir, "out"))
	require.NoError(t, err)
	require.Equal(t, "committed too", string(got))
	require.Equal(t, []string{"job", "job.lock", "out"}, namesOf(t, dir))
}

func namesOf(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Snapshots of all lengths around that of a chunk come back, whatever pieces they are written in.
func TestCheckpoint_SnapshotLengths(t *testing.T) {
	const chunk = 64 << 10
	for _, n := range []int{0, 1, 999, 1000, chunk - 1, chunk, chunk + 1, 2*chunk - 1, 2 * chunk, 3*chunk + 5} {
		in := map[string]*blob{"first": {bytes: bytes.Repeat([]byte("x"), n)}, "second": {bytes: []byte("behind")}}
		b, err := stream.CheckpointBytes(0, 1, false, nil, nil, states(in))
		require.NoError(t, err)
		out := map[string]*blob{"first": {}, "second": {}}
		again, err := stream.RestoreCheckpoint(b, stream.CheckpointOptions{States: states(out)})
		require.NoError(t, err, "length %d", n)
		require.Equal(t, b, again)
		require.Len(t, out["first"].bytes, n)
		require.Equal(t, "behind", string(out["second"].bytes))
		if n > 0 {
			lazy := map[string]*blob{"first": {reads: n}, "second": {reads: 3}}
			_, err = stream.RestoreCheckpoint(b, stream.CheckpointOptions{States: states(lazy)})
			require.ErrorIs(t, err, stream.ErrCorrupt)
			require.ErrorContains(t, err, `state "second" left 3 bytes of its snapshot`)
		}
	}
}

// golden is a checkpoint with something in every place.
func golden(t require.TestingT) ([]byte, func() stream.CheckpointOptions) {
	in := map[string]*blob{"": {bytes: []byte("unnamed")}, "seen": {bytes: []byte("state"), digest: 0x1122334455667788}}
	b, err := stream.CheckpointBytes(0xc0ffee, 1000, true, map[string]int64{"table": 300, "": 1}, map[string]int64{"out/a.ndjson": 70000}, states(in))
	require.NoError(t, err)
	return b, func() stream.CheckpointOptions {
		return stream.CheckpointOptions{Config: 0xc0ffee, States: states(map[string]*blob{"": {}, "seen": {digest: 0x1122334455667788}})}
	}
}

func TestCheckpoint_Golden(t *testing.T) {
	b, options := golden(t)
	path := filepath.Join("testdata", "checkpoint.v1.hex")
	if *updateCheckpoint {
		require.NoError(t, os.WriteFile(path, []byte(fmt.Sprintf("%x\n", b)), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(want)), fmt.Sprintf("%x", b), "a change of these bytes is a new version of the format")
	again, err := stream.RestoreCheckpoint(b, options())
	require.NoError(t, err)
	require.Equal(t, b, again)
}

// Any flipped bit and any missing byte is found.
func TestCheckpoint_BrokenBytes(t *testing.T) {
	b, options := golden(t)
	for i := range b {
		for bit := range 8 {
			broken := bytes.Clone(b)
			broken[i] ^= 1 << bit
			_, err := stream.RestoreCheckpoint(broken, options())
			require.ErrorIs(t, err, stream.ErrCorrupt, "byte %d, bit %d", i, bit)
		}
		_, err := stream.RestoreCheckpoint(b[:i], options())
		require.ErrorIs(t, err, stream.ErrCorrupt, "%d bytes", i)
	}
	_, err := stream.RestoreCheckpoint(append(bytes.Clone(b), 0), options())
	require.ErrorIs(t, err, stream.ErrCorrupt)
}

// summed makes the checksum right again, as an attacker or a bug would.
func summed(b []byte) []byte {
	if len(b) < 8 {
		return b
	}
	body := b[:len(b)-8]
	return binary.LittleEndian.AppendUint64(bytes.Clone(body), crc64.Checksum(body, crc64.MakeTable(crc64.ECMA)))
}

func TestCheckpoint_Malformed(t *testing.T) {
	b, options := golden(t)
	plain := func(body string) []byte {
		return summed(append(append(bytes.Clone(b[:24]), body...), make([]byte, 8)...))
	}
	const digests = "\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04seen\x88\x77\x66\x55\x44\x33\x22\x11"
	set := func(at int, v ...byte) []byte { c := bytes.Clone(b); copy(c[at:], v); return summed(c) }
	for name, c := range map[string]struct {
		bytes []byte
		class error
		says  string
	}{
		"magic":                {set(0, 'X'), stream.ErrCorrupt, `at byte 0: magic is "XLCP"`},
		"version":              {set(4, 2), stream.ErrCorrupt, "at byte 4: format version is 2, want 1"},
		"flags":                {set(5, 2), stream.ErrCorrupt, "at byte 5: flags are 020000"},
		"reserved":             {set(7, 1), stream.ErrCorrupt, "at byte 5: flags are 010001"},
		"config":               {set(8, 1), stream.ErrConflict, "at byte 8: Config is"},
		"position":             {set(23, 0x80), stream.ErrCorrupt, "at byte 16: position is"},
		"nothing_behind":       {plain(""), stream.ErrCorrupt, "number of marks is no number"},
		"many_marks":           {plain("\xff\x01"), stream.ErrCorrupt, "number of marks is no number up to 2"},
		"long_form":            {plain("\x80\x00\x00\x00"), stream.ErrCorrupt, "number of marks is no number"},
		"name_too_long":        {plain("\x01\x81\x20"), stream.ErrCorrupt, "length of the name of a mark is no number up to 4096"},
		"name_cut":             {plain("\x01\x04ab"), stream.ErrCorrupt, "name of a mark of 4 bytes, 2 are left"},
		"names_descend":        {plain("\x02\x01b\x00\x01a\x00"), stream.ErrCorrupt, `mark "a" after "b"`},
		"names_repeat":         {plain("\x00\x02\x01a\x00\x01a\x00"), stream.ErrCorrupt, `file "a" after "a"`},
		"huge_mark":            {plain("\x01\x01a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), stream.ErrCorrupt, "value of mark is no number"},
		"digest_cut":           {plain("\x00\x00\x02\x00\x00\x00"), stream.ErrCorrupt, "digest of 8 bytes, 2 are left"},
		"state_unknown":        {plain("\x00\x00\x01\x01x\x00\x00\x00\x00\x00\x00\x00\x00"), stream.ErrConflict, `it has a state "x", which is not among the options`},
		"state_missing":        {plain("\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"), stream.ErrConflict, `it has 1 states, want 2: ["" "seen"]`},
		"state_other":          {plain("\x00\x00\x01\x04seen\x00\x00\x00\x00\x00\x00\x00\x01"), stream.ErrConflict, `state "seen" is of configuration 0100000000000000`},
		"no_snapshot":          {plain("\x00\x00" + digests), stream.ErrCorrupt, "length of a chunk is no number"},
		"chunk_cut":            {plain("\x00\x00" + digests + "\x05ab"), stream.ErrCorrupt, "chunk of 5 bytes, 2 are left"},
		"chunk_too_large":      {plain("\x00\x00" + digests + "\x81\x80\x04"), stream.ErrCorrupt, "length of a chunk is no number up to 65536"},
		"behind_the_last":      {plain("\x00\x00" + digests + "\x01a\x01b\x00"), stream.ErrCorrupt, "1 bytes behind the last state"},
		"full_chunk_is_not_it": {plain("\x00\x00" + digests + "\x80\x80\x04" + strings.Repeat("x", 1<<16)), stream.ErrCorrupt, "length of a chunk is no number"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := stream.RestoreCheckpoint(c.bytes, options())
			require.ErrorIs(t, err, c.class)
			require.ErrorContains(t, err, c.says)
		})
	}
	_, err := stream.RestoreCheckpoint(plain("\x00\x00"+digests+"\x01a\x01b"), options())
	require.NoError(t, err, "the well-formed one")
}

func FuzzCheckpoint(f *testing.F) {
	b, options := golden(f)
	f.Add(b[:len(b)-8])
	small, err := stream.CheckpointBytes(0xc0ffee, 0, false, nil, nil, nil)
	require.NoError(f, err)
	f.Add(small[:len(small)-8])
	f.Fuzz(func(t *testing.T, body []byte) {
		b := summed(append(bytes.Clone(body), make([]byte, 8)...))
		o := options()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		again, err := stream.RestoreCheckpoint(b, o)
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20+64*uint64(len(b)) {
			t.Fatalf("%d bytes allocated for %d", spent, len(b))
		}
		if err == nil && !bytes.Equal(b, again) {
			t.Fatalf("restored and written again: %x, want %x", again, b)
		}
		if err != nil && !errors.Is(err, stream.ErrCorrupt) && !errors.Is(err, stream.ErrConflict) {
			t.Fatalf("%v is of no class", err)
		}
	})
}

func TestOpenCheckpoint_Refuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "job")
	var option *stream.OptionError
	_, err := stream.OpenCheckpoint(path, stream.CheckpointOptions{States: map[string]stream.State{"a": nil}})
	require.ErrorAs(t, err, &option)
	_, err = stream.OpenCheckpoint(path, stream.CheckpointOptions{States: states(map[string]*blob{strings.Repeat("x", 4097): {}})})
	require.ErrorAs(t, err, &option)
	_, err = stream.OpenCheckpoint(filepath.Join(dir, "no", "such"), stream.CheckpointOptions{})
	require.ErrorIs(t, err, fs.ErrNotExist)

	cp := openCheckpoint(t, path, stream.CheckpointOptions{})
	_, err = stream.OpenCheckpoint(path, stream.CheckpointOptions{})
	require.ErrorIs(t, err, stream.ErrConflict)
	require.ErrorContains(t, err, "it is open already, here or in another process")
	require.NoError(t, cp.Commit(1))
	require.NoError(t, cp.Close())

	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, b[:len(b)-1], 0o644))
	_, err = stream.OpenCheckpoint(path, stream.CheckpointOptions{})
	require.ErrorIs(t, err, stream.ErrCorrupt)
	var bad *stream.CheckpointError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, path, bad.Path)
	require.NoError(t, os.WriteFile(path, b, 0o644))
	_, err = stream.OpenCheckpoint(path, stream.CheckpointOptions{Config: 1})
	require.ErrorIs(t, err, stream.ErrConflict)
	require.NoError(t, openCheckpoint(t, path, stream.CheckpointOptions{}).Close(), "each refusal has given the lock back")
}

func TestCheckpoint_Files(t *testing.T) {
	dir := t.TempDir()
	path, out := filepath.Join(dir, "job"), filepath.Join(dir, "out")
	require.NoError(t, os.WriteFile(out, []byte("of nobody"), 0o644))
	cp := openCheckpoint(t, path, stream.CheckpointOptions{})
	f, err := cp.File(out)
	require.NoError(t, err)
	require.Zero(t, f.Size(), "a new job begins with empty files")
	_, err = cp.File(filepath.Join(dir, ".", "out"))
	require.ErrorIs(t, err, stream.ErrConflict)
	_, err = io.WriteString(f, strings.Repeat("row\n", 50000)) // past the buffer
	require.NoError(t, err)
	require.NoError(t, cp.Commit(1))
	_, err = io.WriteString(f, strings.Repeat("row\n", 50000))
	require.NoError(t, err)
	require.NoError(t, cp.Close())
	info, err := os.Stat(out)
	require.NoError(t, err)
	require.EqualValues(t, 200000, info.Size(), "Close leaves what was committed")

	tail, err := os.OpenFile(out, os.O_APPEND|os.O_WRONLY, 0) // as a killed run leaves it
	require.NoError(t, err)
	_, err = io.WriteString(tail, "half a r")
	require.NoError(t, errors.Join(err, tail.Close()))
	cp = openCheckpoint(t, path, stream.CheckpointOptions{})
	f, err = cp.File(out)
	require.NoError(t, err)
	require.EqualValues(t, 200000, f.Size())
	info, err = os.Stat(out)
	require.NoError(t, err)
	require.EqualValues(t, 200000, info.Size(), "File leaves what was committed")
	require.NoError(t, cp.Close())

	cp = openCheckpoint(t, path, stream.CheckpointOptions{})
	require.ErrorIs(t, cp.Commit(2), stream.ErrConflict, "the file is part of the job")
	require.NoError(t, os.Truncate(out, 199999))
	_, err = cp.File(out)
	require.ErrorIs(t, err, stream.ErrConflict)
	require.ErrorContains(t, err, "has 199999 bytes, had 200000 at the last commit")
	require.NoError(t, os.Remove(out))
	_, err = cp.File(out)
	require.ErrorIs(t, err, stream.ErrConflict)
	require.ErrorContains(t, err, "has 0 bytes")
	_, err = cp.File(filepath.Join(dir, "no", "such"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	var option *stream.OptionError
	_, err = cp.File(strings.Repeat("x", 5000))
	require.ErrorAs(t, err, &option)
	require.Panics(t, func() { cp.SetMark("a", -1) })
	require.Panics(t, func() { cp.SetMark(strings.Repeat("x", 5000), 1) })
}

func TestCheckpoint_PositionDoesNotGoBack(t *testing.T) {
	cp := openCheckpoint(t, filepath.Join(t.TempDir(), "job"), stream.CheckpointOptions{})
	require.NoError(t, cp.Commit(5))
	require.NoError(t, cp.Commit(5))
	err := cp.Commit(4)
	require.ErrorIs(t, err, stream.ErrConflict)
	require.ErrorContains(t, err, "commit of position 4 after position 5")
}

// A state that cannot be written leaves the last checkpoint.
func TestCheckpoint_SnapshotFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "job")
	bad := &failing{}
	cp := openCheckpoint(t, path, stream.CheckpointOptions{States: map[string]stream.State{"bad": bad}})
	require.NoError(t, cp.Commit(1))
	bad.err = errBoom
	err := cp.Commit(2)
	require.ErrorIs(t, err, errBoom)
	require.ErrorContains(t, err, `snapshot of state "bad"`)
	require.EqualValues(t, 1, cp.Position())
	require.NoError(t, cp.Close())
	require.Equal(t, []string{"job", "job.lock"}, namesOf(t, dir))
	_, err = stream.OpenCheckpoint(path, stream.CheckpointOptions{States: map[string]stream.State{"bad": bad}})
	require.ErrorIs(t, err, errBoom)
	require.ErrorContains(t, err, `restore state "bad"`)
	bad.err = nil
	require.EqualValues(t, 1, openCheckpoint(t, path, stream.CheckpointOptions{States: map[string]stream.State{"bad": bad}}).Position())
}

type failing struct{ err error }

func (f *failing) Snapshot(io.Writer) error { return f.err }
func (f *failing) Restore(io.Reader) error  { return f.err }
func (f *failing) Digest() uint64           { return 1 }

// Whatever operation fails, the checkpoint is the old one or the new one, its files are those of the same moment, and
// no temp file stays.
func TestCheckpoint_FaultAtEachOperation(t *testing.T) {
	full := errors.New("no space left on device")
	ops := 0
	for at := 0; at <= ops; at++ {
		dir := t.TempDir()
		path, out := filepath.Join(dir, "job"), filepath.Join(dir, "out")
		state := &blob{bytes: []byte("first")}
		cp := openCheckpoint(t, path, stream.CheckpointOptions{States: states(map[string]*blob{"s": state})})
		f, err := cp.File(out)
		require.NoError(t, err)
		_, err = io.WriteString(f, "first ")
		require.NoError(t, err)
		require.NoError(t, cp.Commit(1))
		n := 0
		cp.SetFaults(func(op atomicfile.Op, _ string) error {
			if n++; n == at {
				return full
			}
			return nil
		})
		state.bytes = bytes.Repeat([]byte("second"), 20000) // several writes
		_, err = io.WriteString(f, "second")
		require.NoError(t, err)
		if err = cp.Commit(2); at == 0 {
			require.NoError(t, err)
			ops = n
		} else {
			require.ErrorIs(t, err, full)
		}
		require.NoError(t, cp.Close())

		again := &blob{}
		cp = openCheckpoint(t, path, stream.CheckpointOptions{States: states(map[string]*blob{"s": again})})
		_, err = cp.File(out)
		require.NoError(t, err, "operation %d of %d", at, ops)
		require.NoError(t, cp.Close())
		got, err := os.ReadFile(out)
		require.NoError(t, err)
		switch cp.Position() {
		case 1:
			require.Equal(t, "first", string(again.bytes))
			require.Equal(t, "first ", string(got))
		case 2:
			require.Equal(t, state.bytes, again.bytes)
			require.Equal(t, "first second", string(got))
		default:
			t.Fatalf("position %d", cp.Position())
		}
		require.Equal(t, []string{"job", "job.lock", "out"}, namesOf(t, dir))
	}
	require.GreaterOrEqual(t, ops, 8)
}

// A file that is open, under whatever path, is not opened again, and the checkpoint is no output of its own job.
func TestCheckpoint_FileUnderTwoPaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	cp := openCheckpoint(t, "job", stream.CheckpointOptions{})
	_, err := cp.File("out")
	require.NoError(t, err)
	require.NoError(t, cp.Commit(3))
	for _, path := range []string{filepath.Join(dir, "out"), "job", filepath.Join(dir, "job"), "job.lock"} {
		_, err = cp.File(path)
		require.ErrorIs(t, err, stream.ErrConflict, path)
	}
	require.NoError(t, cp.Close())
	require.EqualValues(t, 3, openCheckpoint(t, "job", stream.CheckpointOptions{}).Position())
}

func TestCheckpoint_WriteAfterClose(t *testing.T) {
	dir := t.TempDir()
	cp := openCheckpoint(t, filepath.Join(dir, "job"), stream.CheckpointOptions{})
	f, err := cp.File(filepath.Join(dir, "out"))
	require.NoError(t, err)
	require.NoError(t, cp.Close())
	_, err = io.WriteString(f, "a row that would be lost")
	require.ErrorIs(t, err, fs.ErrClosed)
}

// panicking is a state whose Restore panics.
type panicking struct{ blob }

func (*panicking) Restore(io.Reader) error { panic(errBoom) }

// A panic of a state's Restore comes out, and the lock does not stay behind.
func TestOpenCheckpoint_PanicInRestore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "job")
	good := stream.CheckpointOptions{States: map[string]stream.State{"a": &blob{}}}
	cp := openCheckpoint(t, path, good)
	require.NoError(t, cp.Commit(3))
	require.NoError(t, cp.Close())
	require.PanicsWithError(t, errBoom.Error(), func() {
		_, _ = stream.OpenCheckpoint(path, stream.CheckpointOptions{States: map[string]stream.State{"a": &panicking{}}})
	})
	require.EqualValues(t, 3, openCheckpoint(t, path, good).Position())
}

// No path is told before the work is done, not at the first commit.
func TestOpenCheckpoint_NoPath(t *testing.T) {
	_, err := stream.OpenCheckpoint("", stream.CheckpointOptions{})
	var option *stream.OptionError
	require.ErrorAs(t, err, &option)
	require.EqualError(t, err, `stream: OpenCheckpoint: path must be the name of a file, got ""`)
}
