package stream_test

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// oddHeld is a codec whose Held is wrong for the element 1234.
type oddHeld struct {
	numberCodec
	held int64
}

func (c oddHeld) Held(v *int) int64 {
	if *v == 1234 {
		return c.held
	}
	return 0
}

// numberCodec writes two bytes.
type numberCodec struct{}

func (numberCodec) Append(dst []byte, v *int) ([]byte, error) {
	return append(dst, byte(*v>>8), byte(*v)), nil
}
func (numberCodec) Held(*int) int64 { return 0 }
func (numberCodec) Decode(src []byte, v *int) ([]byte, error) {
	if len(src) < 2 {
		return src, fmt.Errorf("%d bytes", len(src))
	}
	*v = int(src[0])<<8 | int(src[1])
	return src[2:], nil
}

// A codec which says that a row holds less than nothing, or more than there can be, is named. It was a panic of an account,
// or a sum that had overflowed and let everything through.
func TestCodec_HeldIsNoNumberOfBytes(t *testing.T) {
	for _, held := range []int64{-1, -7, math.MinInt64, math.MaxInt64, math.MaxInt64 / 2} {
		for _, memory := range []int64{16 << 10, 1 << 20} {
			for _, workers := range []int{0, 2} {
				codec, r := oddHeld{held: held}, stream.Resources{Memory: memory, Workers: workers, TempDir: t.TempDir()}
				join := stream.JoinOptions{LeftCodec: codec, RightCodec: numberCodec{}, Resources: r}
				turned := stream.JoinOptions{LeftCodec: numberCodec{}, RightCodec: codec, Resources: r}
				for name, err := range map[string]error{
					"Codec":      stream.Drain(stream.Sort(numbers(3000), self, stream.SortOptions{Codec: codec, Resources: r})),
					" Codec":     stream.Drain(stream.Aggregate(numbers(3000), self, countInts, stream.AggregateOptions{Codec: codec, Resources: r})),
					"  Codec":    stream.Drain(stream.GroupBy(numbers(3000), self, stream.AggregateOptions{Codec: codec, Resources: r})),
					"LeftCodec":  stream.Drain(stream.Join(numbers(3000), numbers(3000), self, self, join)),
					"RightCodec": stream.Drain(stream.Join(numbers(3000), numbers(3000), self, self, turned)),
				} {
					var option *stream.OptionError
					require.ErrorAs(t, err, &option, "%s, %d", name, held)
					require.Contains(t, name, option.Option)
					require.ErrorContains(t, err, fmt.Sprintf("%d from stream_test.oddHeld for a int", held))
				}
			}
		}
	}
}

// So with Fold.Size.
func TestFoldSize_IsNoNumberOfBytes(t *testing.T) {
	at := func(v int) time.Time { return time.Unix(int64(v), 0) }
	zero := func(int) int { return 0 }
	for _, size := range []int{-1, -5, math.MinInt, math.MaxInt} {
		if size == math.MaxInt32 {
			continue // so much can be held where an int has 32 bits
		}
		for _, exact := range []bool{false, true} {
			fold := countInts
			fold.Merge, fold.Exact = func(dst, src *int) { *dst += *src }, exact
			fold.Size = func(n *int) int {
				if *n > 2 {
					return size
				}
				return 8
			}
			r := stream.Resources{Memory: 1 << 20, TempDir: t.TempDir()}
			errs := map[string]error{
				"Aggregate": stream.Drain(stream.Aggregate(numbers(300), zero, fold, stream.AggregateOptions{Resources: r})),
				"Window":    stream.Drain(stream.Window(numbers(300), 10*time.Second, zero, at, fold, stream.WindowOptions[int]{Resources: r})),
			}
			if exact {
				errs["Trailing"] = stream.Drain(stream.Trailing(numbers(300), 10*time.Second, zero, at, fold, stream.TrailingOptions[int]{Resources: r}))
			}
			for fn, err := range errs {
				var option *stream.OptionError
				require.ErrorAs(t, err, &option, fn)
				require.Equal(t, fn, option.Func)
				require.Equal(t, "fold.Size", option.Option)
				require.ErrorContains(t, err, fmt.Sprintf("got %d for a int", size))
			}
		}
	}
}

// What New makes counts from the beginning.
func TestFoldSize_OfTheEmptyAccumulator(t *testing.T) {
	large := stream.Fold[int, []byte]{
		New:  func() []byte { return make([]byte, 0, 4<<10) },
		Add:  func(acc *[]byte, v int) { *acc = append(*acc, byte(v)) },
		Size: func(acc *[]byte) int { return cap(*acc) },
	}
	meters := stream.NewMeters(stream.MetersOptions{})
	r := stream.Resources{Memory: 256 << 10, TempDir: t.TempDir(), Stage: meters.Stage("spilled")}
	got, err := stream.Collect(stream.Aggregate(numbers(200), strconv.Itoa, large, stream.AggregateOptions{Resources: r}))
	require.NoError(t, err)
	require.Len(t, got, 200)
	require.Positive(t, meters.Stats().Stages[0].SpillBytes, "800 KiB in 256")
}
