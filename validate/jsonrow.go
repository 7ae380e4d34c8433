package validate

import "strconv"

// jsonRow reads one row of JSON: it checks the whole text against RFC 8259 in a single pass and hands the
// values of the schema's fields to set as it meets them. Nothing is built in between.
//
// Invariants:
//  1. set is called at most once per field and row, unless repeated keys are allowed; then the last call wins.
//  2. After a fatal error (the text cannot be read on) the row has that one error and read returns at once.
//  3. The cell given to set is valid during that call only.
type jsonRow struct {
	root     *node
	set      func(field int32, c *cell)
	st       *state
	maxDepth int
	unknown  UnknownPolicy
	repeats  bool // repeated keys are allowed

	line  []byte
	keys  keySet
	text  []byte   // unescaped text of the current key or string
	path  [][2]int // line ranges of the keys that lead to the current object
	depth int
	nulls []nullObject // of the current row
	cell  cell         // the one that set is given: kept here so that it is allocated once
	seen  []uint32     // per field: the row it was last met in
	row   uint32       // number of the current row, never 0
	after [][]int32    // per node: by entry+1, the entry that came next in the last row: the first guess
}

func newJSONRow(root *node, nodes, fields int, st *state, opts *Options, set func(int32, *cell)) *jsonRow {
	p := &jsonRow{root: root, set: set, st: st, maxDepth: opts.MaxDepth, unknown: opts.Unknown, repeats: opts.AllowDuplicateKeys}
	p.seen = make([]uint32, fields)
	p.after = make([][]int32, nodes)
	p.learn(root)
	return p
}

func (p *jsonRow) learn(n *node) {
	guess := make([]int32, len(n.entries)+1)
	for i := range n.entries {
		guess[i] = int32(i)
		if n.entries[i].sub != nil {
			p.learn(n.entries[i].sub)
		}
	}
	p.after[n.id] = guess
}

// read judges one row. Errors go to the state.
func (p *jsonRow) read(line []byte) {
	p.line = line
	p.keys.reset(line)
	p.path, p.nulls = p.path[:0], p.nulls[:0]
	p.depth = 0
	if p.row++; p.row == 0 { // after 2^32 rows the marks start anew
		clear(p.seen)
		p.row = 1
	}
	start := skipSpace(line, 0)
	end := -1
	object := start < len(line) && line[start] == '{'
	if object {
		end = p.object(start, p.root)
	} else {
		end = p.skip(start)
	}
	if end < 0 {
		return
	}
	if end = skipSpace(line, end); end < len(line) {
		p.broken(end, "end of line")
		return
	}
	if !object {
		p.st.fatal(FieldError{Code: CodeNotObject, Offset: start, Got: kindOf(line, start).String(), Want: "object"})
		return
	}
	for _, null := range p.nulls {
		p.fill(null.n, null.off)
	}
	p.cell = cell{kind: kindMissing, off: -1}
	for i := range p.seen {
		if p.seen[i] != p.row {
			p.set(int32(i), &p.cell)
		}
	}
}

// object reads the object at i into the fields of n; a nil n has none.
func (p *jsonRow) object(i int, n *node) int {
	if p.depth++; p.depth > p.maxDepth {
		return p.tooDeep(i)
	}
	line := p.line
	keys := p.keys.open()
	last := int32(-1) // entry of the last key that n knows
	i = skipSpace(line, i+1)
	if i < len(line) && line[i] == '}' {
		p.depth--
		return i + 1
	}
	for {
		if i >= len(line) || line[i] != '"' {
			return p.broken(i, "key")
		}
		start := i + 1
		end, escaped, code := scanString(line, start)
		if code != "" {
			return p.brokenString(end, code)
		}
		key := line[start:end]
		if escaped {
			p.text = unescape(p.text[:0], key)
			key = p.text
		}
		var e *entry
		if n != nil {
			e = p.lookup(n, &last, key)
		}
		repeated := false
		if e == nil || e.sub != nil {
			repeated = p.keys.add(&keys, key, start, end, escaped)
		} else {
			repeated = p.seen[e.field] == p.row
		}
		if repeated && !p.repeats {
			p.report(CodeDuplicate, start-1, start, end, "each key once")
		} else if e == nil && n != nil && p.unknown == Quarantine {
			p.report(CodeUnknown, start-1, start, end, "a field of the schema")
		}
		i = skipSpace(line, end+1)
		if i >= len(line) || line[i] != ':' {
			return p.broken(i, "':'")
		}
		i = skipSpace(line, i+1)
		switch {
		case e == nil || repeated && !p.repeats:
			p.path = append(p.path, [2]int{start, end})
			i = p.skip(i)
			p.path = p.path[:len(p.path)-1]
		case e.sub != nil:
			p.path = append(p.path, [2]int{start, end})
			i = p.group(i, e)
			p.path = p.path[:len(p.path)-1]
		default:
			if repeated {
				p.st.retract(e.field)
			}
			p.seen[e.field] = p.row
			i = p.value(i, e.field, start, end)
		}
		if i < 0 {
			return -1
		}
		i = skipSpace(line, i)
		if i < len(line) && line[i] == ',' {
			i = skipSpace(line, i+1)
			continue
		}
		if i < len(line) && line[i] == '}' {
			p.keys.close(&keys)
			p.depth--
			return i + 1
		}
		return p.broken(i, "',' or '}'")
	}
}

// lookup finds a key among those of n. Rows of one source mostly have their keys in one order, so the entry
// that followed the last one in the row before is tried first.
func (p *jsonRow) lookup(n *node, last *int32, key []byte) *entry {
	guess := &p.after[n.id][*last+1]
	if at := *guess; int(at) < len(n.entries) && n.entries[at].name == string(key) {
		*last = at
		return &n.entries[at]
	}
	at, ok := n.names[string(key)]
	if !ok {
		return nil
	}
	*guess, *last = at, at
	return &n.entries[at]
}

// value reads the value at i into a field.
func (p *jsonRow) value(i int, field int32, keyStart, keyEnd int) int {
	line := p.line
	if i >= len(line) {
		return p.broken(i, "value")
	}
	c := &p.cell
	c.off, c.text = i, nil
	end := 0
	switch ch := line[i]; ch {
	case '"':
		at, escaped, code := scanString(line, i+1)
		if code != "" {
			return p.brokenString(at, code)
		}
		c.kind, c.text, end = kindString, line[i+1:at], at+1
		if escaped {
			p.text = unescape(p.text[:0], c.text)
			c.text = p.text
		}
	case 't', 'f', 'n':
		if end = literal(line, i); end < 0 {
			return p.broken(i, "value")
		}
		c.kind, c.b = kindBool, ch == 't'
		if ch == 'n' {
			c.kind = kindNull
		}
	case '{', '[':
		c.kind = kindOf(line, i)
		p.path = append(p.path, [2]int{keyStart, keyEnd})
		end = p.skip(i)
		p.path = p.path[:len(p.path)-1]
		if end < 0 {
			return -1
		}
	default:
		if end, _ = scanNumber(line, i); end == i {
			return p.broken(i, "value")
		}
		c.kind, c.text = kindNumber, line[i:end]
	}
	p.set(field, c)
	return end
}

// group reads the value at i where fields lie below it: an object, or null, which is null for each of them.
func (p *jsonRow) group(i int, e *entry) int {
	if i < len(p.line) && p.line[i] == '{' {
		return p.object(i, e.sub)
	}
	end := p.skip(i)
	if end < 0 {
		return -1
	}
	k := kindOf(p.line, i)
	if k == kindNull {
		p.nulls = append(p.nulls, nullObject{e.sub, i})
		return end
	}
	p.st.add(-1, FieldError{Path: p.where(), Code: CodeType, Offset: i, Got: k.String(), Want: "object"})
	p.mark(e.sub)
	return end
}

// nullObject is a null where an object with fields was expected, at off.
type nullObject struct {
	n   *node
	off int
}

// fill makes every field below n null that was not given otherwise (by its dotted name as one key).
func (p *jsonRow) fill(n *node, off int) {
	for i := range n.entries {
		e := &n.entries[i]
		if e.sub != nil {
			p.fill(e.sub, off)
		} else if p.seen[e.field] != p.row {
			p.seen[e.field] = p.row
			p.cell = cell{kind: kindNull, off: off}
			p.set(e.field, &p.cell)
		}
	}
}

// mark keeps the fields below n from being reported as missing.
func (p *jsonRow) mark(n *node) {
	for i := range n.entries {
		if e := &n.entries[i]; e.sub != nil {
			p.mark(e.sub)
		} else {
			p.seen[e.field] = p.row
		}
	}
}

// skip checks the value at i, which no field wants: its syntax, text, depth and keys.
func (p *jsonRow) skip(i int) int {
	line := p.line
	if i >= len(line) {
		return p.broken(i, "value")
	}
	switch line[i] {
	case '"':
		end, _, code := scanString(line, i+1)
		if code != "" {
			return p.brokenString(end, code)
		}
		return end + 1
	case '{':
		return p.object(i, nil)
	case '[':
		return p.array(i)
	case 't', 'f', 'n':
		if end := literal(line, i); end > 0 {
			return end
		}
	default:
		if end, _ := scanNumber(line, i); end > i {
			return end
		}
	}
	return p.broken(i, "value")
}

func (p *jsonRow) array(i int) int {
	if p.depth++; p.depth > p.maxDepth {
		return p.tooDeep(i)
	}
	line := p.line
	i = skipSpace(line, i+1)
	if i < len(line) && line[i] == ']' {
		p.depth--
		return i + 1
	}
	for {
		if i = p.skip(i); i < 0 {
			return -1
		}
		i = skipSpace(line, i)
		if i < len(line) && line[i] == ',' {
			i = skipSpace(line, i+1)
			continue
		}
		if i < len(line) && line[i] == ']' {
			p.depth--
			return i + 1
		}
		return p.broken(i, "',' or ']'")
	}
}

// literal returns the end of true, false or null at i, or -1.
func literal(b []byte, i int) int {
	for _, word := range [...]string{"true", "false", "null"} {
		if b[i] == word[0] && len(b)-i >= len(word) && string(b[i:i+len(word)]) == word {
			return i + len(word)
		}
	}
	return -1
}

// kindOf tells the kind of a checked value by its first byte.
func kindOf(b []byte, i int) kind {
	switch b[i] {
	case '{':
		return kindObject
	case '[':
		return kindArray
	case '"':
		return kindString
	case 't', 'f':
		return kindBool
	case 'n':
		return kindNull
	}
	return kindNumber
}

// broken ends the row: at i something else was needed. It returns -1 for its callers to return.
func (p *jsonRow) broken(i int, want string) int {
	got := "end of line"
	if i < len(p.line) {
		got = strconv.QuoteRune(rune(p.line[i]))
		if p.line[i] >= 0x80 {
			got = "byte 0x" + strconv.FormatUint(uint64(p.line[i]), 16)
		}
	}
	p.st.fatal(FieldError{Code: CodeInvalidJSON, Offset: i, Got: got, Want: want})
	return -1
}

func (p *jsonRow) brokenString(i int, code Code) int {
	want := "string character"
	switch {
	case code == CodeInvalidUTF8:
		want = "UTF-8, surrogates in pairs"
	case i >= len(p.line):
		want = "closing quote"
	case p.line[i] == '\\':
		want = "escape of JSON"
	}
	p.broken(i, want)
	p.st.errs[0].Code = code
	return -1
}

func (p *jsonRow) tooDeep(i int) int {
	p.st.fatal(FieldError{Code: CodeTooDeep, Offset: i, Got: "depth " + strconv.Itoa(p.depth), Want: "at most " + strconv.Itoa(p.maxDepth)})
	return -1
}

// report records an error of a key; the row is read on.
func (p *jsonRow) report(code Code, off, start, end int, want string) {
	p.path = append(p.path, [2]int{start, end})
	e := FieldError{Path: p.where(), Code: code, Offset: off, Got: string(appendQuoted(nil, p.keyText(start, end))), Want: want}
	p.path = p.path[:len(p.path)-1]
	p.st.add(-1, e)
}

func (p *jsonRow) keyText(start, end int) []byte { return unescape(nil, p.line[start:end]) }

// where renders the path of keys to the current value, cut like any text of the input.
func (p *jsonRow) where() string {
	var b []byte
	for i, r := range p.path {
		if i > 0 {
			b = append(b, '.')
		}
		b = append(b, cutText(p.keyText(r[0], r[1]), maxGot)...)
		if len(b) > 4*maxGot {
			b = append(b, "..."...)
			break
		}
	}
	return string(b)
}

// String names the kind as JSON does.
func (k kind) String() string {
	switch k {
	case kindMissing:
		return "nothing"
	case kindNull:
		return "null"
	case kindBool:
		return "boolean"
	case kindNumber:
		return "number"
	case kindString, kindText:
		return "string"
	case kindTime:
		return "time"
	case kindArray:
		return "array"
	}
	return "object"
}
