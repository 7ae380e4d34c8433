package validate_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// stubborn gives what it has, and from then on neither bytes nor an end.
type stubborn struct {
	have  io.Reader
	count int // what it returns then
	asked int
}

func (s *stubborn) Read(p []byte) (int, error) {
	if n, err := s.have.Read(p); err == nil {
		return n, nil
	}
	s.asked++
	return s.count, nil
}

// stubbornBeginnings stop within the look-ahead, in plain text, and within each decoder.
func stubbornBeginnings(t *testing.T) map[string]string {
	text, _ := manyRows(2000)
	z, zs := zipped(t, text), zstded(t, text)
	return map[string]string{
		"at_once":         "",
		"in_look_ahead":   "{\"",
		"plain":           text,
		"gzip_magic_only": z[:4],
		"gzip":            z[:len(z)/2],
		"gzip_between":    z,
		"zstd_magic_only": zs[:4],
		"zstd":            zs[:len(zs)/2],
		"zstd_between":    zs,
	}
}

func TestSources_ReaderWithoutProgressEnds(t *testing.T) {
	for name, raw := range stubbornBeginnings(t) {
		t.Run(name, func(t *testing.T) {
			r := &stubborn{have: strings.NewReader(raw)}
			ended := make(chan error, 1)
			go func() {
				_, _, err := all(func(o validate.Options) stream.Seq[reading] { return readings(t).NDJSON(r, o) }, validate.Options{Name: "modem"})
				ended <- err
			}()
			select {
			case err := <-ended:
				require.ErrorIs(t, err, io.ErrNoProgress)
				require.NotErrorIs(t, err, stream.ErrCorrupt)
				require.ErrorContains(t, err, "modem")
				var se *validate.SourceError
				require.ErrorAs(t, err, &se)
				require.LessOrEqual(t, r.asked, 200)
			case <-time.After(20 * time.Second):
				t.Fatal("still reading")
			}
		})
	}
}

func TestSources_ImpossibleCountPanics(t *testing.T) {
	for name, raw := range stubbornBeginnings(t) {
		for _, count := range []int{-1, 1 << 30} {
			t.Run(name, func(t *testing.T) {
				seq := readings(t).NDJSON(&stubborn{have: strings.NewReader(raw), count: count}, validate.Options{Name: "modem"})
				require.PanicsWithValue(t, "validate: reader of modem returned a count outside its buffer", func() { _, _ = stream.Count(seq) })
			})
		}
	}
}

// tailed ends with an error that comes beside the last bytes.
type tailed struct {
	text string
	err  error
}

func (r *tailed) Read(p []byte) (int, error) {
	n := copy(p, r.text)
	if r.text = r.text[n:]; r.text == "" {
		return n, r.err
	}
	return n, nil
}

// An error beside the bytes of the look-ahead is not lost, nor are the bytes.
func TestSources_ErrorBesideTheLastBytes(t *testing.T) {
	for _, text := range []string{"a,1\n", "a,1", "a,1\nb,2\n"} {
		o := validate.Options{Dialect: validate.Dialect{Columns: []string{"sensor", "value"}}}
		for _, want := range []error{io.EOF, io.ErrClosedPipe} {
			n, err := stream.Count(readings(t).CSV(&tailed{text, want}, o))
			if want == io.EOF {
				require.NoError(t, err)
				require.EqualValues(t, strings.Count(strings.TrimSpace(text), "\n")+1, n)
				continue
			}
			require.ErrorIs(t, err, want, "%q", text)
		}
	}
}
