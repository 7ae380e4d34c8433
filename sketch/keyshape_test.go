package sketch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type userID string

type visit struct {
	User userID
	Day  int32
	_    [3]byte
	Sure bool
}

func TestKeyShape_Table(t *testing.T) {
	for want, got := range map[string]string{
		"string":             keyShape[userID](),
		"int":                keyShape[int8](),
		"uint":               keyShape[uintptr](),
		"string,int,bool":    keyShape[visit](),
		"[16]uint8":          keyShape[[16]byte](),
		"[2]string,int,bool": keyShape[[2]visit](),
		"time":               keyShape[time.Time](),
		"float32":            keyShape[float32](),
		"complex128":         keyShape[complex128](),
		"interface":          keyShape[any](),
		"":                   keyShape[struct{}](),
		"string,string,int,bool": keyShape[struct {
			A string
			B visit
		}](),
	} {
		require.Equal(t, want, got)
	}
	require.Equal(t, keyShape[int32](), keyShape[int64](), "a widened integer")
	require.Equal(t, keyShape[visit](), keyShape[struct {
		Name string
		On   int64
		Sure bool
	}](), "renamed fields")
	require.NotEqual(t, keyShape[int](), keyShape[uint]())
	require.NotEqual(t, keyShape[struct{ A, B string }](), keyShape[struct{ A, B, C string }]())
}
