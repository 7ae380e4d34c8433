package hash_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/internal/hash"
)

// Copies stay what they were, whatever is copied after them.
func TestText_Law_CopiesStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(0, 70_000)), 0, 60).Draw(t, "lengths")
		var text hash.Text
		got, want := make([]string, len(lengths)), make([]string, len(lengths))
		for i, n := range lengths {
			want[i] = strings.Repeat(string(rune('a'+i%26)), n)
			got[i] = text.Copy(want[i])
		}
		require.Equal(t, want, got)
	})
}

func TestText_AllocatesSeldom(t *testing.T) {
	const n = 100_000
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("a key of 19 b %05d", i)
	}
	allocs := testing.AllocsPerRun(1, func() {
		var text hash.Text
		for i := range n {
			text.Copy(keys[i])
		}
	})
	require.Less(t, allocs, n/500.)
}
