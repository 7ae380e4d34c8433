package validate

import (
	"fmt"
	"strings"
	"sync"

	"github.com/millrace-go/millrace/stream"
)

// Schema maps named fields of an input to a Go struct, with the rules a row must obey. It is immutable and safe
// for concurrent use; every run of a source keeps its own state.
type Schema[T any] struct {
	fields  []meta
	decs    []decoder[T]
	root    *node
	nodes   int            // of the tree below root, root included
	byName  map[string]int // names and aliases, as written, to field numbers
	secrets bool
	parsers sync.Pool // of *parser[T]
}

// SchemaError lists what is wrong with the fields given to New. It matches stream.ErrConflict: rules that
// cannot all hold.
type SchemaError struct {
	Problems []SchemaProblem // in the order of the fields
}

// SchemaProblem is one mistake in a schema.
type SchemaProblem struct {
	Field string // name of the field; empty: the schema as a whole
	Rule  string // the rule at fault, "Range"
	Want  string // what it must be
	Got   string // what it was
}

func (e *SchemaError) add(field, rule, want, got string) {
	e.Problems = append(e.Problems, SchemaProblem{field, rule, want, got})
}

// Error lists every problem with its field.
func (e *SchemaError) Error() string {
	var b strings.Builder
	b.WriteString("validate: New: ")
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteString("; ")
		}
		if p.Field != "" {
			fmt.Fprintf(&b, "field %q: ", p.Field)
		}
		fmt.Fprintf(&b, "%s must be %s, got %s", p.Rule, p.Want, p.Got)
	}
	return b.String()
}

// Unwrap gives stream.ErrConflict.
func (e *SchemaError) Unwrap() error { return stream.ErrConflict }

// New builds a schema of fields. Their order is the order of errors about missing fields, nothing else. It
// returns a *SchemaError that lists every mistake: no fields, empty or repeated names and aliases, rules that
// contradict each other, defaults that the rules refuse.
//
// A name with dots reaches into nested objects: "actor.login" is the key login of the object under actor. (A
// key that itself contains the dot is found too.)
func New[T any](fields ...Field[T]) (*Schema[T], error) {
	problems := &SchemaError{}
	if len(fields) == 0 {
		problems.add("", "fields", "at least one", "none")
	}
	s := &Schema[T]{root: newNode(), nodes: 1, byName: map[string]int{}}
	s.fields = make([]meta, len(fields))
	s.decs = make([]decoder[T], len(fields))
	for i, f := range fields {
		if f == nil {
			panic(fmt.Sprintf("validate: New: field %d is nil", i))
		}
		f.info().id = i
		s.decs[i] = f.compile(problems)
		m := s.decs[i].(interface{ info() *meta }).info()
		m.id = i
		s.fields[i] = m.copied()
		s.secrets = s.secrets || m.secret
		for j, name := range append([]string{m.name}, m.aliases...) {
			rule := "name"
			if j > 0 {
				rule = "Alias"
			}
			if name == "" {
				problems.add(m.name, rule, "a name", `""`)
				continue
			}
			if old, taken := s.byName[name]; taken {
				problems.add(m.name, rule, "unique", fmt.Sprintf("%q, which is a name of field %q", name, s.fields[old].name))
				continue
			}
			s.byName[name] = i
		}
	}
	for name, field := range s.byName {
		if other, ok := s.root.plant(strings.Split(name, "."), field, &s.nodes); !ok {
			what := "objects"
			if other >= 0 {
				what = fmt.Sprintf("field %q", s.fields[other].name)
			}
			problems.add(s.fields[field].name, "name", "a value or a path, not both", fmt.Sprintf("%q beside %s", name, what))
		}
		if strings.Contains(name, ".") {
			s.root.names[name] = s.root.add(entry{name: name, field: int32(field)})
		}
	}
	if len(problems.Problems) > 0 {
		return nil, problems
	}
	return s, nil
}

// Names lists the fields of the schema, in order.
func (s *Schema[T]) Names() []string {
	names := make([]string, len(s.fields))
	for i := range s.fields {
		names[i] = s.fields[i].name
	}
	return names
}

// node is one level of objects in the tree of field names; the root is the row itself.
type node struct {
	id      int
	entries []entry
	names   map[string]int32 // to entries
}

// entry is one key of an object: a field, or an object with fields below it.
type entry struct {
	name  string
	field int32 // -1: an object
	sub   *node // nil: a field
}

func newNode() *node { return &node{names: map[string]int32{}} }

func (n *node) add(e entry) int32 {
	n.entries = append(n.entries, e)
	return int32(len(n.entries) - 1)
}

// plant adds a path to the tree. It fails where a value and a path want the same key, and returns the field
// that has it, or -1 where objects do.
func (n *node) plant(path []string, field int, nodes *int) (int, bool) {
	for i, key := range path {
		at, known := n.names[key]
		last := i == len(path)-1
		if !known {
			e := entry{name: key, field: -1}
			if last {
				e.field = int32(field)
			} else {
				e.sub = newNode()
				e.sub.id = *nodes
				*nodes++
			}
			at = n.add(e)
			n.names[key] = at
		} else if last || n.entries[at].sub == nil {
			return int(n.entries[at].field), false
		}
		n = n.entries[at].sub
	}
	return 0, true
}
