package contracttest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// streamPath is the package whose Seq makes a function an operator.
const streamPath = "github.com/millrace-go/millrace/stream"

// exportedOperators parses the Go files of one directory, tests excluded, and returns where each exported
// function and method is declared that takes or returns a stream: "Map", "State.Run" to its position.
//
// A stream is stream.Seq[T] under whatever name stream is imported, Seq[T] inside stream itself, or
// iter.Seq2[T, error]; and whatever holds one: a function that takes or returns it, a slice, array, map,
// pointer, channel or variadic of it, and a named type of the same package made of these. Structs, interfaces and
// named types of other packages are not looked into. Inside stream there is no import to go by: its Seq is one
// more named type made of iter.Seq2.
//
// Files of all build tags count, so an operator that exists on one platform only is seen on every platform.
func exportedOperators(dir string) (map[string]string, error) {
	files, err := goFiles(dir)
	if err != nil {
		return nil, err
	}
	s := scan{fset: token.NewFileSet(), named: make(map[string]bool), found: make(map[string]string)}
	for _, name := range files {
		f, err := parser.ParseFile(s.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("contracttest: %w", err)
		}
		s.files = append(s.files, newFile(f))
	}
	s.nameTypes()
	for _, f := range s.files {
		for _, d := range f.ast.Decls {
			s.declaration(f, d)
		}
	}
	return s.found, nil
}

func goFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("contracttest: %w", err)
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, ".") {
			names = append(names, filepath.Join(dir, name))
		}
	}
	return names, nil
}

// file is a parsed file with the local names of the packages that matter.
type file struct {
	ast     *ast.File
	imports map[string]string // local name to path
	dot     map[string]bool   // paths imported with a dot
}

func newFile(f *ast.File) *file {
	out := &file{ast: f, imports: make(map[string]string), dot: make(map[string]bool)}
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has checked it
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "." {
			out.dot[path] = true
		} else {
			out.imports[name] = path
		}
	}
	return out
}

type scan struct {
	fset  *token.FileSet
	files []*file
	named map[string]bool   // types of the package that are or hold a stream
	found map[string]string // operators, to their position
}

// nameTypes finds the package's named types that are made of streams. It repeats until nothing is added, since
// they may build on each other in any order.
func (s *scan) nameTypes() {
	for grew := true; grew; {
		grew = false
		for _, f := range s.files {
			for _, d := range f.ast.Decls {
				g, ok := d.(*ast.GenDecl)
				if !ok || g.Tok != token.TYPE {
					continue
				}
				for _, spec := range g.Specs {
					t := spec.(*ast.TypeSpec)
					if !s.named[t.Name.Name] && s.holds(f, t.Type) {
						s.named[t.Name.Name] = true
						grew = true
					}
				}
			}
		}
	}
}

func (s *scan) declaration(f *file, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name, exported := exportedName(d)
		if exported && s.holds(f, d.Type) {
			s.found[name] = s.fset.Position(d.Pos()).String()
		}
	case *ast.GenDecl:
		if d.Tok != token.VAR {
			return
		}
		for _, spec := range d.Specs {
			s.variable(f, spec.(*ast.ValueSpec))
		}
	}
}

// variable finds operators declared as var Map = func(...) or var Map Operator.
func (s *scan) variable(f *file, v *ast.ValueSpec) {
	for i, name := range v.Names {
		if !name.IsExported() {
			continue
		}
		holds := v.Type != nil && s.holds(f, v.Type)
		if i < len(v.Values) {
			if literal, ok := v.Values[i].(*ast.FuncLit); ok {
				holds = holds || s.holds(f, literal.Type)
			}
		}
		if holds {
			s.found[name.Name] = s.fset.Position(name.Pos()).String()
		}
	}
}

// exportedName returns "F" or "T.M", and whether a user of the package can name it.
func exportedName(d *ast.FuncDecl) (string, bool) {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name, d.Name.IsExported()
	}
	receiver := d.Recv.List[0].Type
	for {
		switch t := receiver.(type) {
		case *ast.StarExpr:
			receiver = t.X
		case *ast.ParenExpr:
			receiver = t.X
		case *ast.IndexExpr:
			receiver = t.X
		case *ast.IndexListExpr:
			receiver = t.X
		case *ast.Ident:
			return t.Name + "." + d.Name.Name, t.IsExported() && d.Name.IsExported()
		default:
			return "", false
		}
	}
}

// holds reports whether a type expression is or holds a stream.
func (s *scan) holds(f *file, e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return s.named[e.Name]
	case *ast.IndexExpr:
		return f.is(e.X, streamPath, "Seq") || s.holds(f, e.X) || s.holds(f, e.Index)
	case *ast.IndexListExpr:
		if f.is(e.X, "iter", "Seq2") && len(e.Indices) == 2 {
			if id, ok := e.Indices[1].(*ast.Ident); ok && id.Name == "error" {
				return true
			}
		}
		return s.holds(f, e.X) || slices.ContainsFunc(e.Indices, func(x ast.Expr) bool { return s.holds(f, x) })
	case *ast.FuncType:
		return s.fields(f, e.Params) || s.fields(f, e.Results)
	case *ast.StarExpr:
		return s.holds(f, e.X)
	case *ast.ParenExpr:
		return s.holds(f, e.X)
	case *ast.ArrayType:
		return s.holds(f, e.Elt)
	case *ast.Ellipsis:
		return s.holds(f, e.Elt)
	case *ast.ChanType:
		return s.holds(f, e.Value)
	case *ast.MapType:
		return s.holds(f, e.Key) || s.holds(f, e.Value)
	}
	return false
}

func (s *scan) fields(f *file, list *ast.FieldList) bool {
	if list == nil {
		return false
	}
	return slices.ContainsFunc(list.List, func(field *ast.Field) bool { return s.holds(f, field.Type) })
}

// is reports whether e names the given object of the given package.
func (f *file) is(e ast.Expr, path, name string) bool {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		pkg, ok := e.X.(*ast.Ident)
		return ok && e.Sel.Name == name && f.imports[pkg.Name] == path
	case *ast.Ident:
		return e.Name == name && f.dot[path]
	}
	return false
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
