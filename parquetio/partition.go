package parquetio

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/millrace-go/millrace/stream"
)

// Partition names a partition of a dataset: an ordered list of name=value pairs, which is also its directory,
// as Hive lays it out: date=2026-01-02/country=DE. It is comparable; two are equal if names, order and values
// are. The zero value is no partition and refused.
type Partition struct {
	path  string // encoded: what it is called on disk
	wrong string // non-empty: why it must be refused, for constructors that cannot return an error
}

// PartitionField is one pair of a Partition. A Value that is null stands on disk as
// __HIVE_DEFAULT_PARTITION__.
type PartitionField struct {
	Name  string             // of the partition column
	Value stream.Opt[string] // present or null
}

// nullValue is Hive's directory name for null. Hive uses it for the empty string as well; so do we.
const nullValue = "__HIVE_DEFAULT_PARTITION__"

// PartitionOf is the partition name=value. Both may hold any bytes: what Hive escapes in a path, and bytes that
// are not UTF-8, stand there as %XX. An empty value is null, as in Hive. A name that is empty, begins with a dot
// or an underscore (such directories are hidden from readers) panics. A pair that is longer than 255 bytes in
// the path is refused by every call of this package with a *stream.OptionError: no file system takes it.
func PartitionOf(name, value string) Partition {
	return Partition{}.join("PartitionOf", name, value)
}

// With adds a pair below p.
func (p Partition) With(name, value string) Partition { return p.join("Partition.With", name, value) }

// Day is the partition date=2006-01-02 of the UTC day that t lies in.
func Day(t time.Time) Partition {
	var b [24]byte
	return Partition{path: string(t.UTC().AppendFormat(append(b[:0], "date="...), time.DateOnly))}
}

// Days are the partitions date=... of the UTC days that the half-open range [from, to) touches, in order. An
// empty range (from equal to to) gives none. A reversed one gives a partition that every call of this package
// refuses with a *stream.OptionError: a wrong range must not read as "nothing to do".
func Days(from, to time.Time) []Partition {
	if to.Before(from) {
		return []Partition{{wrong: fmt.Sprintf("Days: from %s is after to %s", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))}}
	}
	days := []Partition{}
	y, m, d := from.UTC().Date()
	for t := time.Date(y, m, d, 0, 0, 0, 0, time.UTC); t.Before(to); t = t.AddDate(0, 0, 1) {
		if from.Equal(to) {
			break
		}
		days = append(days, Day(t))
	}
	return days
}

// ParsePartition reads a partition from its directory name, "date=2026-01-02/country=DE".
func ParsePartition(path string) (Partition, error) {
	var p Partition
	for part := range strings.SplitSeq(path, "/") {
		name, value, ok := strings.Cut(part, "=")
		name, err := unescape(name)
		if err == nil && value != nullValue {
			value, err = unescape(value)
		} else {
			value = ""
		}
		if err == nil && (!ok || badName(name)) {
			err = fmt.Errorf("%q is not name=value", part)
		}
		if err != nil {
			return Partition{}, fmt.Errorf("parquetio: partition %q: %w", path, err)
		}
		p = p.join("ParsePartition", name, value)
	}
	return p, nil
}

// String is the directory of the partition, with slashes.
func (p Partition) String() string {
	if p.wrong != "" {
		return "(" + p.wrong + ")"
	}
	return p.path
}

// Fields are the pairs, decoded.
func (p Partition) Fields() []PartitionField {
	if p.path == "" {
		return nil
	}
	var fields []PartitionField
	for part := range strings.SplitSeq(p.path, "/") {
		name, value, _ := strings.Cut(part, "=")
		name, _ = unescape(name) // a Partition's path is well-formed
		f := PartitionField{Name: name, Value: stream.Null[string]()}
		if value != nullValue {
			value, _ = unescape(value)
			f.Value = stream.Present(value)
		}
		fields = append(fields, f)
	}
	return fields
}

// Get is the value of the pair of that name: Missing if there is none.
func (p Partition) Get(name string) stream.Opt[string] {
	for _, f := range p.Fields() {
		if f.Name == name {
			return f.Value
		}
	}
	return stream.Missing[string]()
}

// names is the list of pair names, encoded: what all partitions of a dataset share.
func (p Partition) names() string {
	var b strings.Builder
	for part := range strings.SplitSeq(p.path, "/") {
		name, _, _ := strings.Cut(part, "=")
		b.WriteString(name)
		b.WriteByte('/')
	}
	return b.String()
}

func badName(name string) bool {
	return name == "" || name[0] == '.' || name[0] == '_'
}

func (p Partition) join(fn, name, value string) Partition {
	if badName(name) {
		panic(fmt.Sprintf("parquetio: %s: %q cannot name a partition column", fn, name))
	}
	if p.wrong != "" {
		return p
	}
	path := escape(name) + "="
	switch value {
	case "":
		path += nullValue
	case nullValue:
		path += "%5F" + value[1:] // the text itself, told apart from null
	default:
		path += escape(value)
	}
	if p.path != "" {
		path = p.path + "/" + path
	}
	return Partition{path: path}
}

// maxElement is the longest directory name that file systems take, in bytes.
const maxElement = 255

// checkPartition refuses what constructors could not.
func checkPartition(fn, option string, p Partition) error {
	switch {
	case p.wrong != "":
		return &stream.OptionError{Package: "parquetio", Func: fn, Option: option, Got: p.wrong, Want: "a range whose end is not before its start"}
	case p.path == "":
		return &stream.OptionError{Package: "parquetio", Func: fn, Option: option, Got: "the zero Partition", Want: "made by PartitionOf, Day or Days"}
	case len(p.path) <= maxElement:
		return nil
	}
	for part := range strings.SplitSeq(p.path, "/") {
		if len(part) > maxElement {
			return &stream.OptionError{
				Package: "parquetio", Func: fn, Option: option,
				Got:  fmt.Sprintf("a directory name of %d bytes, %q...", len(part), part[:32]),
				Want: fmt.Sprintf("at most %d bytes per name=value, escapes included", maxElement),
			}
		}
	}
	return nil
}

// escaped are the characters Hive writes as %XX, besides control characters.
const escaped = "\"#%'*/:=?\\{[]^\x7f"

// escape also writes bytes that are not UTF-8 as %XX: a path goes through a manifest's JSON, and through file
// systems that take text alone.
func escape(s string) string {
	clean := utf8.ValidString(s)
	for i := 0; clean && i < len(s); i++ {
		clean = s[i] >= ' ' && strings.IndexByte(escaped, s[i]) < 0
	}
	if clean {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if c := s[0]; r == utf8.RuneError && n == 1 || c < ' ' || strings.IndexByte(escaped, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// unescape reads %XX as Hive does: a percent sign without two hexadecimal digits is an error here, since no
// writer leaves one.
func unescape(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", fmt.Errorf("%q ends inside an escape", s)
		}
		hi, lo := unhex(s[i+1]), unhex(s[i+2])
		if hi < 0 || lo < 0 {
			return "", fmt.Errorf("%q is not an escape", s[i:i+3])
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	return b.String(), nil
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
