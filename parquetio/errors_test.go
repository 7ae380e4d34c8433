package parquetio

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// classes are the class sentinels of stream.
var classes = map[string]error{
	"ErrMissing": stream.ErrMissing, "ErrTransient": stream.ErrTransient, "ErrCorrupt": stream.ErrCorrupt,
	"ErrSchema": stream.ErrSchema, "ErrLimit": stream.ErrLimit, "ErrThreshold": stream.ErrThreshold,
	"ErrConflict": stream.ErrConflict, "ErrConsumed": stream.ErrConsumed, "ErrSourceChanged": stream.ErrSourceChanged,
}

// sentinels are the names of the error variables that package stream exports, from its source.
func sentinels(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../stream/*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range parsed.Decls {
			if vars, ok := decl.(*ast.GenDecl); ok && vars.Tok == token.VAR {
				for _, spec := range vars.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						if strings.HasPrefix(name.Name, "Err") {
							names = append(names, name.Name)
						}
					}
				}
			}
		}
	}
	return names
}

// Errors of one class match that class and no other.
func TestErrors_OneClassEach(t *testing.T) {
	require.ElementsMatch(t, sentinels(t), slices.Collect(maps.Keys(classes)), "a sentinel of stream that classes does not know")
	for _, c := range []struct {
		err   error
		class error
	}{
		{&CorruptError{Path: "a", Err: errors.New("x")}, stream.ErrCorrupt},
		{&SchemaError{Path: "a", Column: "c", Want: "w", Got: "g"}, stream.ErrSchema},
		{&ValueError{Path: "a", Column: "c", Want: "w", Got: "g"}, stream.ErrSchema},
		{&MissingError{Path: "a", What: "file", Err: os.ErrNotExist}, stream.ErrMissing},
		{&MissingError{Path: "a", What: "partition"}, stream.ErrMissing},
		{&ConflictError{Dir: "a", Row: 3, Partition: PartitionOf("d", "1"), Msg: "m"}, stream.ErrConflict},
	} {
		for _, class := range classes {
			require.Equal(t, class == c.class, errors.Is(c.err, class), "%v and %v", c.err, class)
		}
		require.Contains(t, c.err.Error(), "parquetio: ")
	}
	boom := errors.New("boom")
	require.ErrorIs(t, &CommitError{Err: boom}, boom)
}
