package spill_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/spill"
)

// event is a row of the tests; eventRows is a codec as plain as can be.
type event struct {
	ID   uint64
	Name string
}

type eventRows struct{}

var errRefused = errors.New("refused by the codec")

func (eventRows) Append(dst []byte, v *event) ([]byte, error) {
	if v.Name == "refuse" {
		return append(dst, "garbage"...), errRefused
	}
	dst = binary.AppendUvarint(dst, v.ID)
	dst = binary.AppendUvarint(dst, uint64(len(v.Name)))
	return append(dst, v.Name...), nil
}

func (eventRows) Decode(src []byte, v *event) ([]byte, error) {
	id, n := binary.Uvarint(src)
	if n <= 0 {
		return nil, errors.New("bad id")
	}
	src = src[n:]
	size, n := binary.Uvarint(src)
	if n <= 0 || size > uint64(len(src)-n) {
		return nil, errors.New("bad name")
	}
	*v = event{ID: id, Name: string(src[n : n+int(size)])}
	return src[n+int(size):], nil
}

// cases is how often a law is tried: a thousand times, or as MILLRACE_HUNT says.
func cases(t *testing.T, short int) int {
	if hunt := os.Getenv("MILLRACE_HUNT"); hunt != "" {
		n, err := strconv.Atoi(hunt)
		require.NoError(t, err)
		return n
	}
	if testing.Short() {
		return max(short/20, 1)
	}
	return short
}

func newStore(t testing.TB, parent string, blockSize int) *spill.Store[event] {
	t.Helper()
	d := spill.NewDir(parent)
	t.Cleanup(func() { d.Close() })
	s, err := spill.NewStore(d, eventRows{}, blockSize)
	require.NoError(t, err)
	return s
}

func readAll(r *spill.Reader[event]) ([]event, error) {
	var all []event
	for {
		var v event
		ok, err := r.Next(&v)
		if !ok {
			return all, err
		}
		all = append(all, v)
	}
}

// ways are those in which a part can be read.
var ways = map[string]func(s *spill.Store[event], part int) ([]event, error){
	"row by row": func(s *spill.Store[event], part int) ([]event, error) { return readAll(s.Read(part)) },
	"by blocks":  readBlocks,
}

// readBlocks reads a part's blocks into slices that others have been in.
func readBlocks(s *spill.Store[event], part int) (all []event, err error) {
	rows, raw := make([]event, 3), []byte("raw")
	for blocks := s.Blocks(part); ; {
		b, ok := blocks.Next()
		if !ok {
			return all, nil
		}
		rows, raw, err = b.Read(rows, raw)
		for _, v := range rows[len(rows):cap(rows)] {
			if v != (event{}) {
				return all, fmt.Errorf("behind %d rows of %d there is %v", len(rows), cap(rows), v)
			}
		}
		all = append(all, rows...)
		if err != nil {
			return all, err
		}
	}
}

// What is appended to a part comes back from it, whatever the block size, the widths of rows, the order in which
// parts are filled and the way in which they are read.
func TestStore_Law_RowsComeBack(t *testing.T) {
	parent := t.TempDir()
	d := spill.NewDir(parent)
	defer d.Close()
	for seed := range uint64(cases(t, 300)) {
		rng := rand.New(rand.NewPCG(seed, 1))
		blockSize := []int{1, 7, 64, 1000, 4096, 0}[rng.IntN(6)]
		s, err := spill.NewStore(d, eventRows{}, blockSize)
		require.NoError(t, err)
		want := make([][]event, 1+rng.IntN(5))
		for range want {
			s.AddPart()
		}
		for range rng.IntN(2000) {
			at := rng.IntN(len(want))
			v := event{ID: rng.Uint64() >> rng.IntN(64), Name: strings.Repeat("x", rng.IntN(1+[]int{0, 10, 300}[rng.IntN(3)]))}
			require.NoError(t, s.Append(at, &v))
			want[at] = append(want[at], v)
			if rng.IntN(100) == 0 {
				require.NoError(t, s.EndBlock(at))
			}
		}
		require.NoError(t, s.FinishAll())
		for at := range want {
			require.Equal(t, int64(len(want[at])), s.Rows(at))
			for way, read := range ways {
				got, err := read(s, at)
				require.NoError(t, err, "seed %d, %s", seed, way)
				require.Equal(t, want[at], got, "seed %d, part %d, %s", seed, at, way)
			}
		}
		require.NoError(t, s.Close())
	}
}

func TestStore(t *testing.T) {
	fill := func(t *testing.T, s *spill.Store[event], n int, name string) int {
		part := s.AddPart()
		for i := range n {
			require.NoError(t, s.Append(part, &event{uint64(i), name}))
		}
		require.NoError(t, s.Finish(part))
		return part
	}
	t.Run("empty_part", func(t *testing.T) {
		s := newStore(t, t.TempDir(), 0)
		got, err := readAll(s.Read(fill(t, s, 0, "")))
		require.NoError(t, err)
		require.Empty(t, got)
	})
	t.Run("row_larger_than_a_block", func(t *testing.T) {
		s := newStore(t, t.TempDir(), 100)
		name := strings.Repeat("abc", 5000)
		got, err := readAll(s.Read(fill(t, s, 3, name)))
		require.NoError(t, err)
		require.Len(t, got, 3)
		require.Equal(t, event{2, name}, got[2])
	})
	t.Run("refused_row_leaves_the_part_as_it_was", func(t *testing.T) {
		s := newStore(t, t.TempDir(), 0)
		part := s.AddPart()
		require.NoError(t, s.Append(part, &event{1, "a"}))
		require.ErrorIs(t, s.Append(part, &event{2, "refuse"}), errRefused)
		require.NoError(t, s.Append(part, &event{3, "c"}))
		require.NoError(t, s.Finish(part))
		got, err := readAll(s.Read(part))
		require.NoError(t, err)
		require.Equal(t, []event{{1, "a"}, {3, "c"}}, got)
	})
	t.Run("finish_twice", func(t *testing.T) {
		s := newStore(t, t.TempDir(), 0)
		part := fill(t, s, 10, "x")
		require.NoError(t, s.Finish(part))
		require.EqualValues(t, 10, s.Rows(part))
	})
	t.Run("append_after_finish_panics", func(t *testing.T) {
		s := newStore(t, t.TempDir(), 0)
		part := fill(t, s, 1, "x")
		require.PanicsWithValue(t, "spill: Append: part 0 is finished", func() { s.Append(part, &event{}) })
	})
	t.Run("read_before_finish_panics", func(t *testing.T) {
		s := newStore(t, t.TempDir(), 0)
		require.PanicsWithValue(t, "spill: Read: part 0 is not finished", func() { s.Read(s.AddPart()) })
	})
	t.Run("zero_after_the_end", func(t *testing.T) {
		s := newStore(t, t.TempDir(), 0)
		r := s.Read(fill(t, s, 1, "x"))
		var v event
		r.Next(&v)
		ok, err := r.Next(&v)
		require.False(t, ok)
		require.NoError(t, err)
		require.Zero(t, v)
	})
	t.Run("readers_of_one_part_side_by_side", func(t *testing.T) {
		s := newStore(t, t.TempDir(), 64)
		part := fill(t, s, 1000, "side by side")
		a, b := s.Read(part), s.Read(part)
		for i := range 1000 {
			var x, y event
			okA, errA := a.Next(&x)
			okB, errB := b.Next(&y)
			require.True(t, okA && okB, "row %d: %v, %v", i, errA, errB)
			require.Equal(t, x, y)
		}
	})
}

// none is a row without bytes.
type noneRows struct{}

func (noneRows) Append(dst []byte, _ *struct{}) ([]byte, error) { return dst, nil }
func (noneRows) Decode(src []byte, _ *struct{}) ([]byte, error) { return src, nil }

func TestStore_RowsWithoutBytes(t *testing.T) {
	d := spill.NewDir(t.TempDir())
	defer d.Close()
	s, err := spill.NewStore(d, noneRows{}, 0)
	require.NoError(t, err)
	part := s.AddPart()
	const n = 1<<20 + 5 // more than a block takes
	for range n {
		require.NoError(t, s.Append(part, &struct{}{}))
	}
	require.NoError(t, s.Finish(part))
	r, got := s.Read(part), 0
	for v := (struct{}{}); ; got++ {
		ok, err := r.Next(&v)
		require.NoError(t, err)
		if !ok {
			break
		}
	}
	require.Equal(t, n, got)
}

// Parts are filled and read by goroutines of their own.
func TestStore_Concurrent(t *testing.T) {
	s := newStore(t, t.TempDir(), 256)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			part := s.AddPart()
			for i := range 2000 {
				if err := s.Append(part, &event{uint64(i), fmt.Sprint(g)}); err != nil {
					t.Error(err)
					return
				}
			}
			if err := s.Finish(part); err != nil {
				t.Error(err)
				return
			}
			got, err := readAll(s.Read(part))
			if err != nil || len(got) != 2000 {
				t.Errorf("goroutine %d: %d rows, %v", g, len(got), err)
				return
			}
			for i, v := range got {
				if v != (event{uint64(i), fmt.Sprint(g)}) {
					t.Errorf("goroutine %d: row %d is %v", g, i, v)
				}
			}
		})
	}
	wg.Wait()
}

// Readers of one part do not disturb one another, by rows or by blocks, also where each is on its own way through an index on
// disk: in turns, at different places, and on goroutines of their own.
func TestStore_ReadersOfOnePart(t *testing.T) {
	s := newStore(t, t.TempDir(), 0)
	part := s.AddPart()
	const rows = 3 * 1100 // an index of three levels
	want := make([]event, rows)
	for i := range want {
		want[i] = event{uint64(i), strings.Repeat("x", i%7)}
		require.NoError(t, s.Append(part, &want[i]))
		if i%3 == 2 {
			require.NoError(t, s.EndBlock(part))
		}
	}
	require.NoError(t, s.Finish(part))
	t.Run("in turns", func(t *testing.T) {
		// Each begins when the one before it is 97 rows ahead, within another block, so that none is where another is.
		var readers [12]*spill.Reader[event]
		var at [len(readers)]int
		for step := 0; at[len(readers)-1] < rows; step++ {
			for i := range readers {
				if step < i*97 || at[i] == rows {
					continue
				}
				if readers[i] == nil {
					readers[i] = s.Read(part)
				}
				var v event
				ok, err := readers[i].Next(&v)
				require.NoError(t, err)
				require.True(t, ok)
				require.Equal(t, want[at[i]], v, "reader %d", i)
				at[i]++
			}
		}
	})
	t.Run("at once", func(t *testing.T) {
		var wg sync.WaitGroup
		for way, read := range ways {
			for range 4 {
				wg.Go(func() {
					got, err := read(s, part)
					if err != nil || !slices.Equal(got, want) {
						t.Errorf("%s: %d rows that are not those appended, or %v", way, len(got), err)
					}
				})
			}
		}
		wg.Wait()
	})
}

// Buffered covers what is live: one buffer of at most a block and a row per open part, scratch, and the index.
func TestStore_Buffered(t *testing.T) {
	s := newStore(t, t.TempDir(), 4096)
	require.Zero(t, s.Buffered())
	const parts = 10
	for range parts {
		s.AddPart()
	}
	require.Zero(t, s.Buffered(), "buffers come with the first row")
	for i := range 100_000 {
		require.NoError(t, s.Append(i%parts, &event{uint64(i), "a name"}))
		require.LessOrEqual(t, s.Buffered(), int64(parts*(4096+64)+3*4096+2*parts*32*24), "row %d", i)
	}
	require.NoError(t, s.FinishAll())
	require.LessOrEqual(t, s.Buffered(), int64(3*4096+parts*4*24))
	require.NoError(t, s.Close())
	require.Zero(t, s.Buffered())
}

// Numbers of blocks around those at which the index goes to disk, and at which it gets another level. Its memory hardly
// grows while the part is filled, and is next to nothing when it is finished.
func TestStore_Index(t *testing.T) {
	for _, blocks := range []int{0, 1, 4, 5, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 32*32*32 + 1} {
		s := newStore(t, t.TempDir(), 0)
		part := s.AddPart()
		for i := range blocks {
			require.NoError(t, s.Append(part, &event{ID: uint64(i)}))
			require.NoError(t, s.EndBlock(part))
		}
		require.LessOrEqual(t, s.Buffered(), int64(4*32*24+8<<10), "%d blocks", blocks)
		require.NoError(t, s.Finish(part))
		require.LessOrEqual(t, s.Buffered(), int64(4*24+4<<10), "%d blocks", blocks)
		for way, read := range ways {
			got, err := read(s, part)
			require.NoError(t, err)
			require.Len(t, got, blocks, way)
			for i, v := range got {
				require.Equal(t, event{ID: uint64(i)}, v, "%s of %d", way, blocks)
			}
		}
		require.NoError(t, s.Close())
	}
}

// A row that is larger than a block does not wait in memory for the next one of its part.
func TestStore_Buffered_LargeRows(t *testing.T) {
	s := newStore(t, t.TempDir(), 4096)
	large := strings.Repeat("large", 20_000)
	for part := range 32 {
		s.AddPart()
		require.NoError(t, s.Append(part, &event{uint64(part), large}))
		require.LessOrEqual(t, s.Buffered(), int64((part+1)*(2*4096+8*24)+4*4096), "part %d", part)
	}
	require.NoError(t, s.FinishAll())
	for part := range 32 {
		rows, err := readAll(s.Read(part))
		require.NoError(t, err)
		require.Equal(t, []event{{uint64(part), large}}, rows)
	}
	require.NoError(t, s.Close())
}
