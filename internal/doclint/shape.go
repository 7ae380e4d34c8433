package doclint

import (
	"bytes"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// maxLines is the length past which a file surely holds a second concept. The style asks that question at 500
// already; this is where it stops being a question.
const maxLines = 700

// emptyNames say nothing about what a file holds.
var emptyNames = []string{"util", "utils", "helper", "helpers", "type", "types", "misc", "common"}

// checkShape is rule 8: files are about one thing and named for it.
func checkShape(m *module, _ []Floor, report reporter) {
	for _, p := range m.packages {
		if slices.Contains(emptyNames, path.Base(p.room)) {
			report(p.start(), "the folder's name says nothing")
		}
		for _, f := range p.files {
			stem, _, _ := strings.Cut(strings.TrimSuffix(path.Base(f.path), ".go"), "_")
			if slices.Contains(emptyNames, stem) {
				report(f.start(), "the file's name says nothing")
			}
			if n := bytes.Count(f.src, []byte("\n")); n > maxLines && !f.test && !ast.IsGenerated(f.ast) {
				report(f.start(), "the file has %d lines, at most %d", n, maxLines)
			}
		}
	}
}
