package doclint

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// checkDocumented is rule 2: every exported declaration of a public package has a doc comment.
func checkDocumented(m *module, _ []Floor, report reporter) {
	for _, p := range m.public() {
		for _, f := range p.code() {
			for _, decl := range f.ast.Decls {
				switch d := decl.(type) {
				case *ast.FuncDecl:
					documentedFunc(m, d, report)
				case *ast.GenDecl:
					documentedGroup(m, d, report)
				}
			}
		}
	}
}

func documentedFunc(m *module, d *ast.FuncDecl, report reporter) {
	name, ok := exportedFunc(d)
	if !ok || says(d.Doc) {
		return
	}
	kind := "func"
	if d.Recv != nil {
		kind = "method"
	}
	report(m.at(d), "%s %s has no doc comment", kind, name)
}

func documentedGroup(m *module, d *ast.GenDecl, report reporter) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if !s.Name.IsExported() {
				continue
			}
			if !says(s.Doc) && !(alone(d) && says(d.Doc)) {
				report(m.at(s), "type %s has no doc comment", s.Name.Name)
			}
			if t, ok := s.Type.(*ast.InterfaceType); ok {
				documentedMethods(m, s.Name.Name, t, report)
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if !name.IsExported() || says(s.Doc) || says(s.Comment) || alone(d) && says(d.Doc) || mentions(d.Doc, name.Name) {
					continue
				}
				report(m.at(name), "%s %s has no doc comment", d.Tok, name.Name)
			}
		}
	}
}

// documentedMethods asks for a comment on each method that an exported interface declares.
func documentedMethods(m *module, typeName string, t *ast.InterfaceType, report reporter) {
	for _, method := range t.Methods.List {
		for _, name := range method.Names {
			if name.IsExported() && !says(method.Doc) && !says(method.Comment) {
				report(m.at(name), "method %s.%s has no doc comment", typeName, name.Name)
			}
		}
	}
}

// exportedFunc returns the name of an exported function ("Map") or of an exported method of an exported type
// ("Budget.Reserve").
func exportedFunc(d *ast.FuncDecl) (string, bool) {
	if !d.Name.IsExported() {
		return "", false
	}
	if d.Recv == nil {
		return d.Name.Name, true
	}
	recv := baseType(d.Recv.List[0].Type)
	return recv + "." + d.Name.Name, token.IsExported(recv)
}

// baseType returns the T of T, *T, T[A] and *T[A, B]; for any other expression it returns "".
func baseType(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return baseType(e.X)
	case *ast.ParenExpr:
		return baseType(e.X)
	case *ast.IndexExpr:
		return baseType(e.X)
	case *ast.IndexListExpr:
		return baseType(e.X)
	}
	return ""
}

// alone reports whether the declaration has no parentheses, so that its comment belongs to its one spec.
func alone(d *ast.GenDecl) bool { return !d.Lparen.IsValid() }

// says reports whether the comment holds any words; directives such as //go:generate are none.
func says(c *ast.CommentGroup) bool { return c != nil && strings.TrimSpace(c.Text()) != "" }

// mentions reports whether the comment holds the name as a word of its own.
func mentions(c *ast.CommentGroup, name string) bool {
	return says(c) && regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).MatchString(c.Text())
}
