package streamtest

import (
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The kit is for every user's tests, so it drags nothing along but this module's own ground.
func TestImports_StandardLibraryAndStreamOnly(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	own := []string{
		"github.com/millrace-go/millrace/stream", "github.com/millrace-go/millrace/internal/rowcodec", "github.com/millrace-go/millrace/internal/spill",
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(path, "/")
			if strings.Contains(first, ".") && !slices.Contains(own, path) {
				t.Errorf("%s imports %s", name, path)
			}
			if path == "testing" || path == "unsafe" {
				t.Errorf("%s imports %s: programs use the generator, too", name, path)
			}
		}
	}
}

func TestPositions_Table(t *testing.T) {
	for _, tt := range []struct{ n, limit int }{{0, 64}, {1, 64}, {64, 64}, {65, 64}, {10_000, 64}, {1 << 30, 64}, {5, 4}, {5, 1}, {2, 1}, {100, 3}} {
		got := positions(tt.n, tt.limit)
		if tt.n == 0 {
			if len(got) != 0 {
				t.Errorf("positions(0, %d) = %v", tt.limit, got)
			}
			continue
		}
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) || got[0] != 0 || got[len(got)-1] != tt.n-1 {
			t.Errorf("positions(%d, %d) = %v, want ascending from 0 to the last", tt.n, tt.limit, got)
		}
		if len(got) > max(tt.limit, 2) || len(got) < min(tt.n, tt.limit)*3/4 {
			t.Errorf("positions(%d, %d) are %d", tt.n, tt.limit, len(got))
		}
		if !slices.Equal(got, positions(tt.n, tt.limit)) {
			t.Errorf("positions(%d, %d) differs between calls", tt.n, tt.limit)
		}
	}
}

func TestParseGoroutine_Table(t *testing.T) {
	for name, tt := range map[string]struct {
		text    string
		want    goroutine
		waiting bool
	}{
		"child":    {"goroutine 21 [chan receive]:\nmain.worker(...)\n\t/w.go:12 +0x1d\ncreated by main.start in goroutine 7\n\t/w.go:8 +0x65", goroutine{id: 21, parent: 7, state: "chan receive"}, true},
		"long":     {"goroutine 3 [select (no cases), 2 minutes]:\nmain.main()\n\t/m.go:1", goroutine{id: 3, state: "select (no cases), 2 minutes"}, true},
		"runnable": {"goroutine 1234567890123 [runnable]:\nmain.main()\n\t/m.go:1", goroutine{id: 1234567890123, state: "runnable"}, false},
		"mutex":    {"goroutine 5 [sync.Mutex.Lock]:\nmain.f()", goroutine{id: 5, state: "sync.Mutex.Lock"}, false},
		"bubble":   {"goroutine 5 [chan receive (durable), synctest bubble 4]:\nmain.f()", goroutine{id: 5, state: "chan receive (durable), synctest bubble 4"}, true},
		"nothing":  {"main.f()", goroutine{}, false},
		"no_id":    {"goroutine x [running]:", goroutine{}, false},
	} {
		got, ok := parseGoroutine(tt.text)
		if ok != (tt.want.id != 0) || got.id != tt.want.id || got.parent != tt.want.parent || got.state != tt.want.state || got.waiting() != tt.waiting {
			t.Errorf("%s: parseGoroutine = %+v, %v", name, got, ok)
		}
	}
	self, found := goroutineID(), false
	for _, g := range allGoroutines() {
		found = found || g.id == self && g.state == "running" && strings.Contains(g.stack, "TestParseGoroutine_Table")
	}
	if !found {
		t.Errorf("goroutine %d is not in the dump", self)
	}
}

// The alias table gives each rank its share, exactly up to the cut to 32 bits.
func TestRanks_Shares(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 1000} {
		r := newRanks(n, 1)
		share := make([]float64, n)
		for i, threshold := range r.threshold {
			own := float64(threshold) / (1 << 32)
			share[i] += own / float64(n)
			share[r.alias[i]] += (1 - own) / float64(n)
		}
		sum := 0.0
		for k := range n {
			sum += 1 / float64(k+1)
		}
		for k := range n {
			if want := 1 / float64(k+1) / sum; !closeTo(share[k], want, 1e-8) {
				t.Errorf("n=%d: rank %d has %v, want %v", n, k, share[k], want)
			}
		}
	}
}

func TestUserID_DistinctAndPositive(t *testing.T) {
	seen := make(map[int64]bool)
	for rank := range 100_000 {
		id := userID(rank)
		if id <= 0 || id > 1<<31-1 || seen[id] {
			t.Fatalf("userID(%d) = %d", rank, id)
		}
		seen[id] = true
	}
	if id := userID(1<<31 - 2); id <= 0 {
		t.Fatalf("userID(2^31-2) = %d", id)
	}
}
