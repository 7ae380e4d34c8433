package table

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
)

// insertInline adds a key unless it is there, and counts it.
func insertInline[K comparable](h *hash.Hasher[K], t *Inline[K, int], k K) {
	sum := h.Hash(&k, 0)
	at := t.Seek(&k, sum)
	if at < 0 {
		slot, _ := t.Add(at, &k, sum, 0)
		at = int32(slot)
	}
	t.At(int(at)).Value++
}

// Against a Table with a slice of counts: the same keys, counts and order, looked up together or one by one, for
// sizes on both sides of a batch and of a growth.
func TestInline_Law_EqualsTable(t *testing.T) {
	check := func(t *testing.T, skip int, key func(int) any) {
		h, err := hash.New[any]()
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(uint64(skip), 1))
		inPartition := func(k any) bool { return skip == 0 || h.Hash(&k, 0)>>(64-skip) == 1 }
		for _, n := range []int{0, 1, 9, 10, 11, 255, 256, 257, 700} {
			inline, model, counts := NewInline[any, int](h, skip), NewPartition(h, skip), []int{}
			for range n {
				k := key(r.IntN(1000))
				if !inPartition(k) {
					continue
				}
				insertInline(h, inline, k)
				i, added := model.Upsert(k)
				if added {
					counts = append(counts, 0)
				}
				counts[i]++
			}
			inline.checkInvariants()
			require.Equal(t, model.Len(), inline.Len())
			keys, hashes, at := make([]any, n+3), make([]uint64, n+3), make([]int32, n+3)
			for i := range keys {
				keys[i] = key(r.IntN(1500))
				hashes[i] = h.Hash(&keys[i], 0)
			}
			inline.FindEach(keys, hashes, at)
			for i := range keys {
				require.Equal(t, inline.Seek(&keys[i], hashes[i]), at[i], "key %v of %d", keys[i], n)
				require.Equal(t, at[i], inline.Again(min(at[i], ^at[i]), &keys[i], hashes[i]), "from where it is, or belongs")
			}
			walk := inline.Sorted()
			for i := range model.ByHash() {
				at, ok := walk.Next()
				require.True(t, ok)
				require.True(t, h.Equal(model.Key(i), &inline.At(at).Key))
				require.Equal(t, counts[i], inline.At(at).Value)
			}
			_, ok := walk.Next()
			require.False(t, ok)
		}
	}
	for _, skip := range []int{0, 1, 3} {
		check(t, skip, func(v int) any { return v })
		check(t, skip, func(v int) any { return "user-" + strconv.Itoa(v) })
		check(t, skip, func(v int) any { return []float64{math.NaN(), float64(v), 0, math.Copysign(0, -1)}[v%4] })
	}
}

// What is announced is what is taken, key by key.
func TestInline_BytesGrowAsAnnounced(t *testing.T) {
	h, err := hash.New[string]()
	require.NoError(t, err)
	tab := NewInline[string, int](h, 0)
	for i := range 2000 {
		k := strconv.Itoa(i)
		want := tab.Bytes() + h.Held(&k)
		if tab.Room() == 0 {
			keys, bytes := tab.Growth()
			require.Positive(t, keys)
			want += bytes
		}
		at := make([]int32, 1)
		tab.FindEach([]string{k}, []uint64{h.Hash(&k, 0)}, at)
		room, at0 := tab.Room(), tab.Again(at[0], &k, h.Hash(&k, 0))
		slot, grew := tab.Add(at0, &k, h.Hash(&k, 0), i)
		require.Equal(t, room == 0, grew)
		require.Equal(t, i, tab.At(slot).Value)
		require.Equal(t, want, tab.Bytes())
	}
}

// Keys whose hashes share their leading bits spread over the slots of a partition's table as others do over a whole
// one's: without the skip all of them would probe from the same slots.
func TestInline_PartitionSpreadsItsKeys(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	const skip, n = 6, 5000
	tab := NewInline[int, int](h, skip)
	for k, found := 0, 0; found < n; k++ {
		if h.Hash(&k, 0)>>(64-skip) == 5 {
			insertInline(h, tab, k)
			found++
		}
	}
	longest, run := 0, 0
	for i := range tab.slots {
		if run++; tab.slots[i].Hash == 0 {
			run = 0
		}
		longest = max(longest, run)
	}
	require.Less(t, longest, 200)
	require.Equal(t, skip, tab.Skip())
}

// Keys with one hash, which no test can find, stand in order of insertion, through growth and around the end.
func TestInline_TiesInOrderOfInsertion(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	for _, sum := range []uint64{7, 1 << 40, math.MaxUint64} {
		tab := NewInline[int, int](h, 0)
		for k := range 100 {
			tab.Add(tab.Seek(&k, sum), &k, sum, k)
		}
		var got []int
		walk := tab.Sorted()
		for at, ok := walk.Next(); ok; at, ok = walk.Next() {
			got = append(got, tab.At(at).Value)
		}
		require.Len(t, got, 100)
		require.True(t, slices.IsSorted(got), "hash %x: %v", sum, got)
	}
}

// A run as long as no good hash makes one, its hashes against their order in the table and each of them twice: the walk
// gives up sorting by insertion, and keeps ties in order of insertion all the same.
func TestInline_LongRunBackwards(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	for _, home := range []uint64{0, 5 << 50, 0xffff << 48} {
		tab := NewInline[int, int](h, 0)
		const n = 400
		for k := range n {
			h := home + uint64(n-k/2)
			tab.Add(tab.Seek(&k, h), &k, h, k)
		}
		walk, last, got := tab.Sorted(), -1, 0
		lastHash := uint64(0)
		for at, ok := walk.Next(); ok; at, ok = walk.Next() {
			s := tab.At(at)
			require.GreaterOrEqual(t, s.Hash, lastHash)
			if s.Hash == lastHash {
				require.Equal(t, last+1, s.Value, "the second of two")
			}
			last, lastHash, got = s.Value, s.Hash, got+1
		}
		require.Equal(t, n, got)
	}
}

func TestPartitions_RefuseASkip(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	require.PanicsWithValue(t, "table: NewInline: skip -1, want 0 to 32", func() { NewInline[int, int](h, -1) })
	require.PanicsWithValue(t, "table: NewPartition: skip 33, want 0 to 32", func() { NewPartition(h, 33) })
}

// A hash of 0 is not an empty slot, whose key is zero too.
func TestInline_FindEach_HashOfZero(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	tab, at := NewInline[int, int](h, 0), make([]int32, 1)
	other, zero := 7, 0
	tab.Add(tab.Seek(&other, 1<<63), &other, 1<<63, 1)
	tab.FindEach([]int{zero}, []uint64{0}, at)
	require.Negative(t, at[0], "a key that is not there")
	slot, _ := tab.Add(at[0], &zero, 0, 2)
	tab.FindEach([]int{zero}, []uint64{0}, at)
	require.EqualValues(t, slot, at[0])
}

// hunted is how many cases a law tries: n, or what the environment asks for in a hunt.
func hunted(n int) int {
	if cases, err := strconv.Atoi(os.Getenv("MILLRACE_HUNT")); err == nil {
		return cases
	}
	return n
}

// The way of an engine: batches of keys of which many are new and some come twice, with few hashes for all of them, or
// hashes in order, so that probes are long, cross each other, go round the end, outlive a growth, and scatter the table.
// Each key counts from the position at which it came, which is the order of those that share a hash.
func TestInline_Law_BatchesWithNewKeys(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	type seen struct{ first, count int }
	scattered, twins := 0, 0
	for seed := range uint64(hunted(1000)) {
		r := rand.New(rand.NewPCG(seed, 2))
		hashes := make([]uint64, 1+r.IntN(40))
		for i := range hashes {
			hashes[i] = []uint64{0, 1, math.MaxUint64, r.Uint64(), r.Uint64() | 0xfff<<52}[r.IntN(5)]
		}
		skip := 0
		hashOf := func(k int) uint64 { return hashes[k%len(hashes)] }
		if r.IntN(2) == 0 {
			skip = []int{0, 3, MaxSkip}[r.IntN(3)]
			hashOf = hashesOf(r, skip)
		}
		restore := SetFar([]int{0, 1, 5, 20, farSlots}[r.IntN(5)])
		tab, model := NewInline[int, seen](h, skip), map[int]seen{}
		restore()
		distinct, ordered := 1+r.IntN(600), r.IntN(3)
		for range 4 {
			n := []int{0, 1, 255, 256, 257, 600}[r.IntN(6)]
			keys, sums, at := make([]int, n), make([]uint64, n), make([]int32, n)
			for i := range keys {
				keys[i] = r.IntN(distinct)
			}
			switch ordered {
			case 1:
				slices.Sort(keys)
			case 2:
				slices.SortFunc(keys, func(a, b int) int { return b - a })
			}
			for i, k := range keys {
				sums[i] = hashOf(k)
			}
			if r.IntN(4) == 0 {
				tab.Grow() // before it must, an empty one too
			}
			tab.FindEach(keys, sums, at)
			for i, k := range keys {
				slot := at[i]
				if slot < 0 {
					slot = tab.Again(slot, &keys[i], sums[i])
				}
				want, known := model[k]
				if known != (slot >= 0) {
					t.Fatalf("seed %d: key %d, which came before: %v, has slot %d", seed, k, known, slot)
				}
				if !known {
					want.first = len(model)
					bytes, room := tab.Bytes(), tab.Room()
					_, growth := tab.Growth()
					added, grew := tab.Add(slot, &keys[i], sums[i], want)
					if grew != (room == 0) {
						t.Fatalf("seed %d: room %d, grew %v", seed, room, grew)
					}
					if slot = int32(added); grew {
						bytes += growth
						tab.FindEach(keys[i+1:], sums[i+1:], at[i+1:])
					}
					if got := tab.Bytes(); got != bytes {
						t.Fatalf("seed %d: %d bytes, want %d", seed, got, bytes)
					}
				}
				want.count++
				model[k] = want
				s := tab.At(int(slot))
				if s.Key != k {
					t.Fatalf("seed %d: slot of %d, want %d", seed, s.Key, k)
				}
				s.Value.count++
			}
		}
		require.Equal(t, len(model), tab.Len(), "seed %d", seed)
		if tab.checkInvariants(); tab.scattered {
			scattered++
		}
		if tab.twins {
			twins++
		}
		firsts := map[uint64]int{} // by hash
		walked := 0
		for s := range tab.All() {
			if model[s.Key] != s.Value || s.Value.first < firsts[s.Hash] {
				t.Fatalf("seed %d: key %d is %v, want %v, behind %d", seed, s.Key, s.Value, model[s.Key], firsts[s.Hash])
			}
			firsts[s.Hash] = s.Value.first
			walked++
		}
		require.Equal(t, len(model), walked, "seed %d", seed)
		walk := tab.Sorted()
		var last Slot[int, seen]
		for at, ok := walk.Next(); ok; at, ok = walk.Next() {
			s := tab.At(at)
			walked--
			if model[s.Key] != s.Value {
				t.Fatalf("seed %d: key %d is %v, want %v", seed, s.Key, s.Value, model[s.Key])
			}
			if s.Hash < last.Hash || s.Hash == last.Hash && s.Value.first <= last.Value.first {
				t.Fatalf("seed %d: %v after %v", seed, *s, last)
			}
			last = *s
		}
		require.Zero(t, walked, "seed %d", seed)
	}
	require.Greater(t, scattered, 100)
	require.Greater(t, twins, 100)
}
