// Package contracttest makes sure that no operator escapes the contract of stream.
//
// Every package that exports operators (functions and methods that take or return a stream.Seq) has a
// contract_test.go in which each of them is named with the test that runs the contract on it:
//
//	func TestContract(t *testing.T) {
//		contracttest.Run(t, contracttest.Ops{
//			"Map":       func(t *testing.T) { streamtest.Check(t, func(s stream.Seq[int]) stream.Seq[int] { return stream.Map(s, double) }) },
//			"Of":        func(t *testing.T) { streamtest.CheckSource(t, func() stream.Seq[int] { return stream.Of(1, 2, 3) }) },
//			"Collect":   func(t *testing.T) { streamtest.CheckSink(t, stream.Collect[int]) },
//			"State.Run": contracttest.Exempt("is Run, which is checked, behind a receiver"),
//		})
//	}
//
// Three things then fail a test: to export an operator and not name it (Run reads the package's source), to
// rename or remove one and leave its name behind, and to add a package with operators but without a
// contract_test.go (a test of this package walks the module).
package contracttest
