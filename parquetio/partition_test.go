package parquetio

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/stream"
)

func TestPartition_Table(t *testing.T) {
	for name, c := range map[string]struct {
		p    Partition
		want string
	}{
		"one_pair":           {PartitionOf("date", "2026-01-02"), "date=2026-01-02"},
		"two_pairs":          {PartitionOf("date", "2026-01-02").With("country", "DE"), "date=2026-01-02/country=DE"},
		"null":               {PartitionOf("country", ""), "country=__HIVE_DEFAULT_PARTITION__"},
		"the_text_of_null":   {PartitionOf("country", "__HIVE_DEFAULT_PARTITION__"), "country=%5F_HIVE_DEFAULT_PARTITION__"},
		"slash_and_equals":   {PartitionOf("path", "a/b=c"), "path=a%2Fb%3Dc"},
		"percent":            {PartitionOf("p", "100%"), "p=100%25"},
		"dots":               {PartitionOf("p", ".."), "p=.."},
		"control":            {PartitionOf("p", "a\nb\x00\x7f"), "p=a%0Ab%00%7F"},
		"hive_list":          {PartitionOf("p", `"#%'*/:=?\{[]^`), "p=%22%23%25%27%2A%2F%3A%3D%3F%5C%7B%5B%5D%5E"},
		"letters_stay":       {PartitionOf("p", "Zürich, CH"), "p=Zürich, CH"},
		"latin_1":            {PartitionOf("p", "caf\xe9"), "p=caf%E9"},
		"cut_rune":           {PartitionOf("p", "\xc3/\xc3\xa9"), "p=%C3%2Fé"},
		"replacement_rune":   {PartitionOf("p", "\ufffd"), "p=\ufffd"},
		"name_not_utf8":      {PartitionOf("\xff", "1"), "%FF=1"},
		"name_escaped":       {PartitionOf("a:b", "1"), "a%3Ab=1"},
		"day":                {Day(time.Date(2026, 1, 2, 23, 59, 59, 999, time.UTC)), "date=2026-01-02"},
		"day_is_that_of_utc": {Day(time.Date(2026, 1, 2, 0, 30, 0, 0, time.FixedZone("", 3600))), "date=2026-01-01"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, c.p.String())
			back, err := ParsePartition(c.want)
			require.NoError(t, err)
			require.Equal(t, c.p, back)
		})
	}
}

// text is of runes or of any bytes.
func text(from, to int) *rapid.Generator[string] {
	raw := rapid.Map(rapid.SliceOfN(rapid.Byte(), from, to), func(b []byte) string { return string(b) })
	return rapid.OneOf(rapid.StringN(from, to, -1), raw)
}

// Any names and values come back from the directory name, which is one path element per pair.
func TestPartition_Law_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p Partition
		want := []PartitionField{}
		for range rapid.IntRange(1, 3).Draw(t, "pairs") {
			name := text(1, 5).Filter(func(s string) bool { return !badName(s) }).Draw(t, "name")
			value := text(0, 20).Draw(t, "value")
			p = p.With(name, value)
			f := PartitionField{Name: name, Value: stream.Present(value)}
			if value == "" {
				f.Value = stream.Null[string]()
			}
			want = append(want, f)
		}
		require.Equal(t, want, p.Fields())
		back, err := ParsePartition(p.String())
		require.NoError(t, err)
		require.Equal(t, p, back)
		require.True(t, utf8.ValidString(p.String()))
		require.True(t, filepath.IsLocal(filepath.FromSlash(p.String())))
	})
}

func TestParsePartition_Errors(t *testing.T) {
	for _, s := range []string{"", "date", "=x", "a=1/", "/a=1", "a=%", "a=%2", "a=%zz", ".a=1", "_a=1", "%2Ea=1"} {
		_, err := ParsePartition(s)
		require.Error(t, err, s)
	}
}

func TestPartition_BadNamesPanic(t *testing.T) {
	for _, name := range []string{"", ".x", "_x"} {
		require.Panics(t, func() { PartitionOf(name, "1") })
		require.Panics(t, func() { PartitionOf("a", "1").With(name, "1") })
	}
}

func TestPartition_Get(t *testing.T) {
	p := PartitionOf("date", "2026-01-02").With("country", "")
	require.Equal(t, stream.Present("2026-01-02"), p.Get("date"))
	require.True(t, p.Get("country").IsNull())
	require.True(t, p.Get("city").IsMissing())
}

func TestDays_Table(t *testing.T) {
	at := func(d, h int) time.Time { return time.Date(2026, 1, d, h, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		from, to time.Time
		want     []string
	}{
		"half_open":           {at(1, 0), at(3, 0), []string{"date=2026-01-01", "date=2026-01-02"}},
		"empty":               {at(1, 0), at(1, 0), []string{}},
		"empty_inside_a_day":  {at(1, 7), at(1, 7), []string{}},
		"parts_of_days_touch": {at(1, 23), at(2, 1), []string{"date=2026-01-01", "date=2026-01-02"}},
		"inside_one_day":      {at(1, 1), at(1, 2), []string{"date=2026-01-01"}},
		"over_a_month":        {at(31, 0), at(33, 0), []string{"date=2026-01-31", "date=2026-02-01"}},
		"zones_are_instants":  {at(1, 0).In(time.FixedZone("", -8*3600)), at(2, 0).In(time.FixedZone("", 9*3600)), []string{"date=2026-01-01"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := []string{}
			for _, p := range Days(c.from, c.to) {
				got = append(got, p.String())
			}
			require.Equal(t, c.want, got)
			require.NotNil(t, Days(c.from, c.to), "an empty range requests nothing, it does not leave the choice open")
		})
	}
}

func TestDays_Reversed(t *testing.T) {
	parts := Days(day0.AddDate(0, 0, 1), day0)
	require.Len(t, parts, 1)
	d := newClicks(t, t.TempDir(), DatasetOptions{})
	untouched := func(func(click, error) bool) { t.Fatal("the source was touched") }
	var oe *stream.OptionError
	_, err := d.Overwrite(t.Context(), untouched, click.day, OverwriteOptions[click]{Requested: parts})
	require.ErrorAs(t, err, &oe)
	_, err = d.Rebuild(t.Context(), parts, nil2)
	require.ErrorAs(t, err, &oe)
	_, err = collectAll(d.Read(parts...))
	require.ErrorAs(t, err, &oe)
	require.Empty(t, tree(t, d.Dir()))
}

// Bytes that are not UTF-8 come back from the disk as they were given.
func TestPartition_AnyBytesOnDisk(t *testing.T) {
	d := newClicks(t, quickDir(t), DatasetOptions{})
	p := PartitionOf("city", "caf\xe9").With("\xc3", "a\x80/é")
	rows := clicks(5, 1)
	_, err := d.Overwrite(t.Context(), of(rows), func(click) Partition { return p }, OverwriteOptions[click]{})
	require.NoError(t, err)
	parts, err := d.ListPartitions()
	require.NoError(t, err)
	require.Equal(t, []Partition{p}, parts)
	require.Equal(t, stream.Present("caf\xe9"), parts[0].Get("city"))
	require.Equal(t, stream.Present("a\x80/é"), parts[0].Get("\xc3"))
	got, err := collectAll(d.Read())
	require.NoError(t, err)
	require.Equal(t, rows, got)
	res, err := d.Overwrite(t.Context(), of(rows[:3]), func(click) Partition { return p }, OverwriteOptions[click]{})
	require.NoError(t, err)
	require.True(t, res.Partitions[0].Replaced)
}

// What no file system takes as a name is refused before it can fail half-way through the commit.
func TestPartition_TooLong(t *testing.T) {
	d := newClicks(t, quickDir(t), DatasetOptions{})
	none := of([]click(nil))
	fits := PartitionOf("p", strings.Repeat("x", maxElement-2))
	_, err := d.Overwrite(t.Context(), none, click.day, OverwriteOptions[click]{Requested: []Partition{fits, PartitionOf("p", "y")}})
	require.NoError(t, err)
	before := tree(t, d.Dir())
	for name, p := range map[string]Partition{
		"plain":        PartitionOf("p", strings.Repeat("x", maxElement-1)),
		"escapes":      PartitionOf("p", strings.Repeat("/", 85)),
		"second_level": PartitionOf("p", "y").With("q", strings.Repeat("x", maxElement)),
	} {
		t.Run(name, func(t *testing.T) {
			var oe *stream.OptionError
			_, err := d.Overwrite(t.Context(), none, click.day, OverwriteOptions[click]{Requested: []Partition{p}})
			require.ErrorAs(t, err, &oe)
			row := 0
			_, err = d.Overwrite(t.Context(), of(clicks(3, 1)), func(click) Partition {
				if row++; row == 3 {
					return p
				}
				return PartitionOf("p", "y")
			}, OverwriteOptions[click]{})
			require.ErrorAs(t, err, &oe)
			require.Equal(t, "by(row 3)", oe.Option)
			_, err = d.Rebuild(t.Context(), []Partition{p}, nil2)
			require.ErrorAs(t, err, &oe)
			require.Equal(t, before, tree(t, d.Dir()))
		})
	}
	require.NoError(t, checkPartition("f", "o", fits.With("q", strings.Repeat("/", 84))), "each name counts alone")
}
