package doclint

import (
	"go/doc/comment"
	"path"
	"unicode/utf8"
)

// minEssay is the least length of a package comment in characters: about eight lines, the room that the
// question a package answers, its words and its cost take when said as briefly as possible.
const minEssay = 600

// checkEssays is rule 4: a public package explains itself in doc.go, every other one has a package comment.
func checkEssays(m *module, _ []Floor, report reporter) {
	for _, p := range m.packages {
		switch {
		case p.public():
			publicEssay(m, p, report)
		case p.name != "":
			anyPackageComment(p, report)
		}
	}
}

func publicEssay(m *module, p *pkg, report reporter) {
	for _, f := range p.code() {
		if path.Base(f.path) != "doc.go" {
			continue
		}
		if len(f.ast.Decls) > 0 {
			report(m.at(f.ast.Decls[0]), "doc.go declares something: it holds only the package comment")
		}
		if !says(f.ast.Doc) {
			report(f.start(), "doc.go has no package comment")
			return
		}
		text := f.ast.Doc.Text()
		if n := utf8.RuneCountInString(text); n < minEssay {
			report(m.at(f.ast.Doc), "the package comment has %d characters, want at least %d", n, minEssay)
		}
		if !hasCode(text) {
			report(m.at(f.ast.Doc), "the package comment shows no code: a ten-line pipeline belongs in it")
		}
		return
	}
	report(p.start(), "package %s has no doc.go", p.name)
}

func hasCode(text string) bool {
	var parser comment.Parser
	for _, block := range parser.Parse(text).Content {
		if _, ok := block.(*comment.Code); ok {
			return true
		}
	}
	return false
}

func anyPackageComment(p *pkg, report reporter) {
	for _, f := range p.code() {
		if says(f.ast.Doc) {
			return
		}
	}
	report(p.start(), "package %s has no package comment", p.name)
}
