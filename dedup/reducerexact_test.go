package dedup

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

func TestReducer_Label(t *testing.T) {
	for want, r := range map[string]Reducer[claim]{
		"Sum of N":                Sum(func(c *claim) *int { return &c.N }),
		"Greatest of Top[1]":      Greatest(func(c *claim) *int { return &c.Top[1] }),
		"First of the row":        First(func(c *claim) *claim { return c }),
		"LastOpt of Last":         LastOpt(func(c *claim) *stream.Opt[string] { return &c.Last }),
		"GreatestFunc of the row": GreatestFunc(func(c *claim) *claim { return c }, func(a, b claim) int { return 0 }),
	} {
		require.Equal(t, want, r.label())
	}
}

func TestFieldPath(t *testing.T) {
	type inner struct{ A, B int }
	type outer struct {
		Pair  [2]inner
		Whole inner
		Names [3]string
	}
	o := new(outer)
	for want, field := range map[string]any{
		".Whole.A": &o.Whole.A, ".Whole.B": &o.Whole.B, ".Pair[0].A": &o.Pair[0].A, ".Pair[1].B": &o.Pair[1].B, ".Whole": &o.Whole,
		".Pair": &o.Pair, ".Names[2]": &o.Names[2], ".Pair[1].A": &o.Pair[1].A, "": o,
	} {
		v := reflect.ValueOf(field)
		path, ok := fieldPath(reflect.TypeFor[outer](), v.Pointer()-reflect.ValueOf(o).Pointer(), v.Type().Elem())
		require.True(t, ok, want)
		require.Equal(t, want, path)
	}
}
