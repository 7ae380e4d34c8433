package doclint

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

const ruleParses = "parses"

// module is the syntax of one Go module.
//
// Invariants: packages are sorted by folder, files by path; a folder without Go files is no package; nested
// modules, testdata, vendor and folders whose names begin with a dot or underscore are not part of it.
type module struct {
	path     string // from go.mod, "github.com/millrace-go/millrace"
	fset     *token.FileSet
	packages []*pkg
	byRoom   map[string]*pkg
	pages    []page // sorted by path
	fsys     fs.FS  // the module root
}

// page is one Markdown file.
type page struct {
	path string // relative to the module root
	src  []byte
}

// pkg is one folder of Go files, with its tests.
type pkg struct {
	room  string // folder relative to the module root, "." for the root
	name  string // of its non-test files; empty if it has only tests
	files []*file
}

// file is one parsed Go file.
type file struct {
	path string // relative to the module root
	src  []byte
	ast  *ast.File
	test bool
}

// load reads and parses the module at the root of fsys. Files that do not parse become findings and are left
// out.
func load(fsys fs.FS) (*module, []Finding, error) {
	m := &module{fset: token.NewFileSet(), byRoom: map[string]*pkg{}, fsys: fsys}
	gomod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, nil, fmt.Errorf("doclint: no module root: %w", err)
	}
	if m.path = modulePath(gomod); m.path == "" {
		return nil, nil, fmt.Errorf("doclint: go.mod has no module line")
	}
	var findings []Finding
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skipFolder(fsys, name) {
				return fs.SkipDir
			}
			return nil
		}
		ext := path.Ext(name)
		if ext != ".go" && ext != ".md" {
			return nil
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if ext == ".md" {
			m.pages = append(m.pages, page{path: name, src: src})
			return nil
		}
		tree, err := parser.ParseFile(m.fset, name, src, parser.ParseComments)
		if err != nil {
			findings = append(findings, parseFinding(name, err))
			return nil
		}
		m.add(&file{path: name, src: src, ast: tree, test: strings.HasSuffix(name, "_test.go")})
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("doclint: reading the module: %w", err)
	}
	for _, room := range slices.Sorted(maps.Keys(m.byRoom)) {
		m.packages = append(m.packages, m.byRoom[room])
	}
	return m, findings, nil
}

// skipFolder reports whether the folder is no part of the module, by the rules of the go command.
func skipFolder(fsys fs.FS, name string) bool {
	if name == "." {
		return false
	}
	base := path.Base(name)
	if base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := fs.Stat(fsys, path.Join(name, "go.mod"))
	return err == nil // a nested module
}

func parseFinding(name string, err error) Finding {
	f := Finding{File: name, Rule: ruleParses, Message: err.Error()}
	if list, ok := err.(scanner.ErrorList); ok && len(list) > 0 {
		f.Line, f.Message = list[0].Pos.Line, list[0].Msg
	}
	return f
}

func modulePath(gomod []byte) string {
	for line := range bytes.Lines(gomod) {
		if fields := strings.Fields(string(line)); len(fields) >= 2 && fields[0] == "module" {
			return fields[1]
		}
	}
	return ""
}

func (m *module) add(f *file) {
	room := path.Dir(f.path)
	p := m.byRoom[room]
	if p == nil {
		p = &pkg{room: room}
		m.byRoom[room] = p
	}
	if !f.test {
		p.name = f.ast.Name.Name
	}
	p.files = append(p.files, f)
}

// public yields the packages that a user can import.
func (m *module) public() []*pkg {
	return slices.DeleteFunc(slices.Clone(m.packages), func(p *pkg) bool { return !p.public() })
}

func (p *pkg) public() bool {
	return p.name != "" && p.name != "main" && !p.internal()
}

func (p *pkg) internal() bool {
	return slices.Contains(strings.Split(p.room, "/"), "internal")
}

// code returns the files that are not tests.
func (p *pkg) code() []*file {
	return slices.DeleteFunc(slices.Clone(p.files), func(f *file) bool { return f.test })
}

// tests returns the test files.
func (p *pkg) tests() []*file {
	return slices.DeleteFunc(slices.Clone(p.files), func(f *file) bool { return !f.test })
}

// start is the position of the folder as a whole.
func (p *pkg) start() token.Position { return token.Position{Filename: p.room} }

// start is the position of the file as a whole.
func (f *file) start() token.Position { return token.Position{Filename: f.path} }

func (m *module) at(n ast.Node) token.Position { return m.fset.Position(n.Pos()) }
