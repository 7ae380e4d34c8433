package validate

import (
	"strings"
)

// state is what one pass over an input keeps while it judges rows: the errors of the current row and the block
// that strings are cut from. It belongs to one goroutine.
type state struct {
	errs      []FieldError // of the current row, in the order found
	owner     []int32      // per error: the field's number, -1 for the row
	more      int          // errors beyond maxErrors
	maxErrors int
	secrets   bool // the schema has secret fields
	hideAll   bool // where a value stands cannot be trusted: show none (only with secrets)
	strings   blocks
	scratch   []byte // of one cell, for kinds that need a rewritten text
}

func (st *state) begin() {
	st.errs, st.owner = st.errs[:0], st.owner[:0]
	st.more = 0
	st.hideAll = false
}

func (st *state) failed() bool { return len(st.errs) > 0 }

// fail records an error of a field's value.
func (st *state) fail(m *meta, c *cell, code Code, want string) {
	got := masked
	if !m.secret && !st.hideAll {
		got = string(c.appendGot(nil))
	} else if c.kind == kindMissing {
		got = "nothing"
	} else if c.kind == kindNull {
		got = "null"
	}
	st.add(int32(m.id), FieldError{Path: m.name, Code: code, Offset: c.off, Got: got, Want: want})
}

// add records an error of field number owner, or of the row (-1).
func (st *state) add(owner int32, e FieldError) {
	if len(st.errs) >= st.maxErrors {
		st.more++
		return
	}
	st.errs = append(st.errs, e)
	st.owner = append(st.owner, owner)
}

// fatal replaces all errors by the one that kept the row from being read.
func (st *state) fatal(e FieldError) {
	st.begin()
	if st.secrets {
		e.Got = masked
	}
	st.add(-1, e)
}

// retract drops the errors of a field whose value is about to be replaced.
func (st *state) retract(field int32) {
	n := 0
	for i := range st.errs {
		if st.owner[i] != field {
			st.errs[n], st.owner[n] = st.errs[i], st.owner[i]
			n++
		}
	}
	st.errs, st.owner = st.errs[:n], st.owner[:n]
}

// blockSize bounds what one kept string can pin.
const blockSize = 64 << 10

// blocks makes strings out of borrowed bytes, many to an allocation. A long string gets its own.
type blocks struct{ b strings.Builder }

func (bl *blocks) make(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	if len(text) > blockSize/16 {
		return string(text)
	}
	if bl.b.Cap()-bl.b.Len() < len(text) {
		bl.b = strings.Builder{}
		bl.b.Grow(blockSize)
	}
	at := bl.b.Len()
	bl.b.Write(text) // never past the capacity, so strings cut before stay valid
	return bl.b.String()[at:]
}
