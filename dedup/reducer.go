package dedup

import (
	"fmt"
	"reflect"

	"github.com/millrace-go/millrace/stream"
)

// A Reducer makes one field of the merged row out of the rows of a key, under KeepMerge. It is made from a function
// that returns the address of the field in a row:
//
//	dedup.Sum(func(o *Order) *int64 { return &o.Cents })
//
// The field must be part of the row itself, always the same one, and no two reducers may have one in common. A
// field behind a pointer, in a map or in a slice's array would be changed for whoever else looks at it: it is refused
// with an *stream.OptionError, and so is the zero Reducer.
//
// First and Last pick the field of one of the rows, and GreatestFunc and LeastFunc do. Greatest, Least, Sum, AnyTrue,
// AllTrue, Union and Combine total the fields of all. Rows where a field is null do not count for it, in the Opt forms
// (missing is null) and in the Ptr forms (nil is null), nor do rows that Where leaves out. If no row counts, the
// field is that of the best row.
type Reducer[T any] struct {
	name   string
	way    reducerWay
	counts func(row *T) bool // the row counts for the field; nil: every row does
	copy   func(to, from *T) // the field
	order  func(a, b *T) int // under wayOrder: positive where a's field is the one to keep
	// total, under wayTotal, adds the field of from to that of to, and reports whether what the latter reaches may have become
	// larger or smaller. Others may look at the memory of either, unless there is an own.
	total  func(to, from *T) (resized bool)
	own    func(row *T)      // under wayTotal: gives the field memory of its own, and the form it comes out in; nil: total changes no memory
	tidy   func(row *T)      // brings the field of a row that is alone into the form of a total; nil: it has it
	there  func(row *T) bool // under wayTotal: the field of a total has a value; nil: it always has
	exact  bool              // see Exact
	wheres int               // calls of Where
	field  func(row *T) reflect.Value

	engine mergeEngine[T] // which merges rows
}

// reducerWay says how a reducer comes to a field.
type reducerWay uint8

const (
	wayNone  reducerWay = iota // the zero Reducer
	wayFirst                   // the field of the row that stands first in line
	wayLast                    // the field of the row that stands last
	wayOrder                   // the field that is greatest by an order of its own; of equal ones, of the first row in line
	wayTotal                   // made of the fields of all rows, two at a time
)

// First keeps the field of the first row of its key. The rows of a key stand in line by Options.By, the worst row first and
// the best last; rows that the comparators do not tell apart stand as they came. With By: Latest(Event.At) the
// first row is the earliest one; without comparators it is the first one that came.
func First[T, V any](field func(*T) *V) Reducer[T] {
	need(field == nil, "First", "field")
	return newReducer("First", wayFirst, field)
}

// FirstOpt keeps the first value that is there; see First.
func FirstOpt[T, V any](field func(*T) *stream.Opt[V]) Reducer[T] {
	need(field == nil, "FirstOpt", "field")
	return newReducer("FirstOpt", wayFirst, field).optional(isPresent(field))
}

// FirstPtr keeps the first pointer that is not nil; see First. What it points to is kept as it is, and shared.
func FirstPtr[T, V any](field func(*T) **V) Reducer[T] {
	need(field == nil, "FirstPtr", "field")
	return newReducer("FirstPtr", wayFirst, field).optional(isNotNil(field))
}

// Last keeps the field of the last row of its key, in the line of which First has the other end. With
// By: Latest(Event.At) that is the latest row; of rows of one time, the one that came last.
func Last[T, V any](field func(*T) *V) Reducer[T] {
	need(field == nil, "Last", "field")
	return newReducer("Last", wayLast, field)
}

// LastOpt keeps the last value that is there; see Last.
func LastOpt[T, V any](field func(*T) *stream.Opt[V]) Reducer[T] {
	need(field == nil, "LastOpt", "field")
	return newReducer("LastOpt", wayLast, field).optional(isPresent(field))
}

// LastPtr keeps the last pointer that is not nil; see Last. What it points to is kept as it is, and shared.
func LastPtr[T, V any](field func(*T) **V) Reducer[T] {
	need(field == nil, "LastPtr", "field")
	return newReducer("LastPtr", wayLast, field).optional(isNotNil(field))
}

// GreatestFunc keeps the greatest field by compare, as slices.MaxFunc does; of equal ones that of the first row, as
// First has it. It is for what has no < of its own, times for one:
//
//	dedup.GreatestFunc(func(e *Event) *time.Time { return &e.SeenAt }, time.Time.Compare)
func GreatestFunc[T, V any](field func(*T) *V, compare func(a, b V) int) Reducer[T] {
	need(field == nil, "GreatestFunc", "field")
	need(compare == nil, "GreatestFunc", "compare")
	r := newReducer("GreatestFunc", wayOrder, field)
	r.order = func(a, b *T) int { return compare(*field(a), *field(b)) }
	return r
}

// LeastFunc keeps the least field by compare, as slices.MinFunc does; see GreatestFunc.
func LeastFunc[T, V any](field func(*T) *V, compare func(a, b V) int) Reducer[T] {
	need(field == nil, "LeastFunc", "field")
	need(compare == nil, "LeastFunc", "compare")
	r := newReducer("LeastFunc", wayOrder, field)
	r.order = func(a, b *T) int { return compare(*field(b), *field(a)) }
	return r
}

// Where returns the reducer for the rows for which has is true; the others do not count for this field. It says what
// is null where the type does not:
//
//	dedup.Last((*Event).Mail).Where(func(e *Event) bool { return e.Mail != "" })
//
// Where adds to what the reducer left out before.
func (r Reducer[T]) Where(has func(*T) bool) Reducer[T] {
	need(has == nil, "Reducer.Where", "predicate")
	r.wheres++
	return r.optional(has)
}

// optional lets only rows count for which has is true.
func (r Reducer[T]) optional(has func(*T) bool) Reducer[T] {
	before := r.counts
	if before == nil {
		r.counts = has
	} else {
		r.counts = func(row *T) bool { return before(row) && has(row) }
	}
	return r
}

func isPresent[T, V any](field func(*T) *stream.Opt[V]) func(*T) bool {
	return func(row *T) bool { return field(row).IsPresent() }
}

func isNotNil[T, V any](field func(*T) **V) func(*T) bool {
	return func(row *T) bool { return *field(row) != nil }
}

func newReducer[T, V any](name string, way reducerWay, field func(*T) *V) Reducer[T] {
	return Reducer[T]{
		name: name, way: way, exact: true,
		copy:  func(to, from *T) { *field(to) = *field(from) },
		field: func(row *T) reflect.Value { return reflect.ValueOf(field(row)) },

		engine: newMergeEngine[T](),
	}
}

// span is where a field lies in a row: bytes from, up to but not to.
type span struct{ from, to uintptr }

// locate finds the field in a row. Where it is none it says what was got.
func (r *Reducer[T]) locate() (at span, wrong string) {
	if r.way == wayNone {
		return at, "the zero Reducer"
	}
	row := new(T)
	field, ok := r.try(row)
	start, size := reflect.ValueOf(row).Pointer(), reflect.TypeFor[T]().Size()
	if ok && !field.IsNil() {
		at.from = field.Pointer() - start
		at.to = at.from + field.Type().Elem().Size()
		if at.from <= at.to && at.to <= size {
			return at, ""
		}
	}
	return at, r.name + " of something outside the row"
}

// try asks for the field of an empty row, in which pointers lead nowhere.
func (r *Reducer[T]) try(row *T) (field reflect.Value, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return r.field(row), true
}

// checkMerge returns an *OptionError for reducers that cannot be, and for options that KeepMerge has no use for.
func (o *Options[T]) checkMerge(wrong func(option string, got any, want string) error) error {
	switch n := len(o.Merge); {
	case o.Keep != KeepMerge && n > 0:
		return wrong("Merge", fmt.Sprintf("%d reducers", n), "empty unless Keep is KeepMerge")
	case o.Keep != KeepMerge:
		return nil
	case n == 0 || n > maxReducers:
		return wrong("Merge", fmt.Sprintf("%d reducers", n), fmt.Sprintf("1 to %d under KeepMerge", maxReducers))
	case o.Tie == TieFail:
		return wrong("Tie", o.Tie, "TieFirst or TieLast under KeepMerge (ByBytes as the last comparator leaves no ties)")
	}
	var spans []span
	for i := range o.Merge {
		option := fmt.Sprintf("Merge[%d]", i)
		at, got := o.Merge[i].locate()
		if got != "" {
			return wrong(option, got, "a reducer whose function returns the address of a field of the row itself")
		}
		for j, other := range spans {
			if at.from < other.to && other.from < at.to {
				return wrong(option, o.Merge[i].name+" of what Merge["+fmt.Sprint(j)+"] has", "a field that no other reducer has")
			}
		}
		spans = append(spans, at)
	}
	return nil
}

// maxReducers is what the sets of gathered hold.
const maxReducers = 64
