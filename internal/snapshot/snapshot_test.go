package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

var header = Header{Kind: "windows", Digest: 0x0123456789abcdef}

func write(t require.TestingT, payload []byte, chunk int) []byte {
	var out bytes.Buffer
	w := NewWriter(&out, header)
	for len(payload) > 0 {
		n := min(len(payload), chunk)
		got, err := w.Write(payload[:n])
		require.NoError(t, err)
		require.Equal(t, n, got)
		payload = payload[n:]
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// read takes the whole payload of a snapshot in pieces of up to piece bytes.
func read(r io.Reader, size, piece int) ([]byte, error) {
	s, err := NewReader(r, header)
	if err != nil {
		return nil, err
	}
	var payload []byte
	for len(payload) < size {
		b, err := s.Next(uint64(min(piece, size-len(payload))))
		if err != nil {
			return nil, err
		}
		payload = append(payload, b...)
	}
	return payload, s.End()
}

func TestSnapshot_RoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, 2, maxBlock - 1, maxBlock, maxBlock + 1, 2 * maxBlock, 3*maxBlock + 7} {
		payload := make([]byte, size)
		for i := range payload {
			payload[i] = byte(r.Uint32())
		}
		want := write(t, payload, maxBlock)
		blocks := (size + maxBlock - 1) / maxBlock
		require.Len(t, want, headerSize+size+(blocks+1)*blockHead)
		for _, chunk := range []int{1000, 3 * maxBlock, 4 * maxBlock} {
			require.Equal(t, want, write(t, payload, chunk), "chunk %d", chunk)
			for name, r := range map[string]io.Reader{
				"whole": bytes.NewReader(want), "bytes": iotest.OneByteReader(bytes.NewReader(want)), "late_eof": iotest.DataErrReader(bytes.NewReader(want)),
			} {
				got, err := read(r, size, chunk)
				require.NoError(t, err, name)
				require.True(t, bytes.Equal(payload, got), name)
			}
		}
	}
}

// Snapshots stand one behind the other: a reader takes its own and no more.
func TestReader_LeavesTheNextAlone(t *testing.T) {
	both := bytes.NewReader(append(write(t, []byte("one"), 1), write(t, []byte("two"), 2)...))
	for _, want := range []string{"one", "two"} {
		got, err := read(both, 3, 3)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	require.Zero(t, both.Len())
}

func TestNumbers(t *testing.T) {
	unsigned := []uint64{0, 1, 127, 128, 1<<14 - 1, 1 << 14, 1 << 63, 1<<64 - 1}
	signed := []int64{0, -1, 1, -64, 64, -1 << 63, 1<<63 - 1}
	var out bytes.Buffer
	w := NewWriter(&out, header)
	for _, v := range unsigned {
		w.Uvarint(v)
	}
	for _, v := range signed {
		w.Varint(v)
	}
	require.NoError(t, w.Close())
	r, err := NewReader(&out, header)
	require.NoError(t, err)
	for _, v := range unsigned {
		got, err := r.Uvarint()
		require.NoError(t, err)
		require.Equal(t, v, got)
	}
	for _, v := range signed {
		got, err := r.Varint()
		require.NoError(t, err)
		require.Equal(t, v, got)
	}
	require.NoError(t, r.End())
	for _, long := range []string{"", "\x80", "\x80\x00", "\x81\x80\x00", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"} {
		r, err := NewReader(bytes.NewReader(write(t, []byte(long), 99)), header)
		require.NoError(t, err)
		_, err = r.Uvarint()
		require.ErrorContains(t, err, "a shortest varint", "% x", long)
	}
}

// Whatever byte is changed, and wherever the bytes end, it is seen: by the header, a block or the end.
func TestReader_SeesAllDamage(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789"), 3)
	good := write(t, payload, 99)
	var typed *Error
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		_, err := read(bytes.NewReader(bad), len(payload), 7)
		require.ErrorAs(t, err, &typed, "byte %d", i)
		_, err = read(bytes.NewReader(good[:i]), len(payload), 7)
		require.ErrorAs(t, err, &typed, "cut at %d", i)
		require.False(t, typed.Conflict, "cut at %d", i)
	}
	_, err := read(bytes.NewReader(good), len(payload)-1, 7)
	require.ErrorContains(t, err, "at byte 69: rest of the payload is 1 bytes or more, want 0")
	_, err = read(bytes.NewReader(good), len(payload)+1, 31)
	require.ErrorContains(t, err, "at byte 40: end of payload is 30 bytes away, want 31 bytes more")

	// A number is looked for with its longest form in mind, and so the end may be seen early: it is not passed.
	more := append(bytes.Clone(good), good...)
	s, err := NewReader(bytes.NewReader(more), header)
	require.NoError(t, err)
	for range payload[2:] {
		_, err = s.Uvarint()
		require.NoError(t, err)
	}
	_, err = s.Next(3)
	require.ErrorContains(t, err, "at byte 68: end of payload is 2 bytes away, want 3 bytes more")
}

func TestReader_Table(t *testing.T) {
	full := bytes.Repeat([]byte{7}, 2*maxBlock+1)
	good := write(t, full, 1<<20)
	reseal := func(b []byte) []byte {
		binary.LittleEndian.PutUint32(b[28:], crc32.Checksum(b[:28], castagnoli))
		return b
	}
	edit := func(at int, to ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], to)
		return b
	}
	block := blockHead + maxBlock
	without := append(bytes.Clone(good[:headerSize]), good[headerSize+block:]...)
	short := shortBlock(t)
	for name, c := range map[string]struct {
		bytes    []byte
		says     string
		conflict bool
	}{
		"empty":           {nil, "at byte 0: end of input is after 0 bytes, want 32", false},
		"magic":           {edit(0, 'X'), `at byte 0: magic is "XLST", want "MLST"`, false},
		"version":         {edit(4, 2), "at byte 4: format version is 2, want 1", false},
		"header_checksum": {edit(8, 'x'), "at byte 28: header checksum is", false},
		"reserved":        {reseal(edit(6, 1)), "at byte 5: reserved bytes is 000100, want 000000", false},
		"kind":            {reseal(edit(8, 'W')), `at byte 8: kind of state is "Windows", want "windows"`, true},
		"digest":          {reseal(edit(20, 0)), "at byte 20: digest of the configuration is 0123456789abcd00, want 0123456789abcdef", true},
		"block_left_out":  {without, "at byte 36: checksum of a block is", false},
		"length":          {edit(headerSize, 1, 0, 1), "at byte 32: length of a block is 65537, want at most 65536", false},
		"huge_length":     {edit(headerSize, 255, 255, 255, 255), "at byte 32: length of a block is 4294967295, want at most 65536", false},
		"short_block":     {short, "at byte 41: length of a block is 2, want at most 0", false},
	} {
		_, err := read(bytes.NewReader(c.bytes), len(full), 1000)
		var typed *Error
		require.ErrorAs(t, err, &typed, name)
		require.ErrorContains(t, err, c.says, name)
		require.Equal(t, c.conflict, typed.Conflict, name)
	}
	require.Panics(t, func() { NewWriter(io.Discard, Header{Kind: "a kind too long"}) })
}

// shortBlock is a snapshot whose first block is not full and yet not the last.
func shortBlock(t *testing.T) []byte {
	var out bytes.Buffer
	w := NewWriter(&out, header)
	_, _ = w.Write([]byte("1"))
	w.flush()
	_, _ = w.Write([]byte("23"))
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestErrorsOfOthersPassThrough(t *testing.T) {
	boom := errors.New("boom")
	good := write(t, bytes.Repeat([]byte{7}, maxBlock+1), 1<<20)
	for _, at := range []int{0, 40, headerSize, headerSize + blockHead + maxBlock, len(good)} {
		_, err := read(io.MultiReader(bytes.NewReader(good[:at]), iotest.ErrReader(boom)), maxBlock+1, 100)
		if at == len(good) {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, boom, "at %d", at)
		}
	}
	for after := range 4 {
		w := NewWriter(&failing{n: after, err: boom}, header)
		_, _ = w.Write(make([]byte, maxBlock+1))
		require.ErrorIs(t, w.Close(), boom)
		require.ErrorIs(t, w.Close(), boom)
	}
	w := NewWriter(&failing{}, header)
	require.ErrorIs(t, w.Close(), io.ErrShortWrite)
}

// failing fails its n-th write; without an error, it is short by one byte.
type failing struct {
	n   int
	err error
}

func (f *failing) Write(b []byte) (int, error) {
	if f.n == 0 && f.err != nil {
		return 0, f.err
	}
	f.n--
	if f.err == nil {
		return len(b) - 1, nil
	}
	return len(b), nil
}

// A record of many megabytes costs its size a few times over, not its square; a length that lies costs a block.
func TestReader_AllocatesWhatArrives(t *testing.T) {
	const size = 16 << 20
	good := write(t, make([]byte, size), 1<<20)
	allocated := func(f func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	require.Less(t, allocated(func() {
		r, err := NewReader(bytes.NewReader(good), header)
		require.NoError(t, err)
		_, err = r.Next(size)
		require.NoError(t, err)
	}), uint64(8*size))
	require.Less(t, allocated(func() {
		r, err := NewReader(bytes.NewReader(good[:headerSize+blockHead+10]), header)
		require.NoError(t, err)
		_, err = r.Next(1 << 60)
		require.Error(t, err)
	}), uint64(3*maxBlock))
}

func FuzzReader(f *testing.F) {
	f.Add(write(f, nil, 1), uint16(3))
	f.Add(write(f, []byte("12"), 1), uint16(2))
	f.Add(write(f, bytes.Repeat([]byte{7}, maxBlock+5), 1<<20), uint16(1000))
	f.Fuzz(func(t *testing.T, data []byte, piece uint16) {
		in := bytes.NewReader(data)
		s, err := NewReader(in, header)
		if err != nil {
			return
		}
		var payload []byte
		for err == nil && !s.ended {
			if err = s.fill(); err == nil {
				n := min(len(s.buf), int(piece)+1)
				var b []byte
				b, err = s.Next(uint64(n))
				payload = append(payload, b...)
			}
		}
		if err == nil {
			payload = append(payload, s.buf...)
			// What is read is what is written: one payload, one form.
			require.Equal(t, data[:len(data)-in.Len()], write(t, payload, 1<<20))
		}
	})
}
