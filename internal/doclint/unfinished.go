package doclint

import (
	"bytes"
	"go/token"
	"regexp"
)

// unfinishedWords are put together here so that this file does not hold them.
var unfinishedWords = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

// checkUnfinished is rule 9: work that is not done is not in the tree.
func checkUnfinished(m *module, _ []Floor, report reporter) {
	for _, p := range m.packages {
		for _, f := range p.files {
			line := 0
			for text := range bytes.Lines(f.src) {
				line++
				if word := unfinishedWords.Find(text); word != nil {
					report(token.Position{Filename: f.path, Line: line}, "the line has the word %s", word)
				}
			}
		}
	}
}
