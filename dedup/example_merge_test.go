package dedup_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// Customer is a customer as several systems know them.
type Customer struct {
	ID      int
	Updated time.Time
	Name    stream.Opt[string]
	Mail    stream.Opt[string]
	Phone   *string
	City    string // empty: not known
	Since   time.Time
	Orders  int
	Spent   stream.Opt[int64]
	Limit   *int
	Blocked bool
	Agreed  bool
	Tags    []string
	Source  string
}

func (c Customer) Key() int             { return c.ID }
func (c Customer) UpdatedAt() time.Time { return c.Updated }

// name and mail are the fields that reducers are made for.
func (c *Customer) name() *stream.Opt[string] { return &c.Name }
func (c *Customer) mail() *stream.Opt[string] { return &c.Mail }

func phone(s string) *string { return &s }
func limit(n int) *int       { return &n }

// customers are three rows of one customer, the latest in the middle, and one of another.
func customers() stream.Seq[Customer] {
	return stream.Of(
		Customer{ID: 1, Updated: hour(9), Name: stream.Present("Al"), Phone: phone("555-1"), City: "Oslo", Since: hour(3),
			Orders: 1, Spent: stream.Present[int64](40), Limit: limit(500), Agreed: true, Tags: []string{"shop"}, Source: "shop"},
		Customer{ID: 1, Updated: hour(12), Name: stream.Present("Albert"), Mail: stream.Present("al@new"), Since: hour(8),
			Orders: 2, Spent: stream.Present[int64](2), Limit: limit(900), Tags: []string{"vip", "app"}, Source: "app"},
		Customer{ID: 1, Updated: hour(10), Mail: stream.Present("al@old"), Phone: phone("555-2"), City: "Bergen", Since: hour(5),
			Orders: 4, Blocked: true, Agreed: true, Tags: []string{"shop"}, Source: "desk"},
		Customer{ID: 2, Updated: hour(9), Name: stream.Present("Bo"), Source: "shop"},
	)
}

// merged shows what one reducer makes of a field, under a line of the rows by time.
func merged[V any](reducer dedup.Reducer[Customer], field func(Customer) V) {
	for c, err := range dedup.Run(customers(), Customer.Key, dedup.Options[Customer]{
		Keep:  dedup.KeepMerge,
		By:    []dedup.Comparator[Customer]{dedup.Latest(Customer.UpdatedAt)},
		Merge: []dedup.Reducer[Customer]{reducer},
	}) {
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		if c.ID == 1 {
			fmt.Println(field(c), "from", c.Source)
		}
	}
}

// KeepMerge makes one row of all: the latest, with a name and a mail address if any row has one, and all orders.
func ExampleRun_merge() {
	one := dedup.Run(customers(), Customer.Key, dedup.Options[Customer]{
		Keep: dedup.KeepMerge,
		By:   []dedup.Comparator[Customer]{dedup.Latest(Customer.UpdatedAt)},
		Merge: []dedup.Reducer[Customer]{
			dedup.FirstOpt((*Customer).name),
			dedup.LastOpt((*Customer).mail),
			dedup.Sum(func(c *Customer) *int { return &c.Orders }),
		},
	})
	for c, err := range one {
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		fmt.Println(c.ID, c.Updated.Hour(), c.Name, c.Mail, c.Orders, c.Source)
	}
	// Output:
	// 1 12 Al al@new 7 app
	// 2 9 Bo missing 0 shop
}

// A field that lies outside the row is refused: whoever else has the row would see it change.
func ExampleRun_mergeRefuses() {
	show(dedup.Run(customers(), Customer.Key, dedup.Options[Customer]{
		Keep:  dedup.KeepMerge,
		Merge: []dedup.Reducer[Customer]{dedup.Sum(func(c *Customer) *int { return c.Limit })},
	}))
	// Output:
	// error: dedup: Run: Merge[0] must be a reducer whose function returns the address of a field of the row itself, got Sum of something outside the row
}

// KeepFirst and KeepLast go by position.
func ExampleRun_first() {
	rows := stream.Of("ann 1", "bob 1", "ann 2")
	name := func(s string) string { return strings.Fields(s)[0] }
	show(dedup.Run(rows, name, dedup.Options[string]{Keep: dedup.KeepFirst}))
	show(dedup.Run(rows, name, dedup.Options[string]{Keep: dedup.KeepLast}))
	// Output:
	// ann 1
	// bob 1
	// ann 2
	// bob 1
}

func ExampleFirst() {
	merged(dedup.First(func(c *Customer) *time.Time { return &c.Since }), func(c Customer) int { return c.Since.Hour() })
	// Output: 3 from app
}

func ExampleFirstOpt() {
	merged(dedup.FirstOpt((*Customer).mail), func(c Customer) stream.Opt[string] { return c.Mail })
	// Output: al@old from app
}

func ExampleFirstPtr() {
	merged(dedup.FirstPtr(func(c *Customer) **string { return &c.Phone }), func(c Customer) string { return *c.Phone })
	// Output: 555-1 from app
}

func ExampleLast() {
	merged(dedup.Last(func(c *Customer) *string { return &c.City }), func(c Customer) string { return fmt.Sprintf("%q", c.City) })
	// Output: "" from app
}

// Where says what is null where the type does not.
func ExampleReducer_Where() {
	city := dedup.Last(func(c *Customer) *string { return &c.City }).Where(func(c *Customer) bool { return c.City != "" })
	merged(city, func(c Customer) string { return c.City })
	// Output: Bergen from app
}

func ExampleLastOpt() {
	merged(dedup.LastOpt((*Customer).mail), func(c Customer) stream.Opt[string] { return c.Mail })
	// Output: al@new from app
}

func ExampleLastPtr() {
	merged(dedup.LastPtr(func(c *Customer) **string { return &c.Phone }), func(c Customer) string { return *c.Phone })
	// Output: 555-2 from app
}

func ExampleGreatest() {
	merged(dedup.Greatest(func(c *Customer) *int { return &c.Orders }), func(c Customer) int { return c.Orders })
	// Output: 4 from app
}

func ExampleGreatestOpt() {
	merged(dedup.GreatestOpt(func(c *Customer) *stream.Opt[int64] { return &c.Spent }), func(c Customer) stream.Opt[int64] { return c.Spent })
	// Output: 40 from app
}

func ExampleGreatestPtr() {
	merged(dedup.GreatestPtr(func(c *Customer) **int { return &c.Limit }), func(c Customer) int { return *c.Limit })
	// Output: 900 from app
}

func ExampleGreatestFunc() {
	merged(dedup.GreatestFunc(func(c *Customer) *time.Time { return &c.Since }, time.Time.Compare), func(c Customer) int { return c.Since.Hour() })
	// Output: 8 from app
}

func ExampleLeast() {
	merged(dedup.Least(func(c *Customer) *int { return &c.Orders }), func(c Customer) int { return c.Orders })
	// Output: 1 from app
}

func ExampleLeastOpt() {
	merged(dedup.LeastOpt(func(c *Customer) *stream.Opt[int64] { return &c.Spent }), func(c Customer) stream.Opt[int64] { return c.Spent })
	// Output: 2 from app
}

func ExampleLeastPtr() {
	merged(dedup.LeastPtr(func(c *Customer) **int { return &c.Limit }), func(c Customer) int { return *c.Limit })
	// Output: 500 from app
}

func ExampleLeastFunc() {
	merged(dedup.LeastFunc(func(c *Customer) *time.Time { return &c.Since }, time.Time.Compare), func(c Customer) int { return c.Since.Hour() })
	// Output: 3 from app
}

func ExampleSum() {
	merged(dedup.Sum(func(c *Customer) *int { return &c.Orders }), func(c Customer) int { return c.Orders })
	// Output: 7 from app
}

func ExampleSumOpt() {
	merged(dedup.SumOpt(func(c *Customer) *stream.Opt[int64] { return &c.Spent }), func(c Customer) stream.Opt[int64] { return c.Spent })
	// Output: 42 from app
}

func ExampleSumPtr() {
	merged(dedup.SumPtr(func(c *Customer) **int { return &c.Limit }), func(c Customer) int { return *c.Limit })
	// Output: 1400 from app
}

func ExampleAnyTrue() {
	merged(dedup.AnyTrue(func(c *Customer) *bool { return &c.Blocked }), func(c Customer) bool { return c.Blocked })
	// Output: true from app
}

func ExampleAllTrue() {
	merged(dedup.AllTrue(func(c *Customer) *bool { return &c.Agreed }), func(c Customer) bool { return c.Agreed })
	// Output: false from app
}

func ExampleUnion() {
	merged(dedup.Union(func(c *Customer) *[]string { return &c.Tags }), func(c Customer) []string { return c.Tags })
	// Output: [app shop vip] from app
}

func ExampleCombine() {
	// The longer of two names: of equally long ones the lesser, so that the order of the rows does not matter.
	longer := func(a, b string) string {
		if len(a) > len(b) || len(a) == len(b) && a < b {
			return a
		}
		return b
	}
	merged(dedup.Combine(func(c *Customer) *string { return &c.City }, longer), func(c Customer) string { return c.City })
	// Output: Bergen from app
}
