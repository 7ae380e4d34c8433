//go:build linux && !purego

package hugepages_test

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/millrace-go/millrace/internal/hugepages"
)

const huge = 2 << 20 // bytes

// span is the addresses from from to before to.
type span struct{ from, to uintptr }

// advised are the parts of s whose pages the kernel was asked to make large: those of the flag hg. The mappings of a
// process and their flags are in smaps.
func advised(t *testing.T, s span) (parts []span) {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip("the mappings of this process cannot be read: ", err)
	}
	defer f.Close()
	flags := false
	var at span
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if !strings.HasSuffix(words[0], ":") {
			if _, err := fmt.Sscanf(words[0], "%x-%x", &at.from, &at.to); err != nil {
				t.Fatalf("%q: %v", lines.Text(), err)
			}
		}
		if words[0] != "VmFlags:" {
			continue
		}
		flags = true
		part := span{max(at.from, s.from), min(at.to, s.to)}
		if part.from >= part.to || !slices.Contains(words, "hg") {
			continue
		}
		if n := len(parts); n > 0 && parts[n-1].to == part.from {
			parts[n-1].to = part.to
		} else {
			parts = append(parts, part)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if !flags {
		t.Skip("this kernel does not tell the flags of mappings")
	}
	return parts
}

// mapped is a mapping of its own, of n bytes that nobody has touched.
func mapped(t *testing.T, n int) []byte {
	t.Helper()
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip("no mapping: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(b); err != nil {
			t.Error(err)
		}
	})
	return b
}

// The pages of a slice that are wholly its own are asked for, its capacity included, and none of its neighbours.
func TestAdvise_FlagsTheInterior(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage/enabled"); err != nil {
		t.Skip("no large pages: ", err)
	}
	if err := syscall.Madvise(mapped(t, huge), syscall.MADV_HUGEPAGE); err != nil {
		t.Skip("no large pages: ", err)
	}
	for _, c := range []struct {
		name string
		from int // bytes behind the first boundary of large pages in the mapping
		n    int
	}{
		{"aligned", huge, 3 * huge},
		{"unaligned", huge + 4097, 4 * huge},
		{"begins_before_a_boundary", huge - 1, 3 * huge},
		{"ends_behind_a_boundary", huge, 3*huge + 1},
		{"ends_before_a_boundary", huge, 3*huge - 1},
		{"smallest", huge + 1, 2 * huge},
		{"too_small", huge, 2*huge - 1},
		{"empty", huge, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole := mapped(t, 8*huge)
			start := reflect.ValueOf(whole).Pointer()
			mapping := span{start, start + 8*huge}
			from := int(-start&(huge-1)) + c.from
			var want []span
			if first, end := (start+uintptr(from)+huge-1)&^(huge-1), (start+uintptr(from+c.n))&^(huge-1); c.n >= 2*huge {
				want = []span{{first, end}}
			}
			if got := advised(t, mapping); len(got) > 0 {
				t.Fatalf("%x of %x are flagged before", got, mapping)
			}
			hugepages.Advise(whole[from : from+c.n/2 : from+c.n])
			if got := advised(t, mapping); !slices.Equal(got, want) {
				t.Fatalf("%x of %x are flagged, want %x", got, mapping, want)
			}
		})
	}
}
