package doclint

import (
	"fmt"
	"go/token"
	"io/fs"
)

// A rule looks at a whole module and reports what it finds.
type rule struct {
	name  string
	check func(m *module, floors []Floor, report reporter)
}

// A reporter takes one finding of the rule it was made for.
type reporter func(at token.Position, format string, args ...any)

// rules is every rule but "parses", which loading itself reports. The package comment says what each one
// demands.
var rules = []rule{
	{"documented", checkDocumented},
	{"fields", checkFields},
	{"essay", checkEssays},
	{"examples", checkExamples},
	{"floors", checkFloors},
	{"fences", checkFences},
	{"shape", checkShape},
	{"unfinished", checkUnfinished},
	{"links", checkLinks},
}

// Rules returns the names of all rules in the order of the package comment.
func Rules() []string {
	names := []string{ruleParses}
	for _, r := range rules {
		names = append(names, r.name)
	}
	return names
}

// Check runs every rule over the module whose root is fsys (the folder with its go.mod) and returns what it
// found, sorted. The error is about reading the tree, never about what stands in it.
func Check(fsys fs.FS, floors []Floor) ([]Finding, error) {
	m, findings, err := load(fsys)
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		r.check(m, floors, func(at token.Position, format string, args ...any) {
			findings = append(findings, Finding{
				File: at.Filename, Line: at.Line, Rule: r.name, Message: fmt.Sprintf(format, args...),
			})
		})
	}
	sortFindings(findings)
	return findings, nil
}
