package realdata

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// change is a row of file_changes: newest first, every time with its own UTC offset.
type change struct {
	Commit, Author, Type, Path string
	Authored, Committed        time.Time
}

func (c change) author() string      { return c.Author }
func (c change) path() string        { return c.Path }
func (c change) authored() time.Time { return c.Authored }

func changes(t *testing.T, path string) stream.Seq[change] {
	t.Helper()
	schema, err := validate.New[change](
		validate.String("commit", func(c *change) *string { return &c.Commit }).Required().MinLen(40).MaxLen(40),
		validate.String("author", func(c *change) *string { return &c.Author }).Required(),
		validate.String("type", func(c *change) *string { return &c.Type }).Required().Enum("A", "M", "D"),
		validate.String("path", func(c *change) *string { return &c.Path }).Required(),
		validate.Time("author_time", func(c *change) *time.Time { return &c.Authored }).Required(),
		validate.Time("commit_time", func(c *change) *time.Time { return &c.Committed }).Required(),
	)
	require.NoError(t, err)
	return schema.CSVFiles([]string{path}, validate.Options{})
}

func TestFileChanges(t *testing.T) {
	path, want := load(t, "file_changes_pinot.csv.gz")
	rows := changes(t, path)

	t.Run("counts", func(t *testing.T) {
		type authorType struct{ Author, Type string }
		requireCounts(t, want, stream.CountBy(rows, func(c change) authorType { return authorType{c.Author, c.Type} }),
			func(k authorType) (string, string) { return k.Author, k.Type })
	})
	t.Run("sessions", func(t *testing.T) {
		requireSessions(t, want, rows, change.author, change.authored, nil, func(k string) string { return k })
	})
	t.Run("dedup", func(t *testing.T) {
		var stats dedup.Stats
		kept := dedup.Run(rows, change.path, dedup.Options[change]{
			By: []dedup.Comparator[change]{
				dedup.Latest(func(c change) time.Time { return c.Committed }),
				dedup.Latest(change.authored),
			},
			Stats: &stats,
		})
		requireDedup(t, want.DedupPath, kept, &stats, func(c change) string { return tabbed(c.Path, c.Commit, c.Type) })
	})
}
