package doclint

import "go/ast"

// checkFields is rule 3: every exported field of an exported struct says what it holds.
func checkFields(m *module, _ []Floor, report reporter) {
	for _, p := range m.public() {
		for _, f := range p.code() {
			for _, decl := range f.ast.Decls {
				d, ok := decl.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, spec := range d.Specs {
					s, ok := spec.(*ast.TypeSpec)
					if !ok || !s.Name.IsExported() {
						continue
					}
					if t, ok := s.Type.(*ast.StructType); ok {
						doc := s.Doc
						if doc == nil && alone(d) {
							doc = d.Doc
						}
						structFields(m, s.Name.Name, doc, t, report)
					}
				}
			}
		}
	}
}

func structFields(m *module, typeName string, doc *ast.CommentGroup, t *ast.StructType, report reporter) {
	for _, field := range t.Fields.List {
		if says(field.Doc) || says(field.Comment) {
			continue
		}
		for _, name := range field.Names { // none for an embedded field
			if name.IsExported() && !mentions(doc, name.Name) {
				report(m.at(name), "field %s.%s has no comment", typeName, name.Name)
			}
		}
	}
}
