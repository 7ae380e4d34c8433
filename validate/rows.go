package validate

import (
	"encoding/base64"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/millrace-go/millrace/stream"
)

// Rows reads dynamic rows, as a Parquet or Arrow reader hands them over, by the same rules and with the same
// codes. In a Reject, Line is the number of the row, Offset is -1 and Raw is the row written as JSON.
//
// It holds one row, reads one ahead of nothing, and forwards an error of rows as it is. It can run again if rows
// can.
func (s *Schema[T]) Rows(rows stream.Seq[stream.Row], opts Options) stream.Seq[T] {
	if rows == nil {
		panic("validate: Rows: nil sequence")
	}
	name := opts.Name
	if name == "" {
		name = "rows"
	}
	return s.seq("Rows", opts, func(p *pass) bool {
		p.name = name
		w := &rowWalk{root: s.root, p: p, seen: make([]uint32, len(s.fields))}
		line := int64(0)
		for row, err := range rows {
			if err != nil {
				p.err = err
				return false
			}
			line++
			p.begin()
			w.read(row)
			at := rowAt{line: line, off: -1}
			if p.st.failed() {
				at.head = appendValue(nil, row)
				at.length = int64(len(at.head))
			}
			if !p.finish(at) {
				return false
			}
		}
		return true
	})
}

// rowWalk puts the fields of dynamic rows into the schema's.
type rowWalk struct {
	root  *node
	p     *pass
	seen  []uint32
	row   uint32
	nulls []*node // null where an object with fields was expected
	keys  keySet  // of the objects that have many fields
	buf   []byte
	one   cell // the one that set is given: allocated once
}

func (w *rowWalk) read(row stream.Row) {
	if w.row++; w.row == 0 {
		clear(w.seen)
		w.row = 1
	}
	w.nulls = w.nulls[:0]
	w.keys.reset(nil)
	w.object(row, w.root, "", 1)
	for _, n := range w.nulls {
		w.each(n, &cell{kind: kindNull, off: -1})
	}
	w.one = cell{kind: kindMissing, off: -1}
	for i := range w.seen {
		if w.seen[i] != w.row {
			w.p.set(int32(i), &w.one)
		}
	}
}

func (w *rowWalk) object(row stream.Row, n *node, path string, depth int) {
	st := w.p.st
	keys, many := w.keys.open(), len(row) > smallObject
	if many {
		defer w.keys.close(&keys)
	}
	for i, f := range row {
		at, known := n.names[f.Name]
		var e *entry
		if known {
			e = &n.entries[at]
		}
		repeated := false
		if many {
			w.buf = append(w.buf[:0], f.Name...)
			repeated = w.keys.add(&keys, w.buf, 0, 0, true)
		} else {
			repeated = slices.ContainsFunc(row[:i], func(o stream.Field) bool { return o.Name == f.Name })
		}
		repeated = repeated || e != nil && e.sub == nil && w.seen[e.field] == w.row
		switch {
		case repeated && !w.p.opts.AllowDuplicateKeys:
			st.add(-1, FieldError{Path: path + f.Name, Code: CodeDuplicate, Offset: -1, Got: strconv.Quote(f.Name), Want: "each key once"})
		case e == nil:
			if w.p.opts.Unknown == Quarantine {
				st.add(-1, FieldError{Path: path + f.Name, Code: CodeUnknown, Offset: -1, Got: strconv.Quote(f.Name), Want: "a field of the schema"})
			}
		case e.sub != nil:
			w.group(f.Value, e.sub, path+f.Name, depth)
		default:
			if repeated {
				st.retract(e.field)
			}
			w.seen[e.field] = w.row
			w.value(e.field, path+f.Name, f.Value)
		}
	}
}

func (w *rowWalk) group(v any, n *node, path string, depth int) {
	if depth >= w.p.opts.MaxDepth {
		w.p.st.add(-1, FieldError{Path: path, Code: CodeTooDeep, Offset: -1, Got: "depth " + strconv.Itoa(depth+1), Want: "at most " + strconv.Itoa(w.p.opts.MaxDepth)})
		w.each(n, nil)
		return
	}
	switch v := v.(type) {
	case nil:
		w.nulls = append(w.nulls, n)
	case stream.Row:
		w.object(v, n, path+".", depth+1)
	case map[string]any:
		row := make(stream.Row, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			row = append(row, stream.Field{Name: name, Value: v[name]})
		}
		w.object(row, n, path+".", depth+1)
	default:
		c, _ := w.cell(v)
		w.p.st.add(-1, FieldError{Path: path, Code: CodeType, Offset: -1, Got: c.kind.String(), Want: "object"})
		w.each(n, nil)
	}
}

// each gives every field below n the cell; nil: only marks them as met.
func (w *rowWalk) each(n *node, c *cell) {
	for i := range n.entries {
		e := &n.entries[i]
		switch {
		case e.sub != nil:
			w.each(e.sub, c)
		case w.seen[e.field] != w.row:
			w.seen[e.field] = w.row
			if c != nil {
				w.one = *c
				w.p.set(e.field, &w.one)
			}
		}
	}
}

func (w *rowWalk) value(field int32, path string, v any) {
	var ok bool
	if w.one, ok = w.cell(v); !ok {
		w.p.st.add(field, FieldError{Path: path, Code: CodeInvalidUTF8, Offset: -1, Got: "invalid bytes", Want: "UTF-8"})
		return
	}
	w.p.set(field, &w.one)
}

// cell makes a cell of a dynamic value; ok is false for a text that is not UTF-8.
func (w *rowWalk) cell(v any) (c cell, ok bool) {
	c = cell{off: -1}
	switch v := v.(type) {
	case nil:
		c.kind = kindNull
	case bool:
		c.kind, c.b = kindBool, v
	case int64:
		w.buf = strconv.AppendInt(w.buf[:0], v, 10)
		c.kind, c.text = kindNumber, w.buf
	case int:
		w.buf = strconv.AppendInt(w.buf[:0], int64(v), 10)
		c.kind, c.text = kindNumber, w.buf
	case uint64:
		w.buf = strconv.AppendUint(w.buf[:0], v, 10)
		c.kind, c.text = kindNumber, w.buf
	case float64:
		w.buf = strconv.AppendFloat(w.buf[:0], v, 'g', -1, 64)
		c.kind, c.text = kindNumber, w.buf
		if math.IsNaN(v) || math.IsInf(v, 0) {
			c.kind = kindString // JSON has no such number: lax fields read the word
		}
	case string:
		w.buf = append(w.buf[:0], v...)
		c.kind, c.text = kindString, w.buf
		return c, utf8.ValidString(v)
	case []byte:
		c.kind, c.text = kindString, v
		return c, utf8.Valid(v)
	case time.Time:
		c.kind, c.t = kindTime, v
	case []any:
		c.kind = kindArray
	default:
		c.kind = kindObject
	}
	return c, true
}

// appendValue writes a dynamic value as JSON: the raw form of a rejected row. What JSON cannot say is written
// as a string: NaN and infinities by name, bytes that are no text as base64, times as RFC 3339.
func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case stream.Row:
		dst = append(dst, '{')
		for i, f := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSONString(dst, f.Name)
			dst = append(dst, ':')
			dst = appendValue(dst, f.Value)
		}
		return append(dst, '}')
	case map[string]any:
		row := make(stream.Row, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			row = append(row, stream.Field{Name: name, Value: v[name]})
		}
		return appendValue(dst, row)
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, e)
		}
		return append(dst, ']')
	case []byte:
		if !utf8.Valid(v) {
			return appendJSONString(dst, base64.StdEncoding.EncodeToString(v))
		}
		return appendJSONString(dst, string(v))
	case string:
		return appendJSONString(dst, v)
	case time.Time:
		return appendJSONString(dst, v.Format(time.RFC3339Nano))
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case uint64:
		return strconv.AppendUint(dst, v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return appendJSONString(dst, strconv.FormatFloat(v, 'g', -1, 64))
		}
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	}
	return appendJSONString(dst, "?")
}
