package stream

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// unmarshalled is a target: what src is refused for is of a class, and leaves the receiver alone; what it is taken
// for marshals to src again.
func unmarshalled[V any](t *testing.T, before V, src []byte) {
	opt, given := Present(before), bytes.Clone(src)
	var err error
	requireBounded(t, len(src), func() { err = opt.UnmarshalBinary(src) })
	if err != nil {
		if !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%v is of no class", err)
		}
		require.Equal(t, Present(before), opt, "after %v", err)
		return
	}
	clear(src) // the value must not point into it
	again, err := opt.MarshalBinary()
	require.NoError(t, err)
	if !bytes.Equal(given, again) {
		t.Fatalf("%T read from %x writes %x", opt, given, again)
	}
	var second Opt[V]
	require.NoError(t, second.UnmarshalBinary(again))
	if !reflect.DeepEqual(opt, second) {
		t.Fatalf("%x is read as %v, then as %v", given, opt, second)
	}
	if v, ok := opt.Get(); !ok && !reflect.ValueOf(&v).Elem().IsZero() {
		t.Fatalf("%x: %v holds %v", given, opt, v)
	}
}

func FuzzOpt_UnmarshalBinary(f *testing.F) {
	for _, row := range codedRows() {
		for _, opt := range []interface{ MarshalBinary() ([]byte, error) }{
			Missing[codedRow](), Null[codedRow](), Present(row), Present(row.Name), Present(row.Plan), Present(row.Tags),
		} {
			b, err := opt.MarshalBinary()
			require.NoError(f, err)
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		unmarshalled(t, codedRows()[1], bytes.Clone(src))
		unmarshalled(t, "before", bytes.Clone(src))
		unmarshalled(t, Present([]uint32{1}), bytes.Clone(src))
		unmarshalled(t, []string{"before"}, bytes.Clone(src))
		unmarshalled(t, struct{}{}, bytes.Clone(src))
	})
}
