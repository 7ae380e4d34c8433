package streamtest_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// Streak is the longest run of alarms in a row.
type Streak struct {
	Longest int
	Now     int // alarms since the last quiet reading
}

// longestStreak cannot be merged as its author thought: a run may go over the cut.
var longestStreak = stream.Fold[bool, Streak]{
	Add: func(acc *Streak, alarm bool) {
		if acc.Now++; !alarm {
			acc.Now = 0
		}
		acc.Longest = max(acc.Longest, acc.Now)
	},
	Merge: func(dst, src *Streak) {
		dst.Longest = max(dst.Longest, src.Longest)
		dst.Now = src.Now
	},
	Exact: true,
}

func ExampleLaws() {
	streamtest.Laws(t, longestStreak)
	// Output:
	// streamtest: the fold breaks its laws:
	//   - merge: the parts (0:1 + 1:1) give {Longest:1 Now:0}, want {Longest:1 Now:1}, to the bit, since the fold says Exact
	//     the input, 1 element:
	//       0: true
	//     replay: streamtest.LawsOptions{Seed: 1, Cases: 1}
}

// streakCodec writes what a spill file or a snapshot would hold.
type streakCodec struct{}

func (streakCodec) Append(dst []byte, s *Streak) ([]byte, error) {
	return binary.AppendVarint(binary.AppendVarint(dst, int64(s.Longest)), int64(s.Now)), nil
}

func (streakCodec) Decode(src []byte, s *Streak) ([]byte, error) {
	longest, n := binary.Varint(src)
	now, m := binary.Varint(src[max(n, 0):])
	if n <= 0 || m <= 0 {
		return nil, errors.New("streak: cut off")
	}
	*s = Streak{Longest: int(longest), Now: int(now)}
	return src[n+m:], nil
}

func (streakCodec) Held(*Streak) int64 { return 0 }

// Without Merge the fold is right: engines then keep to whole, in-order accumulation. Its accumulators go through
// the codec all the same.
func ExampleLawsWith() {
	whole := longestStreak
	whole.Merge, whole.Exact = nil, false
	streamtest.LawsWith(t, whole, streamtest.LawsOptions[bool, Streak]{
		Codec:    streakCodec{},
		Generate: func(r *rand.Rand, n int) []bool { return slices.Repeat([]bool{true, true, r.IntN(2) == 0}, n) },
	})
	fmt.Println("passed")
	// Output: passed
}

func ExampleBrokenLaws() {
	count := fold.Count[string]()
	count.Merge = nil
	for _, err := range streamtest.BrokenLaws(count, streamtest.LawsOptions[string, int]{}) {
		fmt.Println(err)
	}
	// Output: exact: Exact is set, but there is no Merge
}
