// Package doclint answers one question about this module: does every part of it say what it is, and stand
// where it should?
//
// A rule that nobody runs is a wish. The rules of the house (each exported name documented, each function
// shown by a runnable example, no room importing upward, unsafe code fenced and twinned) are therefore a Go
// test of this package, which reads the whole module with the parser of the standard library and fails with
// one line per breach:
//
//	findings, err := doclint.Check(os.DirFS(root), doclint.House())
//	if err != nil {
//		return err
//	}
//	for _, f := range findings {
//		fmt.Println(f) // stream/map.go:12: documented: func Map has no doc comment
//	}
//
// # Words
//
// A package is public if a user can import it: it is not a command, not below an internal folder, and not in
// a nested module. A room is a package as the import floors see it: the folder of the package relative to
// the module root. A finding is one breach of one rule at one position.
//
// # Rules
//
//  1. parses: every Go file parses.
//  2. documented: every exported constant, variable, type, function, method and interface method of a public
//     package has a doc comment. In a group, a trailing comment, or a group comment that names it, will do.
//  3. fields: every exported field of an exported struct has a doc or trailing comment, or its name stands in
//     the comment of the struct. Embedded fields speak through their type.
//  4. essay: a public package has a doc.go which holds nothing but a package comment: at least 600
//     characters, one code block. Every other package has a package comment somewhere.
//  5. examples: every exported function of a public package, and every method that takes or returns a Seq,
//     has an Example named for it that calls it and has an Output comment. A function New or NewT may be
//     shown by the example of the type it makes. Functions that take a *testing.T or testing.TB are left out,
//     since an example has none to give.
//  6. floors: a package imports only the rooms its floor allows, and reaches, by itself or through internal
//     packages, only the third-party modules its floor names. A package without a floor is a finding. No cgo.
//  7. fences: unsafe is imported only by X_unsafe.go, under a build constraint, beside X_pure.go; the tag
//     purego selects the twin, and on every platform exactly one of the two is built.
//  8. shape: no file over 700 lines (tests and generated files may be longer), and no file or folder named
//     for nothing (utils, helpers, types, misc, common).
//  9. unfinished: no Go file, tests included, has a word that marks unfinished work.
//  10. links: what a Markdown page links to inside the module is there, and every page below docs is linked from
//     another one.
//
// Rules 2 to 7 look at files that are not tests; tests may import what they like. All files are read whatever
// their build constraints, so that a twin for another platform is judged too.
//
// # Cost
//
// One pass over the module: every file is read and parsed once, and all syntax trees are held until Check
// returns. It runs no build and needs no network. The findings come sorted by file, line and rule, so two
// runs over the same tree print the same bytes.
//
// # When not to use it
//
// It reads syntax, not types: it does not see whether an example shows something worth seeing, nor whether
// a comment is true. Vet and staticcheck judge the code; readers judge the words.
package doclint
