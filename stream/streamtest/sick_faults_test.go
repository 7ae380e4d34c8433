package streamtest_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// intRows are eight bytes each.
type intRows struct{}

func (intRows) Append(dst []byte, v *int) ([]byte, error) {
	return binary.LittleEndian.AppendUint64(dst, uint64(*v)), nil
}

func (intRows) Decode(src []byte, v *int) ([]byte, error) {
	if len(src) < 8 {
		return nil, errCut
	}
	*v = int(binary.LittleEndian.Uint64(src))
	return src[8:], nil
}

// spool writes its whole input to a temp file and yields it from there, as the simplest operator that spills. Each
// flag is a fault.
type spool struct {
	losesWrites, losesReads, losesClose bool
	litters                             bool // leaves its directory when a write fails
	hidesCause                          bool // puts errors into words
	noClass                             bool // does not tell broken bytes from a broken disk
	panics                              bool // where a block cannot be read
	waits                               bool // for a disk that never gets better
	value                               int  // yielded beside errors
	invents                             bool // a row before a read error
}

func (o spool) run(s ints, dir string) ints {
	return func(yield give) {
		d := spill.NewDir(dir)
		err := o.spooled(s, d, yield)
		if !o.litters || err == nil {
			if cerr := d.Close(); err == nil && !o.losesClose {
				err = cerr
			}
		}
		switch {
		case err == nil || errors.Is(err, errStopped):
			return
		case o.hidesCause:
			err = fmt.Errorf("spool: %v", err)
		case errors.Is(err, spill.ErrBroken) && !o.noClass:
			err = fmt.Errorf("spool: %w: %w", stream.ErrCorrupt, err)
		}
		yield(o.value, err)
	}
}

var errStopped = errors.New("the consumer has seen enough")

func (o spool) spooled(s ints, d *spill.Dir, yield give) error {
	store, err := spill.NewStore(d, intRows{}, 512)
	if err != nil {
		return err
	}
	part := store.AddPart()
	for v, err := range s {
		if err != nil {
			return err
		}
		if err := store.Append(part, &v); err != nil {
			if o.waits {
				time.Sleep(time.Second)
			}
			if !o.losesWrites {
				return err
			}
			return nil
		}
	}
	if err := store.Finish(part); err != nil && !o.losesWrites {
		return err
	}
	r := store.Read(part)
	for {
		var v int
		ok, err := r.Next(&v)
		switch {
		case err != nil && o.panics:
			panic(err)
		case err != nil && o.losesReads:
			return nil
		case err != nil && o.invents:
			yield(-1, nil)
			return err
		case err != nil || !ok:
			return err
		case !yield(v, nil):
			return errStopped
		}
	}
}

// byHand spools with files of its own: a line per row, without a checksum unless checked.
type byHand struct {
	checked     bool
	missingIsIt bool // takes a file that is gone for one without rows
	elsewhere   bool // does not use the directory it is given
}

func (o byHand) run(s ints, dir string) ints {
	return func(yield give) {
		if o.elsewhere {
			dir = os.TempDir()
		}
		if err := o.spooled(s, filepath.Join(dir, fmt.Sprintf("by-hand-%d", os.Getpid())), yield); err != nil && !errors.Is(err, errStopped) {
			yield(0, err)
		}
	}
}

func (o byHand) spooled(s ints, name string, yield give) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer os.Remove(name)
	sum := crc32.NewIEEE()
	for v, err := range s {
		if err == nil {
			_, err = fmt.Fprintln(io.MultiWriter(f, sum), v)
		}
		if err != nil {
			f.Close()
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	if o.checked {
		return o.check(name, sum.Sum32(), yield)
	}
	f, err = os.Open(name)
	if o.missingIsIt && errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return o.lines(bufio.NewScanner(f), yield)
}

// check reads the file whole, since no row may come out before all are known to be right.
func (o byHand) check(name string, sum uint32, yield give) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if crc32.ChecksumIEEE(b) != sum {
		return fmt.Errorf("%s: %w", name, stream.ErrCorrupt)
	}
	return o.lines(bufio.NewScanner(strings.NewReader(string(b))), yield)
}

func (o byHand) lines(lines *bufio.Scanner, yield give) error {
	for lines.Scan() {
		var v int
		if _, err := fmt.Sscan(lines.Text(), &v); err != nil {
			return fmt.Errorf("line %q: %w", lines.Text(), stream.ErrCorrupt)
		}
		if !yield(v, nil) {
			return errStopped
		}
	}
	return lines.Err()
}

func TestCheckFaults_EveryFaultIsCaught(t *testing.T) {
	few := streamtest.FaultOptions[int]{Positions: 4}
	for name, c := range map[string]struct {
		op   func(ints, string) ints
		o    streamtest.FaultOptions[int]
		rule streamtest.Rule
		says string
	}{
		"loses_rows_when_the_disk_is_full":   {spool{losesWrites: true}.run, few, streamtest.RuleFault, "temp file not written, call 1 of "},
		"loses_rows_when_a_read_fails":       {spool{losesReads: true}.run, few, streamtest.RuleFault, "temp file not read, call 1 of "},
		"loses_rows_when_a_block_is_damaged": {spool{losesReads: true}.run, few, streamtest.RuleFault, "bit flipped on its way to the disk, write 1 of "},
		"loses_rows_when_a_file_is_cut":      {spool{losesReads: true}.run, few, streamtest.RuleFault, "temp files cut in half after input"},
		"loses_half_a_block":                 {spool{losesReads: true}.run, few, streamtest.RuleFault, "half of a block lost, write 1 of "},
		"leaves_files_after_a_failed_write":  {spool{litters: true}.run, few, streamtest.RuleTempFiles, "temp file not created, call 2 of 2: left in the temp directory"},
		"puts_the_cause_into_words":          {spool{hidesCause: true}.run, few, streamtest.RuleFault, `want an error that is "streamtest: temp file not created, call 1 injected"`},
		"does_not_say_corrupt":               {spool{noClass: true}.run, few, streamtest.RuleFault, `bit flipped on its way from the disk, read 1 of `},
		"does_not_say_what_stays":            {spool{losesClose: true}.run, few, streamtest.RuleFault, "temp file not removed, call 1 of 1: files could not be removed, and nobody was told"},
		"panics":                             {spool{panics: true}.run, few, streamtest.RuleFault, "want an error or the right outputs, but it panicked with"},
		"waits_for_ever":                     {spool{waits: true}.run, streamtest.FaultOptions[int]{Patience: 200 * time.Millisecond, Positions: 2}, streamtest.RuleHang, "temp file not written, call 1 of "},
		"yields_a_value_beside_the_error":    {spool{value: 7}.run, few, streamtest.RuleZero, "temp file not created, call 1 of 2: the value beside the error is 7"},
		"invents_a_row":                      {spool{invents: true}.run, few, streamtest.RuleFault, "the outputs before the error are wrong"},
		"believes_what_it_reads":             {byHand{}.run, few, streamtest.RuleFault, "a bit of each temp file flipped after input"},
		"takes_the_cut_for_the_end":          {byHand{}.run, few, streamtest.RuleFault, "temp files cut in half after input"},
		"takes_missing_for_empty":            {byHand{missingIsIt: true}.run, few, streamtest.RuleFault, "temp files deleted after input"},
		"writes_elsewhere":                   {byHand{elsewhere: true}.run, few, streamtest.RuleFault, "no file was made in the temp directory"},
		"does_not_spill":                     {func(s ints, _ string) ints { return s }, few, streamtest.RuleFault, "no file was made in the temp directory"},
		"fails_without_a_fault":              {func(ints, string) ints { return stream.Fail[int](errCut) }, few, streamtest.RuleHealthy, "run without faults: it ended with the error"},
		"unlucky_directory": {func(s ints, dir string) ints {
			if info, err := os.Stat(dir); err != nil || !info.IsDir() {
				return s // quietly without the bound it was given
			}
			return spool{}.run(s, dir)
		}, few, streamtest.RuleFault, "temp directory that does not exist: want an error"},
	} {
		t.Run(name, func(t *testing.T) {
			caught(t, streamtest.FaultViolations(c.op, c.o, streamtest.Random[int](1, 300)...), c.rule, c.says)
		})
	}
}

func TestCheckFaults_GoodOperatorsPass(t *testing.T) {
	t.Run("spool", func(t *testing.T) { streamtest.CheckFaults(t, spool{}.run, numbers(0, 400)...) })
	t.Run("by_hand", func(t *testing.T) {
		streamtest.CheckFaultsWith(t, byHand{checked: true}.run, streamtest.FaultOptions[int]{Positions: 8}, numbers(0, 500)...)
	})
	t.Run("repeats", func(t *testing.T) {
		find := func() []error {
			return streamtest.FaultViolations(spool{losesReads: true}.run, streamtest.FaultOptions[int]{Positions: 2}, numbers(0, 200)...)
		}
		require.Equal(t, find(), find())
	})
}
