package stream

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"maps"
	"slices"
)

// A checkpoint is one frame. Integers of fixed size are little-endian; uint is the unsigned varint of
// encoding/binary in its shortest form; a name is a uint of its length, at most 4096, and its bytes.
//
//	offset  size
//	     0     4  magic "MLCP"
//	     4     1  format version, 1
//	     5     1  flags: bit 0 finished, other bits 0
//	     6     2  0
//	     8     8  CheckpointOptions.Config
//	    16     8  position
//	    24        marks: uint of their number, then for each its name and a uint, names ascending
//	              files: the same, with their lengths in bytes
//	              states: uint of their number, then for each its name and the 8 bytes of its digest, names ascending
//	              for each state, in that order, its snapshot: chunks of a uint of their length and as many bytes. All
//	              are 65536 bytes long but the last, which is shorter, and may be empty.
//	 n - 8     8  CRC-64 (ECMA) of all bytes before
//
// The checksum is verified before anything is believed; all digests are compared before the first state is restored.
// The same checkpoint has the same bytes: a reader refuses any other form.
const (
	checkpointMagic   = "MLCP"
	checkpointVersion = 1
	checkpointFixed   = 24 // bytes before the marks
	checkpointSum     = 8  // bytes of the checksum

	flagFinished = 1

	maxName       = 4096     // bytes
	snapshotChunk = 64 << 10 // bytes
)

var ecma = crc64.MakeTable(crc64.ECMA)

// checkpointHead is what a checkpoint holds beside its states.
type checkpointHead struct {
	config   uint64
	position int64
	finished bool
	marks    map[string]int64
	files    map[string]int64 // length in bytes, by name
}

// writeCheckpoint writes a frame. Snapshots go through a chunk of memory each.
func writeCheckpoint(out io.Writer, head checkpointHead, states map[string]State) error {
	sum := crc64.New(ecma)
	w := bufio.NewWriterSize(io.MultiWriter(out, sum), snapshotChunk)
	b := make([]byte, checkpointFixed, 1024)
	copy(b, checkpointMagic)
	b[4] = checkpointVersion
	if head.finished {
		b[5] = flagFinished
	}
	binary.LittleEndian.PutUint64(b[8:], head.config)
	binary.LittleEndian.PutUint64(b[16:], uint64(head.position))
	for _, list := range []map[string]int64{head.marks, head.files} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, name := range slices.Sorted(maps.Keys(list)) {
			b = appendName(b, name)
			b = binary.AppendUvarint(b, uint64(list[name]))
		}
	}
	names := slices.Sorted(maps.Keys(states))
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, name := range names {
		b = appendName(b, name)
		b = binary.LittleEndian.AppendUint64(b, states[name].Digest())
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	for _, name := range names {
		chunks := chunkWriter{w: w}
		err := states[name].Snapshot(&chunks)
		if err == nil {
			err = chunks.end()
		}
		if err != nil {
			return fmt.Errorf("snapshot of state %q: %w", name, err)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := out.Write(binary.LittleEndian.AppendUint64(nil, sum.Sum64()))
	return err
}

func appendName(b []byte, name string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(name))), name...)
}

// chunkWriter cuts what is written into full chunks, however it comes.
type chunkWriter struct {
	w   *bufio.Writer
	buf []byte // of the chunk that is not full
}

func (c *chunkWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		part := p[:min(len(p), snapshotChunk-len(c.buf))]
		c.buf, p = append(c.buf, part...), p[len(part):]
		if len(c.buf) == snapshotChunk {
			if err := c.flush(); err != nil {
				return n - len(p), err
			}
		}
	}
	return n, nil
}

func (c *chunkWriter) flush() error {
	c.w.Write(binary.AppendUvarint(nil, uint64(len(c.buf)))) // a bufio.Writer keeps its error
	_, err := c.w.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}

// end writes the last chunk, the one that is not full.
func (c *chunkWriter) end() error { return c.flush() }

// readCheckpoint verifies a frame of size bytes, compares it with the options, and restores the states.
func readCheckpoint(src io.ReaderAt, size int64, o CheckpointOptions) (checkpointHead, error) {
	if size < checkpointFixed+checkpointSum {
		return checkpointHead{}, corruptCheckpoint(0, "the file has %d bytes", size)
	}
	sum := crc64.New(ecma)
	if _, err := io.Copy(sum, io.NewSectionReader(src, 0, size-checkpointSum)); err != nil {
		return checkpointHead{}, err
	}
	var want [checkpointSum]byte
	if _, err := src.ReadAt(want[:], size-checkpointSum); err != nil && !errors.Is(err, io.EOF) {
		return checkpointHead{}, err
	}
	if got := binary.LittleEndian.Uint64(want[:]); got != sum.Sum64() {
		return checkpointHead{}, corruptCheckpoint(size-checkpointSum, "checksum is %016x, that of the bytes is %016x", got, sum.Sum64())
	}
	r := &checkpointReader{left: size - checkpointSum}
	r.src = bufio.NewReaderSize(io.NewSectionReader(src, 0, r.left), int(min(size, snapshotChunk)))
	head, err := r.head(o)
	if err != nil {
		return checkpointHead{}, err
	}
	if err := r.states(o.States); err != nil {
		return checkpointHead{}, err
	}
	return head, nil
}

func corruptCheckpoint(at int64, format string, args ...any) error {
	return &CheckpointError{Offset: at, What: fmt.Sprintf(format, args...), Err: ErrCorrupt}
}

// checkpointReader reads a frame from the front. It never takes more memory than there are bytes.
type checkpointReader struct {
	src  *bufio.Reader
	at   int64 // offset of the next byte
	left int64 // bytes before the checksum
}

func (r *checkpointReader) corrupt(format string, args ...any) error {
	return corruptCheckpoint(r.at, format, args...)
}

// bytes reads n of them.
func (r *checkpointReader) bytes(n int, what string) ([]byte, error) {
	if int64(n) > r.left {
		return nil, r.corrupt("%s of %d bytes, %d are left", what, n, r.left)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.src, b); err != nil {
		return nil, err
	}
	r.at += int64(n)
	r.left -= int64(n)
	return b, nil
}

// uint reads a varint, in its shortest form only.
func (r *checkpointReader) uint(most uint64, what string) (uint64, error) {
	peek, err := r.src.Peek(int(min(binary.MaxVarintLen64, r.left)))
	if err != nil {
		return 0, err
	}
	v, n := binary.Uvarint(peek)
	if n <= 0 || v > most || n > 1 && peek[n-1] == 0 {
		return 0, r.corrupt("%s is no number up to %d", what, most)
	}
	r.src.Discard(n)
	r.at += int64(n)
	r.left -= int64(n)
	return v, nil
}

// name reads a name that stands behind the one before.
func (r *checkpointReader) name(before string, first bool, what string) (string, error) {
	n, err := r.uint(maxName, "length of the name of a "+what)
	if err != nil {
		return "", err
	}
	at := r.at
	b, err := r.bytes(int(n), "name of a "+what)
	if err != nil {
		return "", err
	}
	if name := string(b); first || name > before {
		return name, nil
	}
	return "", corruptCheckpoint(at, "%s %q after %q", what, b, before)
}

// each reads a list of names, and lets item read what stands beside each.
func (r *checkpointReader) each(what string, item func(name string) error) error {
	n, err := r.uint(uint64(r.left), "number of "+what+"s")
	if err != nil {
		return err
	}
	name := ""
	for i := range n {
		if name, err = r.name(name, i == 0, what); err != nil {
			return err
		}
		if err := item(name); err != nil {
			return err
		}
	}
	return nil
}

const maxInt63 = 1<<63 - 1

// head reads all that stands before the snapshots, and compares it with the options.
func (r *checkpointReader) head(o CheckpointOptions) (checkpointHead, error) {
	h := checkpointHead{marks: make(map[string]int64), files: make(map[string]int64)}
	b, err := r.bytes(checkpointFixed, "header")
	if err != nil {
		return h, err
	}
	h.finished = b[5]&flagFinished != 0
	h.config = binary.LittleEndian.Uint64(b[8:])
	position := binary.LittleEndian.Uint64(b[16:])
	switch {
	case string(b[:4]) != checkpointMagic:
		return h, corruptCheckpoint(0, "magic is %q, want %q", b[:4], checkpointMagic)
	case b[4] != checkpointVersion:
		return h, corruptCheckpoint(4, "format version is %d, want %d", b[4], checkpointVersion)
	case b[5]&^flagFinished != 0 || b[6] != 0 || b[7] != 0:
		return h, corruptCheckpoint(5, "flags are %x, want 000000 or 010000", b[5:8])
	case position > maxInt63:
		return h, corruptCheckpoint(16, "position is %d", position)
	case h.config != o.Config:
		return h, &CheckpointError{Offset: 8, What: fmt.Sprintf("Config is %016x, want %016x", h.config, o.Config), Err: ErrConflict}
	}
	h.position = int64(position)
	for _, list := range []struct {
		what string
		into map[string]int64
	}{{"mark", h.marks}, {"file", h.files}} {
		if err := r.each(list.what, func(name string) error {
			v, err := r.uint(maxInt63, "value of "+list.what)
			list.into[name] = int64(v)
			return err
		}); err != nil {
			return h, err
		}
	}
	return h, r.digests(o.States)
}

// digests compares the states of the frame with those that are to be restored.
func (r *checkpointReader) digests(states map[string]State) error {
	conflict := func(at int64, format string, args ...any) error {
		return &CheckpointError{Offset: at, What: fmt.Sprintf(format, args...), Err: ErrConflict}
	}
	seen := 0
	begin := r.at
	err := r.each("state", func(name string) error {
		at := r.at
		b, err := r.bytes(8, "digest")
		if err != nil {
			return err
		}
		s, ok := states[name]
		if !ok {
			return conflict(at, "it has a state %q, which is not among the options", name)
		}
		if got := binary.LittleEndian.Uint64(b); got != s.Digest() {
			return conflict(at, "state %q is of configuration %016x, want %016x", name, got, s.Digest())
		}
		seen++
		return nil
	})
	if err == nil && seen < len(states) {
		err = conflict(begin, "it has %d states, want %d: %q", seen, len(states), slices.Sorted(maps.Keys(states)))
	}
	return err
}

// states restores the states, in order of their names.
func (r *checkpointReader) states(states map[string]State) error {
	for _, name := range slices.Sorted(maps.Keys(states)) {
		at := r.at
		chunks := &chunkReader{r: r}
		err := states[name].Restore(chunks)
		if err == nil && !chunks.ended {
			var rest int64
			if rest, err = io.Copy(io.Discard, chunks); rest > 0 {
				err = corruptCheckpoint(r.at, "state %q left %d bytes of its snapshot", name, rest)
			}
		}
		if err != nil {
			var e *CheckpointError
			if errors.As(err, &e) {
				return err
			}
			return &CheckpointError{Offset: at, What: fmt.Sprintf("restore state %q", name), Err: err}
		}
	}
	if r.left > 0 {
		return r.corrupt("%d bytes behind the last state", r.left)
	}
	return nil
}

// chunkReader reads one snapshot.
type chunkReader struct {
	r     *checkpointReader
	chunk int  // bytes left of the chunk
	last  bool // it is the last
	begun bool
	ended bool // all has been read
}

func (c *chunkReader) Read(p []byte) (int, error) {
	for c.chunk == 0 && !c.ended {
		if c.begun && c.last {
			c.ended = true
			break
		}
		n, err := c.r.uint(snapshotChunk, "length of a chunk")
		if err == nil && int64(n) > c.r.left {
			err = c.r.corrupt("chunk of %d bytes, %d are left", n, c.r.left)
		}
		if err != nil {
			return 0, err
		}
		c.begun, c.chunk, c.last = true, int(n), n < snapshotChunk
	}
	if c.ended {
		return 0, io.EOF
	}
	n, err := c.r.src.Read(p[:min(len(p), c.chunk)])
	c.chunk -= n
	c.r.at += int64(n)
	c.r.left -= int64(n)
	if errors.Is(err, io.EOF) && n > 0 {
		err = nil
	}
	return n, err
}
