package dedup

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/table"
	"github.com/millrace-go/millrace/stream"
)

func newTestBook[K comparable](t *testing.T, r stream.Resources) (keyBook[K], *hash.Hasher[K]) {
	hasher, err := hash.New[K]()
	require.NoError(t, err)
	return newKeyBook("Test", r, hasher), hasher
}

// A book numbers as a Go map would that is asked for its length, at every size on the way: each size of the index, its
// last key before and its first after it has doubled.
func TestKeyBook_Oracle(t *testing.T) {
	type pair struct {
		a string
		b int
	}
	budget, err := stream.NewBudget(1 << 30)
	require.NoError(t, err)
	book, hasher := newTestBook[pair](t, stream.Resources{Budget: budget})
	numbers := map[pair]int{}
	r := rand.New(rand.NewPCG(1, 6))
	for range cases(t, 1000) * 40 {
		n := r.IntN(30_000)
		k := pair{fmt.Sprint(n % 177), n / 177}
		want, known := numbers[k]
		at, found := book.find(&k, hasher.Hash(&k, 0))
		require.Equal(t, known, found)
		got, added, err := book.number(&k, hasher.Hash(&k, 0))
		require.NoError(t, err)
		require.Equal(t, known, !added)
		if !known {
			want = len(numbers)
			numbers[k] = want
		} else {
			require.Equal(t, want, at)
		}
		require.Equal(t, want, got)
	}
	require.Equal(t, len(numbers), book.keys.n)
	require.Equal(t, budget.Used(), book.account.Used())
	require.Greater(t, budget.Used(), table.RowsBytes(book.room)+int64(len(numbers))*book.keys.size)
	book.close()
	require.Zero(t, budget.Used())
}

// Keys that share a hash are told apart by what they are.
func TestKeyBook_OneHash(t *testing.T) {
	book, _ := newTestBook[int](t, stream.Resources{})
	for round := range 2 {
		for k := range firstRoom { // at most: a wider index would take the hash of the keys
			i, added, err := book.number(&k, 42)
			require.NoError(t, err)
			require.Equal(t, k, i)
			require.Equal(t, round == 0, added)
		}
	}
	k := firstRoom
	_, known := book.find(&k, 42)
	require.False(t, known)
}

// Nothing is taken that was not granted, whichever of index, block and text of a key comes too late.
func TestKeyBook_Limit(t *testing.T) {
	for limit := int64(1); limit < 4000; limit += 7 {
		book, hasher := newTestBook[string](t, stream.Resources{Memory: limit})
		for i := range 1000 {
			k := fmt.Sprintf("key number %d", i)
			before := book.keys.n
			_, added, err := book.number(&k, hasher.Hash(&k, 0))
			if err != nil {
				require.ErrorIs(t, err, stream.ErrLimit)
				require.Equal(t, before, book.keys.n)
				break
			}
			require.True(t, added)
			require.LessOrEqual(t, book.account.Used(), limit)
		}
		require.Less(t, book.keys.n, 1000)
		book.close()
	}
}
