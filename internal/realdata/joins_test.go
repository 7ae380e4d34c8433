package realdata

import (
	"cmp"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// The real files come without answers on joins. Those below are SQL's: each was computed by sqlite3 over the same rows,
//
//	SELECT l.row, r.row FROM l LEFT JOIN r ON l.customer = r.customer AND l.stock = r.stock
//
// with EXISTS for Semi and Anti, as lines `left row TAB right row`, a row that is not there empty, and the digest of
// answers_test.go. What is published of the files is reached through joins as well.

// joinAnswers are the rows of one kind of join.
type joinAnswers struct {
	Rows   int
	SHA256 string
}

// partners are the row numbers of a joined row; 0: not there.
type partners struct{ left, right int }

func (p partners) line() string {
	number := func(row int) string {
		if row == 0 {
			return ""
		}
		return strconv.Itoa(row)
	}
	return tabbed(number(p.left), number(p.right))
}

// row is the number of a row in its file, the first one being 1.
func row[T any](r stream.Indexed[T]) int { return r.Index + 1 }

func partnersOf[T any](j stream.Joined[stream.Indexed[T], stream.Indexed[T]]) (p partners) {
	if j.HasLeft {
		p.left = row(j.Left)
	}
	if j.HasRight {
		p.right = row(j.Right)
	}
	return p
}

func digestOf(found []partners) string {
	lines := make([]string, len(found))
	for i, p := range found {
		lines[i] = p.line()
	}
	return digest(lines)
}

// joinOracle is a join by map, in the order that Join promises.
func joinOracle[T any, K comparable](kind stream.JoinKind, left, right []stream.Indexed[T], key func(stream.Indexed[T]) K, null func(K) bool) (out []partners) {
	byKey := map[K][]int{}
	for _, r := range right {
		byKey[key(r)] = append(byKey[key(r)], row(r))
	}
	matched := map[K]bool{}
	for _, l := range left {
		k := key(l)
		found := byKey[k]
		if null(k) {
			found = nil
		}
		matched[k] = matched[k] || len(found) > 0
		switch {
		case kind == stream.Semi || kind == stream.Anti:
			if (len(found) > 0) == (kind == stream.Semi) {
				out = append(out, partners{left: row(l)})
			}
		case len(found) > 0:
			for _, r := range found {
				out = append(out, partners{row(l), r})
			}
		case kind == stream.Left || kind == stream.Full:
			out = append(out, partners{left: row(l)})
		}
	}
	if kind == stream.Right || kind == stream.Full {
		for _, r := range right {
			if !matched[key(r)] {
				out = append(out, partners{right: row(r)})
			}
		}
	}
	return out
}

// joinCase is one join in every kind.
type joinCase[T any, K comparable] struct {
	left, right []stream.Indexed[T]
	key         func(stream.Indexed[T]) K
	null        func(K) bool
	compare     func(a, b K) int
	memory      int64 // too little for the right side
	nulls       [2]int64
	want        map[stream.JoinKind]joinAnswers
}

// requireJoins runs every kind by broadcast, by partitions on disk, and by merging both sides sorted through the disk.
func requireJoins[T any, K comparable](t *testing.T, c joinCase[T, K]) {
	require.Len(t, c.want, 6)
	dir := t.TempDir()
	small := stream.Resources{Memory: c.memory, TempDir: dir}
	collect := func(t *testing.T, joined stream.Seq[stream.Joined[stream.Indexed[T], stream.Indexed[T]]]) []partners {
		t.Helper()
		found, err := stream.Collect(stream.Map(joined, partnersOf[T]))
		require.NoError(t, err)
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left, "temp files are left")
		return found
	}
	sorted := func(rows []stream.Indexed[T]) []stream.Indexed[T] {
		compare := func(a, b stream.Indexed[T]) int { return c.compare(c.key(a), c.key(b)) }
		out, err := stream.Collect(stream.SortFunc(stream.Of(rows...), compare, stream.SortOptions{Resources: small}))
		require.NoError(t, err)
		return out
	}
	leftByKey, rightByKey := sorted(c.left), sorted(c.right)

	for kind, want := range c.want {
		t.Run(kind.String(), func(t *testing.T) {
			oracle := joinOracle(kind, c.left, c.right, c.key, c.null)
			require.Len(t, oracle, want.Rows)
			require.Equal(t, want.SHA256, digestOf(oracle), "the oracle itself")
			join := func(unordered bool, r stream.Resources) (found []partners, stats stream.JoinStats) {
				o := stream.JoinOptions{Kind: kind, Unordered: unordered, Resources: r, Stats: &stats}
				found = collect(t, stream.Join(stream.Of(c.left...), stream.Of(c.right...), c.key, c.key, o))
				require.Equal(t, c.nulls, [2]int64{stats.NullLeft, stats.NullRight})
				require.EqualValues(t, want.Rows, stats.Rows)
				return found, stats
			}
			same := func(found []partners, how string) {
				t.Helper()
				for i := range min(len(oracle), len(found)) {
					if oracle[i] != found[i] {
						t.Fatalf("%s: row %d is %v, want %v", how, i, found[i], oracle[i])
					}
				}
				require.Len(t, found, want.Rows, how)
			}
			found, stats := join(false, stream.Resources{})
			require.True(t, stats.Broadcast)
			same(found, "broadcast")
			found, stats = join(false, small)
			require.False(t, stats.Broadcast)
			require.Positive(t, stats.SpilledRight)
			same(found, "partitioned")
			if kind == stream.Full { // has the rows of every other
				found, stats = join(true, small)
				require.False(t, stats.Broadcast)
				require.Len(t, found, want.Rows)
				require.Equal(t, want.SHA256, digestOf(found), "partitioned, unordered")
			}
			o := stream.MergeJoinOptions{Kind: kind, ReadAhead: 256}
			found = collect(t, stream.MergeJoinFunc(stream.Of(leftByKey...), stream.Of(rightByKey...), c.key, c.key, c.compare, o))
			require.Len(t, found, want.Rows)
			require.Equal(t, want.SHA256, digestOf(found), "merged")
		})
	}
}

// parted is the rows for which first says so, and the others.
func parted[T any](rows []T, first func(T) bool) (yes, no []T) {
	for _, r := range rows {
		if first(r) {
			yes = append(yes, r)
		} else {
			no = append(no, r)
		}
	}
	return yes, no
}

// customerStock is a key of two columns, of which one may be null.
type customerStock struct {
	Customer stream.Opt[string]
	Stock    string
}

func (k customerStock) null() bool { return !k.Customer.IsPresent() }

func customerStockOf(r stream.Indexed[sale]) customerStock {
	return customerStock{r.Value.Customer, r.Value.Stock}
}

func sold(r stream.Indexed[sale]) bool { return r.Value.Quantity > 0 }

// What was sold beside what came back of it: many to many, by customer and article, and a quarter of the lines
// have no customer.
func TestJoins_retail(t *testing.T) {
	path, want := load(t, "online_retail_2010-12-01_2011-08-31.csv.gz")
	rows, err := stream.Collect(stream.Enumerate(sales(t, path)))
	require.NoError(t, err)
	require.Len(t, rows, want.Rows)
	left, right := parted(rows, sold)
	require.Equal(t, []int{313933, 6772}, []int{len(left), len(right)})
	keys := func(rows []stream.Indexed[sale]) []stream.Indexed[customerStock] {
		out := make([]stream.Indexed[customerStock], len(rows))
		for i, r := range rows {
			out[i] = stream.Indexed[customerStock]{Index: r.Index, Value: customerStockOf(r)}
		}
		return out
	}
	requireJoins(t, joinCase[customerStock, customerStock]{
		left: keys(left), right: keys(right), key: func(r stream.Indexed[customerStock]) customerStock { return r.Value }, null: customerStock.null,
		memory: 512 << 10, nulls: [2]int64{87445, 1207},
		compare: func(a, b customerStock) int {
			return cmp.Or(cmp.Compare(a.Customer.Or(""), b.Customer.Or("")), cmp.Compare(a.Stock, b.Stock))
		},
		want: map[stream.JoinKind]joinAnswers{
			stream.Inner: {12149, "a77282aaa7dd9bdf1da1ca9744860f43be82c7d1c448750cf7bb62bac8d8b3eb"},
			stream.Left:  {316627, "7f200639c81065b8d67d854d738ef2c2d5813cecd248a40d7014892352042e7a"},
			stream.Right: {14128, "98edd497b400478f88a95c3a702bd5b0ed80fa1f8c0b469e2266b9f496c96ed9"},
			stream.Full:  {318606, "d9d91ae79f4303fca033e69e56d8c83909cbe201401a5d3c32c1cfb375c3748a"},
			stream.Semi:  {9455, "b3ff49b6da5ada64b5dbc9d1542cc94c6c38e678301e94ae8e10d8997f0b566e"},
			stream.Anti:  {304478, "edc156c6351d9da6042283b0a048421423c709d1a00c8a084093586483d2f482"},
		},
	})

	// Each line, whole, with the first one of its customer: the published counts, on the far side of a join.
	t.Run("published", func(t *testing.T) {
		customer := func(r stream.Indexed[sale]) stream.Opt[string] { return r.Value.Customer }
		firsts, err := stream.Collect(dedup.Distinct(stream.Of(rows...), customer))
		require.NoError(t, err)
		for _, memory := range []int64{0, 1 << 20} {
			var stats stream.JoinStats
			joined, err := stream.Collect(stream.Join(stream.Of(rows...), stream.Of(firsts...), customer, customer, stream.JoinOptions{
				Kind: stream.Left, Unordered: true, Resources: stream.Resources{Memory: memory, TempDir: t.TempDir()}, Stats: &stats,
			}))
			require.NoError(t, err)
			require.Equal(t, memory == 0, stats.Broadcast)
			require.EqualValues(t, want.NullUsers, stats.NullLeft)
			require.EqualValues(t, 1, stats.NullRight) // the first line without a customer
			type userType struct {
				User stream.Opt[string]
				Type string
			}
			requireCounts(t, want, stream.CountBy(stream.Of(joined...), func(j stream.Joined[stream.Indexed[sale], stream.Indexed[sale]]) userType {
				return userType{j.Right.Value.Customer, j.Left.Value.Country}
			}), func(k userType) (string, string) { return k.User.Or(""), k.Type })
		}
	})
}

// The reviews of before 2007 beside those since, by reviewer: many to many, half a million rows, hot keys.
func TestJoins_reviews(t *testing.T) {
	path, want := load(t, "vendor_reviews.csv.gz")
	rows, err := stream.Collect(stream.Enumerate(reviews(t, path)))
	require.NoError(t, err)
	require.Len(t, rows, want.Rows)
	newYear := time.Date(2007, 1, 1, 0, 0, 0, 0, time.UTC)
	left, right := parted(rows, func(r stream.Indexed[review]) bool { return r.Value.At.Before(newYear) })
	require.Equal(t, []int{347353, 231452}, []int{len(left), len(right)})
	requireJoins(t, joinCase[review, int64]{
		left: left, right: right, key: func(r stream.Indexed[review]) int64 { return r.Value.Reviewer }, null: func(int64) bool { return false },
		compare: cmp.Compare[int64], memory: 8 << 20,
		want: map[stream.JoinKind]joinAnswers{
			stream.Inner: {187449, "4450dbe28ff7de3caa9c059457d297088f63410f505573cdc9e550767f9355df"},
			stream.Left:  {463936, "6ce6aa6b53a7d06958de3a287cafc920d7855fc79e522d1ab00083a96fbb4d1d"},
			stream.Right: {368891, "cb00334197ff7b2bb046b75f7fbb4f612d013518254434f14476d75ea3eb3e1a"},
			stream.Full:  {645378, "86ebdf0e23d9400dc5c4d44ec353d3a463d7c7600a8db0c1d1b98d1d6658e329"},
			stream.Semi:  {70866, "9f96b34d65e02f61eb2dc3e79049e09459134a4d774dc603c96c968c98282e5a"},
			stream.Anti:  {276487, "03dfb5d066b1660ab1e7843b988cd4fe418e3a2f5d4136b1ebbeaf1d2af673e6"},
		},
	})

	// Each review with the winner of its reviewer and vendor: where that is itself, it is one of the published winners.
	t.Run("published", func(t *testing.T) {
		key := func(r stream.Indexed[review]) reviewKey { return r.Value.key() }
		winners := dedup.Run(stream.Of(rows...), key, dedup.Options[stream.Indexed[review]]{
			By: []dedup.Comparator[stream.Indexed[review]]{
				dedup.Latest(func(r stream.Indexed[review]) time.Time { return r.Value.At }),
				dedup.Max(func(r stream.Indexed[review]) int64 { return r.Value.Rating }),
			},
			Tie: dedup.TieLast,
		})
		var stats stream.JoinStats
		joined := stream.Join(stream.Of(rows...), winners, key, key, stream.JoinOptions{
			Resources: stream.Resources{Memory: 8 << 20, TempDir: t.TempDir()}, Stats: &stats,
		})
		var lines []string
		dropped := 0
		for j, err := range joined {
			require.NoError(t, err)
			if j.Left.Index != j.Right.Index {
				dropped++
				continue
			}
			lines = append(lines, tabbed(itoa(j.Left.Value.Reviewer), itoa(j.Left.Value.Vendor), itoa(j.Left.Value.Rating), strconv.Itoa(row(j.Left))))
		}
		require.False(t, stats.Broadcast)
		require.Equal(t, want.DedupReviewerVendor.Dropped, dropped)
		require.Len(t, lines, want.DedupReviewerVendor.Kept)
		require.Equal(t, want.DedupReviewerVendor.SHA256, digest(lines))
	})
}
