package table

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
)

// byHash are n keys in the order of their hashes, the first ones of that order among `of` keys.
func byHash(h *hash.Hasher[int], n, of int) []int {
	keys := make([]int, of)
	for i := range keys {
		keys[i] = i
	}
	slices.SortFunc(keys, func(a, b int) int { return cmp.Compare(h.Hash(&a, 0), h.Hash(&b, 0)) })
	return keys[:n]
}

// unluckyOrders are n keys in the orders that a table has to fear.
func unluckyOrders(h *hash.Hasher[int], n int) map[string][]int {
	up := byHash(h, n, n)
	down := slices.Clone(up)
	slices.Reverse(down)
	upFromUniform := []int{}
	for k := range n / 2 {
		upFromUniform = append(upFromUniform, n+k)
	}
	var interleaved []int
	for i := range n / 4 {
		for run := range 4 {
			interleaved = append(interleaved, up[run*(n/4)+i])
		}
	}
	middle := byHash(h, 6*n, 10*n)[5*n:]
	return map[string][]int{
		"any order":                    rand.New(rand.NewPCG(1, 1)).Perm(n),
		"ascending":                    up,
		"descending":                   down,
		"first tenth, ascending":       byHash(h, n, 10*n),
		"a tenth amid, ascending":      middle,
		"half uniform, then ascending": append(upFromUniform, byHash(h, n/2, n)...),
		"four runs interleaved":        interleaved,
		"two runs, odd after even":     append(everySecond(up, 0), everySecond(up, 1)...),
	}
}

func everySecond(keys []int, from int) (some []int) {
	for i := from; i < len(keys); i += 2 {
		some = append(some, keys[i])
	}
	return some
}

// steps is how far a key stands from its home, or how many slots the lookup passes that does not find it.
func (m *homes) steps(h uint64, slot, slots int) int {
	if slots == 0 {
		return 0
	}
	return (slot - m.home(h)) & (slots - 1)
}

// Whatever the order of the keys, the work of inserting and of finding them grows with their number: a few steps for each,
// and what it costs until the table knows.
func TestHomes_StepsGrowWithTheNumberOfKeys(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	const n = 20_000
	few := func(t *testing.T, keys, steps int) {
		t.Helper()
		require.LessOrEqual(t, steps, 12*keys+2*farSlots*farSlots)
	}
	for name, keys := range unluckyOrders(h, n) {
		t.Run(name, func(t *testing.T) {
			tab, inline, rows := New(h), NewInline[int, int](h, 0), NewRows(len(keys))
			inserting, found := 0, 0
			for i, k := range keys {
				sum := h.Hash(&k, 0)
				slot, _ := tab.probe(&k, sum)
				if slot < 0 {
					slot = tab.home(sum) + farSlots
				}
				inserting += tab.steps(sum, slot, len(tab.slots))
				tab.UpsertHashed(&k, sum)
				at := inline.Seek(&k, sum)
				inserting += inline.steps(sum, int(^at), len(inline.slots))
				inline.Add(at, &k, sum, i)
				rows.Insert(sum, int32(i))
			}
			few(t, 2*n, inserting)
			for i, k := range keys {
				sum := h.Hash(&k, 0)
				slot, index := tab.probe(&k, sum)
				require.Equal(t, i, index)
				found += tab.steps(sum, slot, len(tab.slots))
				at := int(inline.Seek(&k, sum))
				require.Equal(t, i, inline.At(at).Value)
				found += inline.steps(sum, at, len(inline.slots))
				found += (rows.slotOf(sum, int32(i)) - rows.home(sum)) & (len(rows.slots) - 1)
			}
			few(t, 3*n, found)
			require.Equal(t, oracleByHash(tab), slices.Collect(tab.ByHash()))
			require.Equal(t, name != "any order", inline.scattered, "scattered for nothing, or not")
			walk, want := inline.Sorted(), oracleByHash(tab)
			for _, i := range want {
				at, ok := walk.Next()
				require.True(t, ok)
				require.Equal(t, keys[i], inline.At(at).Key)
			}
			_, ok := walk.Next()
			require.False(t, ok)
		})
	}
}

// What it is that the tests above would find: with homes in order for ever, keys in order take hundreds of steps each, and more with each
// doubling of their number.
func TestHomes_InOrderForEver(t *testing.T) {
	defer SetFar(1 << 30)()
	h, err := hash.New[int]()
	require.NoError(t, err)
	const n = 20_000
	tab, steps := New(h), 0
	for _, k := range byHash(h, n, n) {
		sum := h.Hash(&k, 0)
		slot, _ := tab.probe(&k, sum)
		steps += tab.steps(sum, slot, len(tab.slots))
		tab.UpsertHashed(&k, sum)
	}
	require.Greater(t, steps, 500*n)
}

// A lookup that finds nothing ends early too, where keys lie without a gap and the table may not grow: keys so dense that
// none stands too far from its home make runs without an end.
func TestHomes_MissesEndEarly(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	tab := NewInline[int, int](h, 0)
	const slots = 1 << 13
	for len(tab.slots) < slots {
		tab.Grow()
	}
	const n = slots / 2
	for i := range n { // one for each slot of the first half
		k, sum := 2*i, uint64(i)<<51+2
		tab.Add(tab.Seek(&k, sum), &k, sum, 0)
	}
	require.False(t, tab.scattered)
	at := make([]int32, 1)
	for i := range n {
		k, sum := 2*i+1, uint64(i)<<51+1
		tab.FindEach([]int{k}, []uint64{sum}, at)
		require.Negative(t, at[0])
		require.LessOrEqual(t, tab.steps(sum, int(^at[0]), slots), farSlots+1)
		room := tab.Room()
		require.Equal(t, at[0], tab.Again(at[0], &k, sum))
		if i < n-farSlots {
			require.Zero(t, tab.Room(), "of %d", room)
			tab.crowded = false
		}
	}
}

// A growth that would put a key too far from its home scatters them all: the one to come, and those that are there.
func TestInline_GrowsToScatteredHomes(t *testing.T) {
	defer SetFar(4)()
	h, err := hash.New[int]()
	require.NoError(t, err)
	for name, sum := range map[string]func(i int) uint64{
		"all close": func(i int) uint64 { return uint64(i + 1) },
		"all equal": func(int) uint64 { return 77 },
		// Homes with five to each in the larger table, but none with six in the smaller.
		"pairs": func(i int) uint64 { return uint64(i/2) << 60 },
	} {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{5, 6, 10, 11, 20, 21, 40, 41, 100} {
				tab := NewInline[int, int](h, 0)
				for k := range n {
					bytes := tab.Bytes()
					at := tab.Seek(&k, sum(k))
					_, more := tab.Growth()
					if tab.Room() > 0 {
						more = 0
					}
					_, grew := tab.Add(at, &k, sum(k), k)
					require.Equal(t, more > 0, grew)
					require.Equal(t, bytes+more, tab.Bytes())
					tab.checkInvariants()
				}
				for k := range n {
					at := tab.Seek(&k, sum(k))
					require.Equal(t, k, tab.At(int(at)).Value)
				}
				seen := 0
				for s := range tab.All() {
					require.Equal(t, sum(s.Value), max(s.Hash, 1)&^1|sum(s.Value)&1)
					seen++
				}
				require.Equal(t, n, seen)
			}
		})
	}
}

// A table that is cut into partitions gives each its keys nearly in order of hash. They are too few for that to matter, as
// long as the hashes are those of ordinary keys.
func TestInline_PartitionsOfATableStayInOrder(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	for _, bits := range []int{4, 6} {
		whole := NewInline[int, int](h, 0)
		for k := range 16<<10 + 2048 {
			insertInline(h, whole, k)
		}
		require.False(t, whole.scattered)
		parts := make([]*Inline[int, int], 1<<bits)
		for p := range parts {
			parts[p] = NewInline[int, int](h, bits)
		}
		for s := range whole.All() {
			to := parts[s.Hash>>(64-bits)]
			to.Add(to.Seek(&s.Key, s.Hash), &s.Key, s.Hash, s.Value)
		}
		n := 0
		for _, p := range parts {
			require.False(t, p.scattered || p.crowded)
			n += p.Len()
		}
		require.Equal(t, whole.Len(), n)
	}
}

// Order that a Table loses to scattering comes back where it can, and then costs no sort.
func TestTable_StraightensItsHomes(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	scattered := 0
	for name, keys := range unluckyOrders(h, 4000) {
		tab := New(h)
		for _, k := range keys {
			tab.Upsert(k)
		}
		for range 3 {
			if tab.scattered {
				scattered++
			}
			require.Equal(t, oracleByHash(tab), append([]int{}, slices.Collect(tab.ByHash())...), name)
			tenth := name == "first tenth, ascending" || name == "a tenth amid, ascending"
			require.Equal(t, tenth, tab.scattered, name)
			for i, k := range keys {
				got, ok := tab.Find(&k)
				require.True(t, ok && got == i, name)
			}
			for range tab.ByHash() {
				break // what was sorted is put back
			}
			tab.Reset()
			require.False(t, tab.scattered)
			for _, k := range keys {
				tab.Upsert(k)
			}
		}
	}
	require.GreaterOrEqual(t, scattered, 8, "of the orders hardly one scatters")
}

// Random programs on tables that scatter at once, soon, or hardly ever, with hashes that collide in whole or in the bits by
// which they are sorted: a list is the model.
func TestTable_Law_AnyHashes(t *testing.T) {
	h, err := hash.New[int]()
	require.NoError(t, err)
	type entry struct {
		key  int
		hash uint64
	}
	sorted := 0
	for seed := range uint64(hunted(1000)) {
		r := rand.New(rand.NewPCG(seed, 7))
		restore := SetFar([]int{0, 1, 5, farSlots}[r.IntN(4)])
		skip := []int{0, 3, MaxSkip}[r.IntN(3)]
		tab := NewPartition(h, skip)
		restore()
		var model []entry
		draw := hashesOf(r, skip)
		for range r.IntN(400) {
			e := entry{key: r.IntN(300)}
			e.hash = draw(e.key)
			want := slices.Index(model, e)
			switch {
			case r.IntN(200) == 0:
				tab.Reset()
				model = nil
			case r.IntN(40) == 0:
				if tab.scattered {
					sorted++
				}
				stop := r.IntN(2 * (len(model) + 1))
				got := []entry{}
				for i := range tab.ByHash() {
					if len(got) == stop {
						break
					}
					got = append(got, entry{*tab.Key(i), tab.HashAt(i)})
				}
				all := append([]entry{}, model...)
				slices.SortStableFunc(all, func(a, b entry) int { return cmp.Compare(a.hash, b.hash) })
				require.Equal(t, all[:min(stop, len(all))], got, "seed %d", seed)
			default:
				i, added := tab.UpsertHashed(&e.key, e.hash)
				if require.Equal(t, want < 0, added, "seed %d", seed); added {
					want = len(model)
					model = append(model, e)
				}
				require.Equal(t, want, i, "seed %d", seed)
			}
		}
		for i, e := range model {
			got, added := tab.UpsertHashed(&e.key, e.hash)
			require.True(t, got == i && !added, "seed %d", seed)
		}
	}
	require.Positive(t, sorted)
}

// hashesOf draws what the hashes of keys are: functions of the key that begin with skip zero bits, most of them bad.
func hashesOf(r *rand.Rand, skip int) func(key int) uint64 {
	salt := r.Uint64() | 1
	spreads := []func(k uint64) uint64{
		func(k uint64) uint64 { return (k + 1) * salt },             // as good as any
		func(k uint64) uint64 { return k << 52 },                    // in order
		func(k uint64) uint64 { return k },                          // in order, and close
		func(k uint64) uint64 { return k % 5 << 60 },                // few
		func(k uint64) uint64 { return k<<60 | k>>4 },               // alike in 32 bits
		func(k uint64) uint64 { return math.MaxUint64 - k%7*salt },  // at the end, and few
		func(k uint64) uint64 { return math.MaxUint64 - k<<(k%60) }, // at the end
		func(k uint64) uint64 { return k % 2 },                      // 0 and 1, which Inline takes for one
	}
	spread := spreads[r.IntN(len(spreads))]
	return func(key int) uint64 { return spread(uint64(key)) >> uint(skip) }
}
