package stream

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// basket is an accumulator that no codec can be compiled from.
type basket struct{ items []string }

// shelf is such a key.
type shelf struct{ number int }

func basketFold() Fold[int, basket] {
	return Fold[int, basket]{
		Add:  func(b *basket, v int) { b.items = append(b.items, "item "+strconv.Itoa(v)) },
		Size: func(b *basket) int { return 32 * cap(b.items) },
	}
}

type basketCodec struct{}

func (basketCodec) Append(dst []byte, b *basket) ([]byte, error) {
	for _, item := range b.items {
		dst = append(append(dst, item...), 0)
	}
	return append(dst, 1), nil
}

func (basketCodec) Decode(src []byte, b *basket) ([]byte, error) {
	for len(src) > 0 && src[0] != 1 {
		end := slices.Index(src, 0)
		if end < 0 {
			return src, errors.New("cut")
		}
		b.items = append(b.items, string(src[:end]))
		src = src[end+1:]
	}
	if len(src) == 0 {
		return src, errors.New("cut")
	}
	return src[1:], nil
}

func (basketCodec) Held(b *basket) int64 { return 32 * int64(cap(b.items)) }

type shelfCodec struct{}

func (shelfCodec) Append(dst []byte, s *shelf) ([]byte, error) {
	return append(dst, byte(s.number)), nil
}
func (shelfCodec) Held(*shelf) int64 { return 0 }
func (shelfCodec) Decode(src []byte, s *shelf) ([]byte, error) {
	if len(src) == 0 {
		return src, errors.New("cut")
	}
	s.number = int(src[0])
	return src[1:], nil
}

// Groups that grow and cannot be written once ended in a LimitError that did not say why. With codecs they are written.
func TestAggregate_ValueCodec(t *testing.T) {
	rows := make([]int, 10_000)
	for i := range rows {
		rows[i] = i
	}
	mod := func(v int) int { return v % 50 }
	run := func(o AggregateOptions, memory int64) ([]Keyed[int, basket], error) {
		o.Resources.Memory, o.Resources.TempDir = memory, t.TempDir()
		return Collect(Aggregate(Of(rows...), mod, basketFold(), o))
	}
	want, err := run(AggregateOptions{}, 0)
	require.NoError(t, err)

	_, err = run(AggregateOptions{}, 128<<10)
	require.ErrorIs(t, err, ErrLimit)
	require.ErrorContains(t, err, "groups cannot go to disk")
	require.ErrorContains(t, err, "basket")
	require.ErrorContains(t, err, ".items is an unexported field")

	for _, workers := range []int{0, 2} {
		got, err := run(AggregateOptions{ValueCodec: basketCodec{}, Resources: Resources{Workers: workers}}, 128<<10)
		require.NoError(t, err)
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.Equal(t, want[i].Key, got[i].Key)
			require.Equal(t, want[i].Value.items, got[i].Value.items)
		}
	}

	var option *OptionError
	_, err = run(AggregateOptions{ValueCodec: "gob"}, 0)
	require.ErrorAs(t, err, &option)
	require.Equal(t, "ValueCodec", option.Option)
	_, err = run(AggregateOptions{KeyCodec: basketCodec{}}, 0)
	require.ErrorAs(t, err, &option)
	require.Equal(t, "KeyCodec", option.Option)
}

func TestAggregate_KeyCodec(t *testing.T) {
	rows := make([]int, 10_000)
	for i := range rows {
		rows[i] = i
	}
	key := func(v int) shelf { return shelf{v % 50} }
	run := func(o AggregateOptions, memory int64) ([]Keyed[shelf, basket], error) {
		o.Resources = Resources{Memory: memory, TempDir: t.TempDir()}
		return Collect(Aggregate(Of(rows...), key, basketFold(), o))
	}
	want, err := run(AggregateOptions{}, 0)
	require.NoError(t, err)
	_, err = run(AggregateOptions{ValueCodec: basketCodec{}}, 128<<10)
	require.ErrorContains(t, err, "shelf.number is an unexported field")
	got, err := run(AggregateOptions{KeyCodec: shelfCodec{}, ValueCodec: basketCodec{}}, 128<<10)
	require.NoError(t, err)
	require.Equal(t, len(want), len(got))
	for i := range want {
		require.Equal(t, want[i].Key, got[i].Key)
		require.Equal(t, want[i].Value.items, got[i].Value.items)
	}
}

// Elements that only a codec of the caller's can write are written by it when they are in a group, too.
func TestGroupBy_Codec(t *testing.T) {
	rows := make([]opaque, 20_000)
	for i := range rows {
		rows[i].v = i % 100
	}
	key := func(o opaque) int { return o.v }
	run := func(memory int64) ([]Keyed[int, []opaque], error) {
		return Collect(GroupBy(Of(rows...), key, AggregateOptions{Resources: Resources{Memory: memory, TempDir: t.TempDir()}, Codec: opaqueCodec{}}))
	}
	want, err := run(0)
	require.NoError(t, err)
	got, err := run(64 << 10)
	require.NoError(t, err)
	require.Equal(t, want, got)

	_, err = Collect(GroupBy(Of(rows...), key, AggregateOptions{ValueCodec: basketCodec{}}))
	var option *OptionError
	require.ErrorAs(t, err, &option)
	require.Equal(t, "ValueCodec", option.Option)
}

func FuzzGroupCodec(f *testing.F) {
	codec := groupCodec[purchase]{}
	codec.elements, _ = codecOf[purchase]("GroupBy", nil)
	for _, g := range []group[purchase]{
		{}, {Held: 1 << 48, Elements: []purchase{{User: "ann", Tags: []string{"", "b"}}, {}}},
	} {
		src, err := codec.Append(nil, &g)
		require.NoError(f, err)
		f.Add(src)
	}
	f.Add([]byte{0, 2})
	f.Add([]byte{0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0})
	f.Fuzz(func(t *testing.T, src []byte) {
		var g group[purchase]
		var err error
		requireBounded(t, len(src), func() { _, err = codec.Decode(src, &g) })
		if err != nil {
			return
		}
		again, err := codec.Append(nil, &g)
		require.NoError(t, err)
		var second group[purchase]
		rest, err := codec.Decode(again, &second)
		require.NoError(t, err)
		require.Empty(t, rest)
		require.Equal(t, g.Held, second.Held)
		require.Len(t, second.Elements, len(g.Elements))
	})
}
