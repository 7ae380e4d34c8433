package hash_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/stream"
)

var update = flag.Bool("update", false, "rewrite the golden files")

type page string

type userType struct {
	User uint64
	Type uint32
}

type userPage struct {
	User uint64
	Page page
}

type stamp time.Time

type hidden struct {
	at   time.Time
	name string
	_    int32
	tags [3]page
	any  any
}

// goldens lists one line per key and seed. Adding lines is free; a line that changes is a new format, and the
// old one must stay readable.
func goldens(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# key, seed, hash. Frozen: hashes are persisted and merged. Rewritten by go test -update.\n")
	seeds := []uint64{0, 1, math.MaxUint64}
	add := func(name string, hashOf func(seed uint64) uint64) {
		for _, seed := range seeds {
			fmt.Fprintf(&b, "%s\t%d\t%016x\n", name, seed, hashOf(seed))
		}
	}
	for _, n := range []int{0, 1, 3, 4, 7, 8, 16, 17, 32, 48, 49, 96, 97, 1000} {
		text := strings.Repeat("stream of clicks ", n/17+1)[:n]
		add(fmt.Sprintf("bytes | %d", n), func(seed uint64) uint64 { return hash.Bytes([]byte(text), seed) })
	}
	for _, v := range []uint64{0, 1, 1 << 32, math.MaxUint64} {
		add(fmt.Sprintf("word | %d", v), func(seed uint64) uint64 { return hash.Uint64(v, seed) })
	}
	at := time.Date(2026, 3, 1, 12, 30, 0, 123456789, time.UTC)
	addKey(t, add, false, true)
	addKey(t, add, int8(-1), 127)
	addKey(t, add, uint8(200))
	addKey(t, add, int16(-2))
	addKey(t, add, uint16(65535))
	addKey(t, add, int32(-3))
	addKey(t, add, uint32(math.MaxUint32))
	addKey(t, add, int64(math.MinInt64), math.MaxInt64)
	addKey(t, add, uint64(math.MaxUint64))
	addKey(t, add, 0, -1, math.MaxInt32)
	addKey(t, add, uint(7))
	addKey(t, add, uintptr(7))
	addKey(t, add, float32(0), 1.5, float32(math.Inf(-1)), float32(math.NaN()))
	addKey(t, add, 0.0, 1.5, math.Inf(1), math.NaN(), math.SmallestNonzeroFloat64)
	addKey(t, add, complex64(complex(1, -2)))
	addKey(t, add, complex(math.NaN(), 3))
	addKey(t, add, "", "click", "ünï")
	addKey(t, add, page("/home"))
	addKey(t, add, at, time.Time{}, time.Unix(-1, 1).UTC())
	addKey(t, add, stamp(at))
	addKey(t, add, [0]int{})
	addKey(t, add, [3]int{1, 2, 3})
	addKey(t, add, [16]byte{1, 2, 3})
	addKey(t, add, [70]int16{69: -1})
	addKey(t, add, [2]string{"ab", "c"}, [2]string{"a", "bc"})
	addKey(t, add, struct{}{})
	addKey(t, add, userType{7, 9})
	addKey(t, add, userPage{7, "/home"})
	addKey(t, add, hidden{at: at, name: "n", tags: [3]page{2: "t"}, any: userType{1, 2}})
	addKey[any](t, add, nil, 1, int64(1), uint64(1), "1", 1.0, true, page("1"), at, userType{7, 9}, [2]any{nil, "x"})
	addKey[fmt.Stringer](t, add, nil, at, time.Second)
	addKey(t, add, stream.Missing[string](), stream.Null[string](), stream.Present(""), stream.Present("x"))
	return b.String()
}

func addKey[K comparable](t *testing.T, add func(string, func(uint64) uint64), keys ...K) {
	h, err := hash.New[K]()
	require.NoError(t, err)
	for _, k := range keys {
		value := fmt.Sprintf("%#v", k)
		switch v := any(k).(type) {
		case time.Time:
			value = v.Format(time.RFC3339Nano)
		case stamp:
			value = time.Time(v).Format(time.RFC3339Nano)
		}
		add(fmt.Sprintf("%v | %s", reflect.TypeFor[K](), value), func(seed uint64) uint64 { return h.Hash(&k, seed) })
	}
}

func TestGolden(t *testing.T) {
	path := filepath.Join("testdata", "vectors.txt")
	got := goldens(t)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(strings.ReplaceAll(string(want), "\r\n", "\n"), "\n")
	require.Equal(t, len(wantLines), len(gotLines), "number of vectors")
	for i := range wantLines {
		require.Equalf(t, wantLines[i], gotLines[i], "vector of line %d: a changed hash is a new format", i+1)
	}
	seen := map[string]string{}
	for _, line := range gotLines[1 : len(gotLines)-1] {
		fields := strings.Split(line, "\t")
		typ, _, _ := strings.Cut(fields[0], " | ")
		other, ok := seen[typ+fields[2]]
		require.Falsef(t, ok, "%s and %s hash to %s", fields[0], other, fields[2])
		seen[typ+fields[2]] = fields[0]
	}
}
