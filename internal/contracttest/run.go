package contracttest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Ops maps the name of every operator of a package, "Map" or "State.Run", to the test that runs the contract on
// it: as a rule one or more calls of streamtest.Check, CheckSource or CheckSink.
type Ops map[string]func(*testing.T)

// Run fails t for every exported function and method of the package in the working directory (in a test: the
// package under test) that takes or returns a stream and is not in ops, and for every name in ops that the
// package does not have. Then it runs each entry as a subtest of its name.
func Run(t *testing.T, ops Ops) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("contracttest: %v", err)
	}
	problems, err := compare(dir, ops)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
	for _, name := range sortedNames(ops) {
		if test := ops[name]; test != nil {
			t.Run(name, test)
		}
	}
}

// Exempt is the entry of an operator on which the contract cannot be run, for the stated reason. A reason that
// says nothing is refused with a panic.
func Exempt(reason string) func(*testing.T) {
	if len(strings.Fields(reason)) < 3 {
		panic(fmt.Sprintf("contracttest: Exempt: %q is no reason", reason))
	}
	return func(t *testing.T) { t.Logf("exempt from the contract: %s", reason) }
}

// compare returns what is wrong between the operators of a directory and ops.
func compare(dir string, ops Ops) ([]string, error) {
	found, err := exportedOperators(dir)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, name := range sortedNames(found) {
		if _, ok := ops[name]; !ok {
			problems = append(problems, fmt.Sprintf("contracttest: %s: %s takes or returns a stream, but is not registered: add it to the Ops of contract_test.go", found[name], name))
		}
	}
	for _, name := range sortedNames(ops) {
		if _, ok := found[name]; !ok {
			problems = append(problems, fmt.Sprintf("contracttest: %q is registered, but the package has no such exported function or method that takes or returns a stream", name))
		}
		if ops[name] == nil {
			problems = append(problems, fmt.Sprintf("contracttest: %q is registered without a test", name))
		}
	}
	return problems, nil
}
