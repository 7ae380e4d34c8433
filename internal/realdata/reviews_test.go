package realdata

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// review is a row of vendor_reviews: not in time order, minute resolution.
type review struct {
	Reviewer int64
	Vendor   int64
	Rating   int64
	At       time.Time
}

func (r review) reviewer() int64 { return r.Reviewer }
func (r review) at() time.Time   { return r.At }

type reviewKey struct{ Reviewer, Vendor int64 }

func (r review) key() reviewKey { return reviewKey{r.Reviewer, r.Vendor} }

func reviews(t *testing.T, path string) stream.Seq[review] {
	t.Helper()
	schema, err := validate.New[review](
		validate.Int("reviewerId", func(r *review) *int64 { return &r.Reviewer }).Required().Range(0, 1<<40),
		validate.Int("vendorId", func(r *review) *int64 { return &r.Vendor }).Required(),
		validate.Int("rating", func(r *review) *int64 { return &r.Rating }).Required().Range(0, 5),
		validate.Time("date", func(r *review) *time.Time { return &r.At }).Required(),
	)
	require.NoError(t, err)
	return schema.CSVFiles([]string{path}, validate.Options{})
}

func TestVendorReviews(t *testing.T) {
	path, want := load(t, "vendor_reviews.csv.gz")
	rows := reviews(t, path)

	n, err := stream.Count(rows)
	require.NoError(t, err)
	require.Equal(t, want.Rows, n)

	t.Run("counts", func(t *testing.T) {
		type userType struct{ User, Type int64 }
		requireCounts(t, want, stream.CountBy(rows, func(r review) userType { return userType{r.Reviewer, r.Rating} }),
			func(k userType) (string, string) { return itoa(k.User), itoa(k.Type) })
	})
	t.Run("sessions", func(t *testing.T) {
		requireSessions(t, want, rows, review.reviewer, review.at, nil, itoa)
	})
	t.Run("dedup", func(t *testing.T) {
		var stats dedup.Stats
		kept := dedup.Run(stream.Enumerate(rows), func(r stream.Indexed[review]) reviewKey { return r.Value.key() }, dedup.Options[stream.Indexed[review]]{
			By: []dedup.Comparator[stream.Indexed[review]]{
				dedup.Latest(func(r stream.Indexed[review]) time.Time { return r.Value.At }),
				dedup.Max(func(r stream.Indexed[review]) int64 { return r.Value.Rating }),
			},
			Tie:   dedup.TieLast,
			Stats: &stats,
		})
		requireDedup(t, want.DedupReviewerVendor, kept, &stats, func(r stream.Indexed[review]) string {
			return tabbed(itoa(r.Value.Reviewer), itoa(r.Value.Vendor), itoa(r.Value.Rating), strconv.Itoa(r.Index+1))
		})
	})
}
