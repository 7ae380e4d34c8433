package doclint

import (
	"cmp"
	"fmt"
	"slices"
)

// Finding is one breach of one rule.
type Finding struct {
	File    string // slash-separated, relative to the module root
	Line    int    // 1-based; 0 where the finding is about the file or folder as a whole
	Rule    string // one of Rules
	Message string // what is wrong, in one sentence
}

// String prints the finding as editors and humans expect it: file:line: rule: message.
func (f Finding) String() string {
	if f.Line == 0 {
		return fmt.Sprintf("%s: %s: %s", f.File, f.Rule, f.Message)
	}
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Rule, f.Message)
}

// sortFindings orders by file, line, rule and message.
func sortFindings(findings []Finding) {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Message, b.Message),
		)
	})
}
