package stream

// Row is a dynamic row: named fields in the order of their source. It is the meeting point of rooms that
// do not know each other: what a Parquet or Arrow reader hands over when there is no struct, and what
// validate takes. A field that is absent is missing; one whose Value is nil is null.
type Row []Field

// Field is one named value of a Row. Value is nil (null) or one of bool, int64, uint64, float64, string,
// []byte, time.Time, []any (a list), Row (a struct), or map[string]any.
type Field struct {
	Name  string // as the source has it; not unique by itself
	Value any    // nil: null
}

// Get returns the first field of that name: Missing if there is none, Null if its value is nil. It is linear
// in the number of fields.
func (r Row) Get(name string) Opt[any] {
	for _, f := range r {
		if f.Name == name {
			if f.Value == nil {
				return Null[any]()
			}
			return Present(f.Value)
		}
	}
	return Missing[any]()
}
