package validate

import (
	"strconv"
	"strings"
)

// Markdown prints the schema as a table: what the next team needs to know of the rows.
func (s *Schema[T]) Markdown() string {
	var b strings.Builder
	b.WriteString("| field | kind | if missing | null | rules |\n|---|---|---|---|---|\n")
	for i := range s.fields {
		m := &s.fields[i]
		name := "`" + m.name + "`"
		if len(m.aliases) > 0 {
			name += " (or `" + strings.Join(m.aliases, "`, `") + "`)"
		}
		rules := m.rules
		for _, flag := range []struct {
			on   bool
			text string
		}{{m.trim, "trimmed"}, {m.strict, "strict"}, {m.secret, "secret"}} {
			if flag.on {
				rules = append(rules[:len(rules):len(rules)], flag.text)
			}
		}
		for j, cell := range []string{name, m.kind, m.missingText(), m.nullText(), strings.Join(rules, "; ")} {
			if j == 0 {
				b.WriteString("| ")
			}
			b.WriteString(strings.NewReplacer("|", `\|`, "\n", " ").Replace(cell))
			b.WriteString(" | ")
		}
		b.WriteString("\n")
	}
	return strings.ReplaceAll(b.String(), " | \n", " |\n")
}

func (m *meta) missingText() string {
	switch {
	case m.required:
		return "reject"
	case m.hasDefault:
		return m.defaultText
	case m.nullable:
		return "missing"
	}
	return "zero value"
}

func (m *meta) nullText() string {
	text := "reject"
	switch {
	case m.nullAsMissing && !m.required:
		text = "as missing"
	case m.nullable && !m.nullAsMissing:
		text = "null"
	}
	if len(m.nullTokens) > 0 {
		quoted := make([]string, len(m.nullTokens))
		for i, token := range m.nullTokens {
			quoted[i] = strconv.Quote(token)
		}
		text += " (also " + strings.Join(quoted, ", ") + ")"
	}
	return text
}
