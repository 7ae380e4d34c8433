package doclint

import (
	"go/ast"
	"go/doc"
	"strings"
)

// checkExamples is rule 5: every exported function of a public package is shown by a runnable example.
func checkExamples(m *module, _ []Floor, report reporter) {
	for _, p := range m.public() {
		var trees []*ast.File
		for _, f := range p.tests() {
			trees = append(trees, f.ast)
		}
		shown := doc.Examples(trees...)
		runnable := false
		for _, e := range shown {
			runnable = runnable || runs(e)
		}
		if !runnable {
			report(p.start(), "package %s has no Example with an Output comment", p.name)
		}
		for _, f := range p.code() {
			for _, decl := range f.ast.Decls {
				if d, ok := decl.(*ast.FuncDecl); ok && wantsExample(d) {
					showsFunc(m, d, shown, report)
				}
			}
		}
	}
}

// showsFunc reports d unless one of the examples is named for it, calls it, and has its output checked.
func showsFunc(m *module, d *ast.FuncDecl, shown []*doc.Example, report reporter) {
	name, _ := exportedFunc(d)
	symbol := strings.ReplaceAll(name, ".", "_")
	owner := ""
	if d.Recv == nil && strings.HasPrefix(name, "New") && d.Type.Results.NumFields() > 0 {
		owner = baseType(d.Type.Results.List[0].Type)
	}
	found, called := false, false
	for _, e := range shown {
		if !namedFor(e, symbol) && (owner == "" || !namedFor(e, owner) || !calls(e, d.Name.Name)) {
			continue
		}
		found = true
		if !calls(e, d.Name.Name) {
			continue
		}
		called = true
		if runs(e) {
			return
		}
	}
	switch {
	case !found:
		report(m.at(d), "%s has no Example%s", name, symbol)
	case !called:
		report(m.at(d), "Example%s does not call %s", symbol, name)
	default:
		report(m.at(d), "Example%s has no Output comment", symbol)
	}
}

// wantsExample reports whether d is an exported function, or an exported method that takes or returns a Seq.
func wantsExample(d *ast.FuncDecl) bool {
	if _, ok := exportedFunc(d); !ok || takes(d.Type, isTesting) {
		return false
	}
	return d.Recv == nil || takes(d.Type, isSeq)
}

// takes reports whether a parameter or result of t, or a part of its type, satisfies is.
func takes(t *ast.FuncType, is func(ast.Node) bool) bool {
	found := false
	look := func(n ast.Node) bool {
		found = found || is(n)
		return !found
	}
	ast.Inspect(t.Params, look)
	if t.Results != nil {
		ast.Inspect(t.Results, look)
	}
	return found
}

// isSeq recognises Seq[T], stream.Seq[T] and iter.Seq2[T, error].
func isSeq(n ast.Node) bool {
	switch e := n.(type) {
	case *ast.IndexExpr:
		return lastName(e.X) == "Seq"
	case *ast.IndexListExpr:
		return lastName(e.X) == "Seq2" && len(e.Indices) == 2 && lastName(e.Indices[1]) == "error"
	}
	return false
}

// isTesting recognises testing.TB and testing.T, whose values no example can have.
func isTesting(n ast.Node) bool {
	sel, ok := n.(*ast.SelectorExpr)
	return ok && lastName(sel.X) == "testing" && (sel.Sel.Name == "TB" || sel.Sel.Name == "T")
}

// lastName returns the name of an identifier or of the selected part of a selector.
func lastName(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// namedFor reports whether the example is named Symbol or Symbol_suffix.
func namedFor(e *doc.Example, symbol string) bool {
	rest, ok := strings.CutPrefix(e.Name, symbol)
	if !ok {
		return false
	}
	// In go doc a suffix begins in lower case: Best_ties belongs to Best, but State_Push to State.Push.
	return rest == "" || len(rest) > 1 && rest[0] == '_' && !ast.IsExported(rest[1:])
}

// calls reports whether the example's body names the function.
func calls(e *doc.Example, name string) bool {
	found := false
	ast.Inspect(e.Code, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name {
			found = true
		}
		return !found
	})
	return found
}

// runs reports whether go test compares the example's output.
func runs(e *doc.Example) bool { return e.Output != "" || e.EmptyOutput }
