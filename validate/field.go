package validate

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/millrace-go/millrace/stream"
)

// Field is one field of a schema: made by Int, Float, Bool, String, Time, Date or their Opt forms, and refined
// by chained rules. New copies it; later changes do not reach the schema.
type Field[T any] interface {
	info() *meta
	// compile checks the rules and returns the part that runs, which shares nothing with the builder.
	compile(problems *SchemaError) decoder[T]
}

// decoder puts one value into a row.
type decoder[T any] interface {
	decode(row *T, c *cell, st *state)
}

// meta is what every kind of field has.
type meta struct {
	id            int
	name          string
	aliases       []string
	kind          string // "int64", "string", "time", as printed
	want          string // what errors ask for
	required      bool
	nullable      bool
	nullAsMissing bool
	nullTokens    []string
	trim          bool
	strict        bool
	secret        bool
	defaultText   string // as printed; empty: none
	hasDefault    bool
	rules         []string // as printed
}

func (m *meta) info() *meta { return m }

// copied is m with nothing shared.
func (m *meta) copied() meta {
	c := *m
	c.aliases, c.nullTokens, c.rules = slices.Clone(m.aliases), slices.Clone(m.nullTokens), slices.Clone(m.rules)
	return c
}

// verdict is what the rules about absence say of a cell.
type verdict uint8

const (
	isValue   verdict = iota
	isNull            // store null
	isMissing         // store the default or the zero value
	isBad             // the error is recorded
)

// judge applies the rules that do not depend on the kind: trimming, null tokens, null and missing.
func (m *meta) judge(c *cell, st *state) verdict {
	k := c.kind
	if c.isText() {
		if m.trim {
			c.text = bytes.TrimSpace(c.text)
		}
		for _, token := range m.nullTokens {
			if string(c.text) == token {
				k = kindNull
				break
			}
		}
	}
	switch k {
	case kindNull:
		switch {
		case m.nullAsMissing && !m.required:
			return isMissing
		case m.nullable && !m.nullAsMissing:
			return isNull
		}
		st.fail(m, c, CodeNull, m.want)
		return isBad
	case kindMissing:
		if m.required {
			st.fail(m, c, CodeMissing, m.want)
			return isBad
		}
		return isMissing
	}
	return isValue
}

// rules are the builder methods that every kind of field shares. F is the builder itself.
type rules[F any] struct {
	meta
	self F
}

// Required makes a row without the field a reject (code missing). Null is another matter: see Opt fields.
func (r *rules[F]) Required() F { r.required = true; return r.self }

// Alias gives further names under which the field is found. A row with two of them is a reject (duplicate_key).
func (r *rules[F]) Alias(names ...string) F { r.aliases = append(r.aliases, names...); return r.self }

// NullAsMissing reads null as if the field were not there: the default or the zero value.
func (r *rules[F]) NullAsMissing() F { r.nullAsMissing = true; return r.self }

// NullTokens reads these texts, exactly, as null: "null", "N/A", "". None by default.
func (r *rules[F]) NullTokens(texts ...string) F {
	r.nullTokens = append(r.nullTokens, texts...)
	return r.self
}

// Trim cuts white space around text before anything else looks at it.
func (r *rules[F]) Trim() F { r.trim = true; return r.self }

// Strict takes only the kind itself: no numbers in strings, no booleans as numbers. The default is lax.
func (r *rules[F]) Strict() F { r.strict = true; return r.self }

// Secret keeps the field's values out of everything but the row: errors show ***, and a reject of this schema
// carries the row's range and SHA-256 in place of its bytes.
func (r *rules[F]) Secret() F { r.secret = true; return r.self }

// place is where a field of kind V is stored: in a plain V, or in an Opt[V] that can be null or missing.
type place[T, V any] struct {
	plain func(*T) *V
	opt   func(*T) *stream.Opt[V]
}

func (p *place[T, V]) put(row *T, v V) {
	if p.plain != nil {
		*p.plain(row) = v
		return
	}
	*p.opt(row) = stream.Present(v)
}

func (p *place[T, V]) putNull(row *T) { *p.opt(row) = stream.Null[V]() }

// putMissing stores the default, or clears the field: a row value is reused.
func (p *place[T, V]) putMissing(row *T, def V, has bool) {
	switch {
	case has:
		p.put(row, def)
	case p.plain != nil:
		*p.plain(row) = def
	default:
		*p.opt(row) = stream.Missing[V]()
	}
}

// checkCommon finds contradictions in the rules that all kinds share.
func (m *meta) checkCommon(problems *SchemaError) {
	if m.required && m.hasDefault {
		problems.add(m.name, "Default", "none for a required field", m.defaultText)
	}
	for i, token := range m.nullTokens {
		if slices.Contains(m.nullTokens[:i], token) {
			problems.add(m.name, "NullTokens", "distinct", strconv.Quote(token)+" twice")
		}
		if m.trim && string(bytes.TrimSpace([]byte(token))) != token {
			problems.add(m.name, "NullTokens", "without space around it under Trim", strconv.Quote(token))
		}
	}
}

// absent panics for an accessor that is nil: a mistake in the program, not in its data.
func absent(fn, name string, isNil bool) {
	if isNil {
		panic("validate: " + fn + "(" + strconv.Quote(name) + "): nil accessor")
	}
}
