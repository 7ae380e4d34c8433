package doclint

import (
	"bufio"
	"bytes"
	"go/build/constraint"
	"path"
	"strings"
)

// platforms are the tags under which a file and its twin are compared: 64 and 32 bits, both byte orders, and
// one whose name no constraint knows.
var platforms = [][]string{
	{"linux", "amd64"}, {"linux", "386"}, {"linux", "s390x"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"plan9", "newarch"},
}

// checkFences is rule 7: unsafe code stands in files of its own, and each has a twin without it.
func checkFences(m *module, _ []Floor, report reporter) {
	for _, p := range m.packages {
		for _, f := range p.code() {
			for _, spec := range f.ast.Imports {
				if importPath(spec) == "unsafe" {
					judgeFence(p, f, func(format string, args ...any) { report(m.at(spec), format, args...) })
				}
			}
		}
	}
}

func judgeFence(p *pkg, f *file, report func(format string, args ...any)) {
	stem, ok := strings.CutSuffix(f.path, "_unsafe.go")
	if !ok {
		report("unsafe is imported outside a file named *_unsafe.go")
		return
	}
	own := buildConstraint(f.src)
	if own == nil {
		report("the file has no build constraint")
		return
	}
	twinPath := stem + "_pure.go"
	var twin *file
	for _, g := range p.files {
		if g.path == twinPath {
			twin = g
		}
	}
	if twin == nil {
		report("the file has no twin %s", path.Base(twinPath))
		return
	}
	other := buildConstraint(twin.src)
	if other == nil {
		report("the twin %s has no build constraint", path.Base(twinPath))
		return
	}
	for _, platform := range platforms {
		for _, pure := range []bool{false, true} {
			a, b := satisfied(own, platform, pure), satisfied(other, platform, pure)
			switch {
			case pure && a:
				report("the file is built on %s under the tag purego", strings.Join(platform, "/"))
				return
			case a == b:
				report("%s builds %s of the file and its twin", describe(platform, pure), map[bool]string{true: "both", false: "neither"}[a])
				return
			}
		}
	}
}

func describe(platform []string, pure bool) string {
	name := strings.Join(platform, "/")
	if pure {
		return name + " with the tag purego"
	}
	return name
}

func satisfied(expr constraint.Expr, platform []string, pure bool) bool {
	return expr.Eval(func(tag string) bool {
		switch tag {
		case "purego":
			return pure
		case "unix":
			return platform[0] == "linux" || platform[0] == "darwin"
		case "gc":
			return true
		}
		return tag == platform[0] || tag == platform[1] || strings.HasPrefix(tag, "go1.")
	})
}

// buildConstraint returns the go:build line above the package clause, nil if there is none.
func buildConstraint(src []byte) constraint.Expr {
	lines := bufio.NewScanner(bytes.NewReader(src))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "package ") {
			break
		}
		if constraint.IsGoBuild(line) {
			if expr, err := constraint.Parse(line); err == nil {
				return expr
			}
		}
	}
	return nil
}
