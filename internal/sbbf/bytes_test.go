package sbbf_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/sbbf"
)

// broken are bytes that are no filter: the table of the rules and the seeds of the fuzz target.
var broken = []struct {
	name string
	src  []byte
	err  string
}{
	{"nothing", nil, "sbbf: no bytes, want one block of 32 at least: broken filter"},
	{"one_byte", []byte{1}, "sbbf: 1 bytes, want whole blocks of 32: broken filter"},
	{"half_a_block", make([]byte, 16), "sbbf: 16 bytes, want whole blocks of 32: broken filter"},
	{"one_short", make([]byte, 63), "sbbf: 63 bytes, want whole blocks of 32: broken filter"},
	{"one_more", make([]byte, 33), "sbbf: 33 bytes, want whole blocks of 32: broken filter"},
}

func TestDecode_Rules(t *testing.T) {
	for _, c := range broken {
		t.Run(c.name, func(t *testing.T) {
			f := sbbf.New(2)
			f.Insert(42)
			before := f.Append(nil)
			err := f.Decode(c.src)
			require.EqualError(t, err, c.err)
			require.ErrorIs(t, err, sbbf.ErrBroken)
			require.Equal(t, before, f.Append(nil), "the receiver is as it was")
		})
	}
}

func TestAppendDecode_RoundTrip(t *testing.T) {
	for _, c := range fills() {
		f := sbbf.New(c.blocks)
		for i := range uint64(c.hashes) {
			f.Insert(i * 0x9e3779b97f4a7c15)
		}
		src := f.Append([]byte("before"))
		require.Equal(t, "before", string(src[:6]))
		src = src[6:]
		var got sbbf.Filter
		require.NoError(t, got.Decode(src))
		clear(src) // Decode keeps nothing of it
		require.Equal(t, f.Append(nil), got.Append(nil))
		for i := range uint64(c.hashes) {
			require.True(t, got.Contains(i*0x9e3779b97f4a7c15))
		}
	}
}

// What decodes encodes to the same bytes; what does not leaves the receiver alone; neither allocates more than the
// bytes are long.
func FuzzDecode(f *testing.F) {
	for _, c := range broken {
		f.Add(c.src)
	}
	for _, c := range fills()[:6] {
		filter := sbbf.New(c.blocks)
		for i := range uint64(c.hashes) {
			filter.Insert(i * 0x9e3779b97f4a7c15)
		}
		f.Add(filter.Append(nil))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		filter := sbbf.New(1)
		filter.Insert(7)
		before := filter.Append(nil)
		err := filter.Decode(src)
		if (len(src) > 0 && len(src)%sbbf.BlockBytes == 0) != (err == nil) {
			t.Fatalf("Decode of %d bytes = %v", len(src), err)
		}
		got := filter.Append(nil)
		if err != nil {
			if !bytes.Equal(got, before) {
				t.Fatalf("Decode = %v changed the receiver", err)
			}
			return
		}
		if !bytes.Equal(got, src) {
			t.Fatalf("%d bytes decode and encode to others", len(src))
		}
		for h := range uint64(100) {
			h *= 0x9e3779b97f4a7c15
			if had := filter.Contains(h); filter.Add(h) == had || !filter.Contains(h) {
				t.Fatalf("hash %#x: contained %v, and Add says the same", h, had)
			}
			if c := filter.Chance(h); c < 0 || c > 1 {
				t.Fatalf("chance %v", c)
			}
		}
		if r := filter.FillRate(); r < 0 || r > 1 {
			t.Fatalf("fill rate %v", r)
		}
	})
}

func TestDecode_AllocatesWhatItReads(t *testing.T) {
	var f sbbf.Filter
	src := make([]byte, 1<<16)
	require.LessOrEqual(t, testing.AllocsPerRun(10, func() { _ = f.Decode(src) }), 1.)
	require.LessOrEqual(t, testing.AllocsPerRun(10, func() { _ = f.Decode(src[:1<<16-1]) }), 4., "an error, and no blocks")
	require.Equal(t, int64(len(src)), f.Bytes())
}
