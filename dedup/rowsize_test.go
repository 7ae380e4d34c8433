package dedup

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func sizeBeyond[T any](v T) int64 {
	s := rowSizer[T]()
	if s == nil {
		return -1 // static
	}
	return s(&v)
}

func TestRowSizer_Table(t *testing.T) {
	type point struct{ _, _ int32 }
	type named struct {
		name string
		tags []string
		_    time.Time
	}
	type node struct {
		label string
		next  *node
	}
	ten := strings.Repeat("x", 10)
	word := int64(4 << (^uint(0) >> 63)) // bytes of a pointer: 4 on 32-bit platforms
	for name, tt := range map[string]struct{ got, want int64 }{
		"static":                   {sizeBeyond(point{}), -1},
		"static_array":             {sizeBeyond([4]point{}), -1},
		"time_shares_its_zone":     {sizeBeyond(time.Now()), -1},
		"string":                   {sizeBeyond(ten), 10},
		"unexported_fields":        {sizeBeyond(named{name: ten}), 10},
		"slice_by_capacity":        {sizeBeyond(make([]point, 1, 5)), 40},
		"slice_of_strings":         {sizeBeyond([]string{ten, ten}), 4*word + 20},
		"nested":                   {sizeBeyond(named{name: ten, tags: []string{ten}}), 10 + 2*word + 10},
		"array_of_strings":         {sizeBeyond([2]string{ten, ten}), 20},
		"nil_pointer":              {sizeBeyond((*point)(nil)), 0},
		"pointer":                  {sizeBeyond(&point{}), 8},
		"pointer_to_string":        {sizeBeyond(&ten), 2*word + 10},
		"recursive_is_not_chased":  {sizeBeyond(node{label: ten, next: &node{label: ten}}), 10 + 3*word},
		"map":                      {sizeBeyond(map[int64]int64{1: 2, 3: 4}), 2 * (16 + mapEntryOverhead)},
		"map_of_strings":           {sizeBeyond(map[string]string{ten: ten}), 4*word + mapEntryOverhead + 20},
		"nil_interface":            {sizeBeyond([1]any{}), 0},
		"interface":                {sizeBeyond([1]any{int64(1)}), 8},
		"interface_holds_a_string": {sizeBeyond([1]any{ten}), 2*word + 10},
		"interface_holds_a_list":   {sizeBeyond([1]any{[]any{ten}}), 3*word + 2*word + 2*word + 10},
	} {
		require.Equal(t, tt.want, tt.got, name)
	}
}

// A value that contains itself must end.
func TestRowSizer_CyclesEnd(t *testing.T) {
	loop := map[string]any{}
	loop["self"] = loop
	require.Positive(t, sizeBeyond(loop))
	list := make([]any, 1)
	list[0] = list
	require.Positive(t, sizeBeyond(list))
}
