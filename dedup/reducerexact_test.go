package dedup

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReducer_Label(t *testing.T) {
	type inner struct{ A, B int }
	type outer struct {
		Pair  [2]inner
		Whole inner
		Names [3]string
	}
	for want, r := range map[string]Reducer[outer]{
		"Sum of Whole.A":        Sum(func(r *outer) *int { return &r.Whole.A }),
		"Sum of Whole.B":        Sum(func(r *outer) *int { return &r.Whole.B }),
		"Sum of Pair[0].A":      Sum(func(r *outer) *int { return &r.Pair[0].A }),
		"Sum of Pair[1].B":      Sum(func(r *outer) *int { return &r.Pair[1].B }),
		"Last of Whole":         Last(func(r *outer) *inner { return &r.Whole }),
		"Last of Pair":          Last(func(r *outer) *[2]inner { return &r.Pair }),
		"First of Names[2]":     First(func(r *outer) *string { return &r.Names[2] }),
		"First of the row":      First(func(r *outer) *outer { return r }),
		"Greatest of Pair[1].A": Greatest(func(r *outer) *int { return &r.Pair[1].A }),
	} {
		require.Equal(t, want, r.label())
	}
}
