package doclint

import (
	"bytes"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// link is the target of [text](target) and ![text](target); a title after the target is left out.
var link = regexp.MustCompile(`\]\(\s*<?([^)>\s]+)`)

// codeSpan is inline code, in which brackets and parentheses are Go.
var codeSpan = regexp.MustCompile("`[^`]*`")

// checkLinks is rule 10: the pages hang together.
func checkLinks(m *module, _ []Floor, report reporter) {
	linked := map[string]bool{}
	for _, p := range m.pages {
		line, fenced := 0, false
		for text := range bytes.Lines(p.src) {
			line++
			if bytes.HasPrefix(bytes.TrimSpace(text), []byte("```")) {
				fenced = !fenced
			}
			if fenced {
				continue
			}
			for _, match := range link.FindAllSubmatch(codeSpan.ReplaceAll(text, nil), -1) {
				target, ok := insideLink(p.path, string(match[1]))
				if !ok {
					continue
				}
				if target != p.path {
					linked[target] = true
				}
				if _, err := fs.Stat(m.fsys, target); err != nil {
					report(token.Position{Filename: p.path, Line: line}, "the link to %s leads nowhere", match[1])
				}
			}
		}
	}
	for _, p := range m.pages {
		// A folder that is linked is read through its README.
		index := path.Base(p.path) == "README.md" && linked[path.Dir(p.path)]
		if covers("docs", p.path) && !linked[p.path] && !index {
			report(token.Position{Filename: p.path}, "no other page links to this one")
		}
	}
}

// insideLink resolves a link of the page at from to a path relative to the module root. It reports false for a
// link to another site or within the page.
func insideLink(from, target string) (string, bool) {
	target, _, _ = strings.Cut(target, "#")
	if target == "" || strings.Contains(target, ":") {
		return "", false
	}
	if rooted, ok := strings.CutPrefix(target, "/"); ok {
		return path.Clean(rooted), true
	}
	return path.Join(path.Dir(from), target), true
}
