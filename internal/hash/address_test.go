//go:build !purego

package hash

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// sameBothWays holds the walk by address to the walk by reflection, for random key types and values.
func sameBothWays(t *rapid.T) {
	typ := drawType(t, 3)
	n, kerr := nodeOf(typ)
	require.Nil(t, kerr)
	a, b := reflect.New(typ), reflect.New(typ)
	fill(t, a.Elem())
	fill(t, b.Elem())
	seed := rapid.Uint64().Draw(t, "seed")
	p, q := a.UnsafePointer(), b.UnsafePointer()
	require.Equal(t, hashValue(n, a.Elem(), seed), hashAt(n, p, seed), "%v", typ)
	require.Equal(t, n.equal(a.Elem(), b.Elem()), equalAt(n.ops, p, q), "%v", typ)
	require.Equal(t, n.held(a.Elem()), heldAt(n.ops, p), "%v", typ)
	require.Nil(t, checkAt(n.ops, p))
	if n.exact {
		require.Equal(t, a.Elem().Interface() == b.Elem().Interface(), equalAt(n.ops, p, q), "exact, %v", typ)
	}
}

func TestAddress_Law_AgreesWithReflection(t *testing.T) { rapid.Check(t, sameBothWays) }

func FuzzAddress(f *testing.F) { f.Fuzz(rapid.MakeFuzz(sameBothWays)) }

// The shapes are short cuts of the walk; each must give what the walk gives.
func TestShapes_EqualTheWalk(t *testing.T) {
	type i struct {
		_    int32
		A, B int64
	}
	seen := map[shape]bool{}
	for _, key := range []any{
		uint64(5), int64(-5), "click", [3]byte{1, 2, 3}, [2]uint64{1, 2}, i{A: -1, B: 1},
		struct {
			A int64
			B uint32
		}{-1, 7},
		struct {
			A uint64
			B string
		}{1, "view"}, [2]string{"a", "b"}, uint32(7), int32(-7), true,
	} {
		n, kerr := nodeOf(reflect.TypeOf(key))
		require.Nil(t, kerr)
		v := reflect.New(n.typ)
		v.Elem().Set(reflect.ValueOf(key))
		seen[n.shape] = true
		want := foldAt(9, n.ops, v.UnsafePointer())
		if n.shape != shapeString && n.shape != shapeBytes {
			want = finish(want, n.leaves)
		}
		require.Equal(t, want, hashAt(n, v.UnsafePointer(), 9), "%#v", key)
	}
	require.Len(t, seen, int(shapeStringString)+1, "a shape without a test")
}

// Common keys cost no allocation, nor do interfaces that hold them.
func TestHasher_AllocatesNothing(t *testing.T) {
	t.Run("uint64", allocatesNothing(uint64(1)))
	t.Run("string", allocatesNothing("click"))
	t.Run("struct", allocatesNothing(userEvent{1, "click"}))
	t.Run("time", allocatesNothing(instant0))
	t.Run("bytes", allocatesNothing([16]byte{1}))
	t.Run("long array", allocatesNothing([100]int{1}))
	t.Run("any string", allocatesNothing[any]("click"))
	t.Run("any int", allocatesNothing[any](1<<20))
	t.Run("any struct", allocatesNothing[any](userEvent{1, "click"}))
	t.Run("any time", allocatesNothing[any](instant0))
}

func allocatesNothing[K comparable](key K) func(t *testing.T) {
	return func(t *testing.T) {
		h, err := New[K]()
		require.NoError(t, err)
		var sum uint64
		require.Zero(t, testing.AllocsPerRun(100, func() {
			k, l := key, key
			sum += h.Hash(&k, 0)
			if !h.Equal(&k, &l) || h.Check(&k) != nil {
				sum++
			}
			sum += uint64(h.Held(&k))
		}))
	}
}
