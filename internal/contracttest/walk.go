package contracttest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// runPath is this package: what a contract_test.go imports.
const runPath = "github.com/millrace-go/millrace/internal/contracttest"

// contractFile is where a package registers its operators.
const contractFile = "contract_test.go"

// unregistered walks a module and returns a line for each package that exports operators but has no
// contract_test.go that calls Run. It passes over examples, internal, bench and testdata, hidden directories and
// nested modules.
func unregistered(root string) ([]string, error) {
	var problems []string
	err := filepath.WalkDir(root, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if dir != root && passedOver(dir, d.Name()) {
			return fs.SkipDir
		}
		found, err := exportedOperators(dir)
		if err != nil || len(found) == 0 {
			return err
		}
		calls, err := callsRun(filepath.Join(dir, contractFile))
		if err != nil {
			return err
		}
		if !calls {
			rel, _ := filepath.Rel(root, dir)
			problems = append(problems, fmt.Sprintf("contracttest: package %s exports %s, but has no %s with a test that calls contracttest.Run",
				filepath.ToSlash(rel), strings.Join(sortedNames(found), ", "), contractFile))
		}
		return nil
	})
	return problems, err
}

func passedOver(dir, name string) bool {
	switch name {
	case "examples", "internal", "bench", "testdata", "vendor":
		return true
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// callsRun reports whether a file has a test function that calls Run of this package.
func callsRun(name string) (bool, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("contracttest: %w", err)
	}
	f := newFile(parsed)
	calls := false
	for _, d := range parsed.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "Test") || fn.Body == nil {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && f.is(call.Fun, runPath, "Run") {
				calls = true
			}
			return !calls
		})
	}
	return calls, nil
}

// moduleRoot is the nearest directory at or above dir that has a go.mod.
func moduleRoot(dir string) (string, error) {
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("contracttest: no go.mod at or above the working directory")
		}
		dir = parent
	}
}
