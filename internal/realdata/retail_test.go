package realdata

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// sale is a row of online_retail: a quarter of the rows have no customer, and much else is dirty.
type sale struct {
	Invoice, Stock string
	Description    stream.Opt[string]
	Quantity       int64
	At             time.Time
	Price          float64
	Customer       stream.Opt[string] // as written, "17850.0"
	Country        string
}

type saleKey struct{ Invoice, Stock string }

func (s sale) customer() string { return s.Customer.Or("") }
func (s sale) noCustomer() bool { return !s.Customer.IsPresent() }
func (s sale) at() time.Time    { return s.At }

// sales takes every row: what is missing is null.
func sales(t *testing.T, path string) stream.Seq[sale] {
	t.Helper()
	schema, err := validate.New[sale](
		validate.String("InvoiceNo", func(s *sale) *string { return &s.Invoice }).Required(),
		validate.String("StockCode", func(s *sale) *string { return &s.Stock }).Required(),
		validate.OptString("Description", func(s *sale) *stream.Opt[string] { return &s.Description }),
		validate.Int("Quantity", func(s *sale) *int64 { return &s.Quantity }).Required(),
		validate.Time("InvoiceDate", func(s *sale) *time.Time { return &s.At }).Required(),
		validate.Float("UnitPrice", func(s *sale) *float64 { return &s.Price }).Required(),
		validate.OptString("CustomerID", func(s *sale) *stream.Opt[string] { return &s.Customer }),
		validate.String("Country", func(s *sale) *string { return &s.Country }).Required(),
	)
	require.NoError(t, err)
	return schema.CSVFiles([]string{path}, validate.Options{})
}

func TestOnlineRetail(t *testing.T) {
	path, want := load(t, "online_retail_2010-12-01_2011-08-31.csv.gz")
	rows := sales(t, path)

	t.Run("counts", func(t *testing.T) {
		type userType struct {
			User stream.Opt[string]
			Type string
		}
		requireCounts(t, want, stream.CountBy(rows, func(s sale) userType { return userType{s.Customer, s.Country} }),
			func(k userType) (string, string) { return k.User.Or(""), k.Type })
	})
	t.Run("distinct_users", func(t *testing.T) {
		n, err := stream.Count(dedup.Distinct(stream.Filter(rows, func(s sale) bool { return !s.noCustomer() }), sale.customer))
		require.NoError(t, err)
		require.Equal(t, want.DistinctUsers, n)
	})
	t.Run("sessions", func(t *testing.T) {
		requireSessions(t, want, rows, sale.customer, sale.at, sale.noCustomer, func(k string) string { return k })
	})
	t.Run("dedup", func(t *testing.T) {
		type indexed = stream.Indexed[sale]
		var stats dedup.Stats
		kept := dedup.Run(stream.Enumerate(rows), func(r indexed) saleKey { return saleKey{r.Value.Invoice, r.Value.Stock} }, dedup.Options[indexed]{
			By: []dedup.Comparator[indexed]{
				dedup.Latest(func(r indexed) time.Time { return r.Value.At }),
				dedup.Present(func(r indexed) bool { return r.Value.Customer.IsPresent() }),
				dedup.Present(func(r indexed) bool { return r.Value.Description.IsPresent() }),
				dedup.Max(func(r indexed) int64 { return r.Value.Quantity }),
			},
			Tie:   dedup.TieLast,
			Stats: &stats,
		})
		requireDedup(t, want.DedupInvoiceStock, kept, &stats, func(r indexed) string {
			return tabbed(r.Value.Invoice, r.Value.Stock, strconv.Itoa(r.Index+1))
		})
	})
	t.Run("quarantine", func(t *testing.T) { requireRejects(t, want, path) })
}

// requireRejects runs a strict schema: every rule's rejects, by row number, are the published ones. A row that
// breaks several rules is in the list of each, for all errors of a row are kept.
func requireRejects(t *testing.T, want answers, path string) {
	t.Helper()
	type strict struct {
		Invoice, Quantity int64
		Description       string
		Price             float64
		Customer          string
	}
	schema, err := validate.New[strict](
		validate.Int("InvoiceNo", func(s *strict) *int64 { return &s.Invoice }).Required(),
		validate.String("Description", func(s *strict) *string { return &s.Description }).Required(),
		validate.Int("Quantity", func(s *strict) *int64 { return &s.Quantity }).Required().Range(1, math.MaxInt64),
		validate.Float("UnitPrice", func(s *strict) *float64 { return &s.Price }).Required().Range(math.SmallestNonzeroFloat64, math.MaxFloat64),
		validate.String("CustomerID", func(s *strict) *string { return &s.Customer }).Required(),
	)
	require.NoError(t, err)
	rules := map[string]string{
		"InvoiceNo": "InvoiceNo_not_an_integer", "Description": "Description_missing", "Quantity": "Quantity_not_positive",
		"UnitPrice": "UnitPrice_not_positive", "CustomerID": "CustomerID_missing",
	}
	rejected := map[string][]string{}
	quarantine := func(r validate.Reject) error {
		row := itoa(r.Row)
		rejected["any"] = append(rejected["any"], row)
		errs, err := r.FieldErrors()
		if err != nil {
			return err
		}
		for _, e := range errs {
			rule, ok := rules[e.Path]
			require.True(t, ok, "row %s: unexpected error at %q", row, e.Path)
			rejected[rule] = append(rejected[rule], row)
		}
		return nil
	}
	valid, err := stream.Count(schema.CSVFiles([]string{path}, validate.Options{Quarantine: quarantine}))
	require.NoError(t, err)
	require.Equal(t, want.Rows, valid+len(rejected["any"]))
	for rule, expected := range want.Quarantine {
		require.Len(t, rejected[rule], expected.Rows, rule)
		require.Equal(t, expected.SHA256, digestInOrder(rejected[rule]), rule)
	}
	require.Len(t, rejected, len(want.Quarantine))
}
