// Package statetest holds what the tests of state objects demand of every snapshot: that broken bytes are refused with a
// typed error and change nothing, whatever bit is wrong, and that what is taken is written again as it was.
//
//	func FuzzState_Restore(f *testing.F) { statetest.Fuzz(f, target, *update) }
package statetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/millrace-go/millrace/stream"
)

// Broken is a snapshot that cannot be restored.
type Broken struct {
	Name  string // of the case, and of its seed
	Bytes []byte // of the snapshot
	Class error  // that the error must match
	Says  string // what its text must contain
}

// Target is a state object under test.
type Target struct {
	Name   string                             // of the fuzz target, "FuzzState_Restore"
	Op     string                             // of the errors, "State.Restore"
	Sample func(t testing.TB) stream.State    // the same state, new each time; its snapshot has one block
	Broken func(t testing.TB) []Broken        // also the seeds
	GoOn   func(t testing.TB, s stream.State) // uses what was restored
}

// Snapshot returns the bytes of a state.
func Snapshot(t testing.TB, s stream.State) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Snapshot(&b); err != nil {
		t.Fatalf("Snapshot() = %v, want nil", err)
	}
	return b.Bytes()
}

// frame is the bytes around the payload of one block: a header and the head of the block before it, the end behind it.
const (
	header = 32
	before = 40
	behind = 8
)

// Payload is the payload of a snapshot of one block.
func Payload(b []byte) []byte { return bytes.Clone(b[before : len(b)-behind]) }

// Reframe frames a payload of at most one block as the snapshot b is framed.
func Reframe(b, payload []byte) []byte {
	out := bytes.Clone(b[:header])
	crc := crc32.Checksum(payload, crc32.MakeTable(crc32.Castagnoli))
	if len(payload) > 0 {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(payload)))
		out = binary.LittleEndian.AppendUint32(out, crc)
		out = append(out, payload...)
	}
	out = binary.LittleEndian.AppendUint32(out, 0)
	return binary.LittleEndian.AppendUint32(out, crc)
}

// Build frames a payload of numbers (int64 as varint, uint64 as uvarint) and texts as the snapshot good is framed.
func Build(good []byte, parts ...any) []byte {
	var p []byte
	for _, part := range parts {
		switch v := part.(type) {
		case int64:
			p = binary.AppendVarint(p, v)
		case uint64:
			p = binary.AppendUvarint(p, v)
		case string:
			p = append(p, v...)
		default:
			panic(fmt.Sprintf("statetest: Build: %T", part))
		}
	}
	return Reframe(good, p)
}

// Refused demands the errors of all broken snapshots, and of a good one with any bit of it wrong or cut anywhere; the
// state does not change. A good one is taken however it arrives.
func Refused(t *testing.T, target Target) {
	t.Helper()
	good := Snapshot(t, target.Sample(t))
	for _, c := range target.Broken(t) {
		s := target.Sample(t)
		err := s.Restore(bytes.NewReader(c.Bytes))
		var typed *stream.SnapshotError
		switch {
		case !errors.As(err, &typed) || typed.Op != target.Op || !errors.Is(err, c.Class):
			t.Errorf("%s: Restore() = %v, want a *SnapshotError of %s of class %v", c.Name, err, target.Op, c.Class)
		case !strings.Contains(err.Error(), c.Says):
			t.Errorf("%s: Restore() = %v, want one that says %q", c.Name, err, c.Says)
		case !bytes.Equal(good, Snapshot(t, s)):
			t.Errorf("%s: the state has changed", c.Name)
		}
	}
	s := target.Sample(t)
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if s.Restore(bytes.NewReader(bad)) == nil {
				t.Errorf("bit %d of byte %d: Restore() = nil, want an error", bit, i)
			}
		}
		if s.Restore(bytes.NewReader(good[:i])) == nil {
			t.Errorf("%d bytes: Restore() = nil, want an error", i)
		}
	}
	boom := errors.New("boom")
	if err := s.Restore(io.MultiReader(bytes.NewReader(good[:before+2]), iotest.ErrReader(boom))); !errors.Is(err, boom) {
		t.Errorf("Restore() = %v, want the reader's error", err)
	}
	if err := s.Restore(iotest.OneByteReader(bytes.NewReader(good))); err != nil || !bytes.Equal(good, Snapshot(t, s)) {
		t.Errorf("Restore() = %v, want nil and the same state", err)
	}
}

// Fuzz: what is restored is what is written again; nothing panics, nothing allocates out of proportion, and what is
// refused leaves the state as it was. With update it writes the seeds first.
func Fuzz(f *testing.F, target Target, update bool) {
	good := Snapshot(f, target.Sample(f))
	if update {
		writeCorpus(f, target.Name, append(target.Broken(f), Broken{Name: "good", Bytes: good}))
	}
	f.Fuzz(func(t *testing.T, data []byte, payload bool) {
		if payload { // get past the frame
			data = Reframe(good, data[:min(len(data), 64<<10-1)])
		}
		s := target.Sample(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		in := bytes.NewReader(data)
		err := s.Restore(in)
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > uint64(400*len(data)+1<<20) {
			t.Fatalf("%d bytes allocated for %d", allocated, len(data))
		}
		if err != nil {
			if !errors.Is(err, stream.ErrCorrupt) && !errors.Is(err, stream.ErrConflict) {
				t.Fatalf("an error of no class: %v", err)
			}
			if !bytes.Equal(good, Snapshot(t, s)) {
				t.Fatal("the state has changed")
			}
			return
		}
		if got := Snapshot(t, s); !bytes.Equal(data[:len(data)-in.Len()], got) {
			t.Fatalf("restored %x, which is written as %x", data[:len(data)-in.Len()], got)
		}
		target.GoOn(t, s)
	})
}

// writeCorpus writes the seeds of a fuzz target: each snapshot, as bytes and as payload.
func writeCorpus(f *testing.F, name string, seeds []Broken) {
	dir := filepath.Join("testdata", "fuzz", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		f.Fatal(err)
	}
	for _, s := range seeds {
		for file, payload := range map[string]bool{s.Name: false, s.Name + "_payload": true} {
			b := s.Bytes
			if payload {
				if len(b) <= before+behind {
					continue
				}
				b = Payload(b)
			}
			text := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\nbool(%v)\n", b, payload)
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
				f.Fatal(err)
			}
		}
	}
}
