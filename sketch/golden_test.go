package sketch_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/sketch"
	"github.com/millrace-go/millrace/stream"
)

var update = flag.Bool("update", false, "rewrite the golden files and fuzz corpora in testdata")

// piece is a stretch of a frame and what it says.
type piece struct {
	n    int
	says string
}

var header = []piece{
	{4, "magic"}, {1, "format version"}, {1, "kind: 1 HLL, 2 Count-Min"}, {1, "flags: 1 conservative"}, {1, "reserved"},
	{8, "digest of the configuration"}, {4, "fingerprint of the seed"}, {4, "precision, or depth"}, {8, "0, or width"},
	{8, "length of the payload"}, {4, "CRC-32C of the header"},
}

// annotate writes bytes as lines of offset, hex and meaning.
func annotate(b []byte, pieces []piece) string {
	var out strings.Builder
	at := 0
	line := func(n int, says string) {
		for ; n > 0; n -= 16 {
			k := min(n, 16)
			text := fmt.Sprintf("%04d  %-32s", at, hex.EncodeToString(b[at:at+k]))
			if says != "" {
				text += "  # " + says
			}
			out.WriteString(strings.TrimRight(text, " ") + "\n")
			at, says = at+k, ""
		}
	}
	for _, p := range pieces {
		line(p.n, p.says)
	}
	line(len(b)-4-at, "")
	line(4, "CRC-32C of the payload")
	return out.String()
}

func unannotate(t *testing.T, text string) []byte {
	var b []byte
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		require.Len(t, fields, 2)
		piece, err := hex.DecodeString(fields[1])
		require.NoError(t, err)
		b = append(b, piece...)
	}
	return b
}

type order struct {
	Customer string
	Day      int32
}

// The bytes of snapshots are frozen: a file here fails where hash, encoding or frame have changed, and then
// what users have stored cannot be read any more. Change the format version instead, and keep these readable.
func TestSnapshot_Golden(t *testing.T) {
	sparse := []piece{{1, "axiomhq: version"}, {1, "precision"}, {1, "0"}, {1, "1: sparse"}, {4, "unordered keys: none"},
		{4, "keys in the list"}, {4, "last key"}, {4, "bytes of the list"}}
	dense := []piece{{1, "axiomhq: version"}, {1, "precision"}, {1, "0"}, {1, "0: dense"}, {4, "registers"}}
	counts := func(c *sketch.CountMin[string]) []piece {
		p := []piece{{8, "total"}}
		for row := range c.Depth() {
			for i := range c.Width() {
				p = append(p, piece{8, fmt.Sprintf("row %d, counter %d", row, i)})
			}
		}
		return p
	}
	hll := newHLL[string](t, sketch.HLLOptions{})
	for _, user := range []string{"ada", "bob", "cyd", "ada"} {
		hll.Add(user)
	}
	composite := newHLL[order](t, sketch.HLLOptions{Precision: 4, Seed: 1 << 40})
	for i := range 100 {
		composite.Add(order{Customer: fmt.Sprintf("customer-%d", i%30), Day: int32(i % 7)})
	}
	plain := newCountMin[string](t, sketch.CountMinOptions{Width: 4, Depth: 3})
	careful := newCountMin[string](t, sketch.CountMinOptions{Width: 3, Depth: 2, Conservative: true, Seed: 9})
	for i, event := range []string{"click", "view", "buy", "click", "search", "click"} {
		plain.Add(event, uint64(i+1))
		careful.Add(event, uint64(i+1)<<33)
	}
	for _, g := range []struct {
		name   string
		state  stream.State
		fresh  stream.State
		pieces []piece
	}{
		{"hll_empty", newHLL[string](t, sketch.HLLOptions{}), newHLL[string](t, sketch.HLLOptions{}), sparse},
		{"hll_sparse", hll, newHLL[string](t, sketch.HLLOptions{}), sparse},
		{"hll_dense_struct_keys", composite, newHLL[order](t, sketch.HLLOptions{Precision: 4, Seed: 1 << 40}), dense},
		{"countmin", plain, newCountMin[string](t, sketch.CountMinOptions{Width: 4, Depth: 3}), counts(plain)},
		{"countmin_conservative", careful, newCountMin[string](t, sketch.CountMinOptions{Width: 3, Depth: 2, Conservative: true, Seed: 9}), counts(careful)},
	} {
		t.Run(g.name, func(t *testing.T) {
			path := filepath.Join("testdata", "golden", g.name+".v1.txt")
			b := snapshot(t, g.state)
			got := annotate(b, append(append([]piece(nil), header...), g.pieces...))
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "run with -update")
			require.Equal(t, string(want), got)

			old := unannotate(t, string(want))
			require.NoError(t, g.fresh.Restore(bytes.NewReader(old)))
			require.Equal(t, old, snapshot(t, g.fresh))
		})
	}
}
