package parquet

// Vector holds one column of one batch: a slot per row in the slice of the column's physical type (Int96, Fixed
// and ByteArray in Str). Null is nil for a column without nulls; where Null[i] is true the value slot i is zero.
//
// What a Reader hands over is borrowed until its next call, except for strings, which are copies.
type Vector struct {
	Physical Physical
	Bool     []bool
	I32      []int32
	I64      []int64
	F32      []float32
	F64      []float64
	Str      []string
	Null     []bool
}

// Len is the number of rows.
func (v *Vector) Len() int {
	switch v.Physical {
	case Boolean:
		return len(v.Bool)
	case Int32:
		return len(v.I32)
	case Int64:
		return len(v.I64)
	case Float:
		return len(v.F32)
	case Double:
		return len(v.F64)
	}
	return len(v.Str)
}

// Reset makes the vector empty and keeps its memory, except for strings, which it lets go.
func (v *Vector) Reset() {
	v.Bool, v.I32, v.I64 = v.Bool[:0], v.I32[:0], v.I64[:0]
	v.F32, v.F64 = v.F32[:0], v.F64[:0]
	clear(v.Str)
	v.Str = v.Str[:0]
	v.Null = v.Null[:0]
}

// extend adds n zero slots and returns where they begin.
func (v *Vector) extend(n int) int {
	at := v.Len()
	switch v.Physical {
	case Boolean:
		v.Bool = grow(v.Bool, n)
	case Int32:
		v.I32 = grow(v.I32, n)
	case Int64:
		v.I64 = grow(v.I64, n)
	case Float:
		v.F32 = grow(v.F32, n)
	case Double:
		v.F64 = grow(v.F64, n)
	default:
		v.Str = grow(v.Str, n)
	}
	return at
}

func grow[V any](s []V, n int) []V {
	at := len(s)
	if cap(s)-at < n {
		bigger := make([]V, at, max(2*cap(s), at+n))
		copy(bigger, s)
		s = bigger
	}
	s = s[:at+n]
	clear(s[at:])
	return s
}

// spread moves the k values at slots at.. to the slots whose row is not null.
func (v *Vector) spread(at, k int, null []bool) {
	switch v.Physical {
	case Boolean:
		spread(v.Bool[at:], k, null)
	case Int32:
		spread(v.I32[at:], k, null)
	case Int64:
		spread(v.I64[at:], k, null)
	case Float:
		spread(v.F32[at:], k, null)
	case Double:
		spread(v.F64[at:], k, null)
	default:
		spread(v.Str[at:], k, null)
	}
}

// spread works from the end, so that no value is overwritten before it has moved.
func spread[V any](s []V, k int, null []bool) {
	var zero V
	for i := len(null) - 1; i >= 0; i-- {
		if null[i] {
			s[i] = zero
			continue
		}
		k--
		s[i] = s[k]
	}
}

// values decodes k values into slots at...
func (v *Vector) values(d decoder, at, k int) error {
	switch v.Physical {
	case Boolean:
		return d.bools(v.Bool[at : at+k])
	case Int32:
		return d.int32s(v.I32[at : at+k])
	case Int64:
		return d.int64s(v.I64[at : at+k])
	case Float:
		return d.floats(v.F32[at : at+k])
	case Double:
		return d.doubles(v.F64[at : at+k])
	}
	return d.strings(v.Str[at : at+k])
}
