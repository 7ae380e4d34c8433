package streamtest_test

import (
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/fold"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// broken runs the laws on a fold with one fault.
type broken func() []error

func lawless[T, A any](f stream.Fold[T, A], change func(*stream.Fold[T, A])) broken {
	if change != nil {
		change(&f)
	}
	return func() []error { return streamtest.BrokenLaws(f, streamtest.LawsOptions[T, A]{}) }
}

type (
	collect = stream.Fold[int, []int]
	tally   = stream.Fold[int, map[int]int]
)

func tallies() tally {
	return tally{
		New: func() map[int]int { return map[int]int{} },
		Add: func(acc *map[int]int, v int) { (*acc)[v]++ },
		Merge: func(dst, src *map[int]int) {
			for v, n := range *src {
				(*dst)[v] += n
			}
		},
		Exact: true,
		Size:  func(acc *map[int]int) int { return 16 * len(*acc) },
	}
}

// codecOf is a codec of three functions, of which a nil one is the right one.
type codecOf struct {
	append func([]byte, *[]int) ([]byte, error)
	decode func([]byte, *[]int) ([]byte, error)
	held   int64
}

func (c codecOf) Append(dst []byte, v *[]int) ([]byte, error) {
	if c.append != nil {
		return c.append(dst, v)
	}
	if *v == nil {
		return append(dst, 0), nil
	}
	dst = binary.AppendUvarint(dst, uint64(len(*v))+1)
	for _, x := range *v {
		dst = binary.AppendVarint(dst, int64(x))
	}
	return dst, nil
}

var errCut = errors.New("cut off")

func (c codecOf) Decode(src []byte, v *[]int) ([]byte, error) {
	if c.decode != nil {
		return c.decode(src, v)
	}
	return decodeInts(src, v)
}

func decodeInts(src []byte, v *[]int) ([]byte, error) {
	n, used := binary.Uvarint(src)
	if used <= 0 || n > uint64(len(src)) {
		return nil, errCut
	}
	src = src[used:]
	if n == 0 {
		*v = nil
		return src, nil
	}
	list := []int{}
	for range n - 1 {
		x, used := binary.Varint(src)
		if used <= 0 {
			return nil, errCut
		}
		src, list = src[used:], append(list, int(x))
	}
	*v = list
	return src, nil
}

func (c codecOf) Held(v *[]int) int64 { return c.held }

func badCodec(c codecOf) broken {
	return func() []error {
		return streamtest.BrokenLaws(fold.Collect[int](), streamtest.LawsOptions[int, []int]{Codec: c})
	}
}

// sickFolds are folds with one fault each, and what the report must say.
func sickFolds() map[string]struct {
	run  broken
	says []string
} {
	shared := map[int]int{}
	slab := make([]int, 0, 2000)
	calls := 0
	type found = struct {
		run  broken
		says []string
	}
	return map[string]found{
		"blind_looks": {lawless(fold.Sum(same), func(f *stream.Fold[int, int]) { f.Blind = true }),
			[]string{"blind: the values give ", "as many zero values 0, but the fold says Blind", "the input, 1 element"}},
		"merge_reorders": {lawless(fold.Collect[int](), func(f *collect) {
			f.Merge = func(dst, src *[]int) { *dst = append(slices.Clone(*src), *dst...) }
		}), []string{"merge: the parts ", "to the bit, since the fold says Exact", "the input, 2 elements", "replay: streamtest.LawsOptions{Seed: "}},
		"merge_loses_one_side": {lawless(fold.Sum(same), func(f *stream.Fold[int, int]) {
			f.Merge = func(dst, src *int) { *dst = max(*dst, *src) }
		}), []string{"merge: the parts ", "the input, 2 elements"}},
		"merge_into_nothing_forgets": {lawless(fold.Collect[int](), func(f *collect) {
			f.Merge = func(dst, src *[]int) {
				if *dst != nil {
					*dst = append(*dst, *src...)
				}
			}
		}), []string{"merge: the parts ", "give nil, want [", "the input, 1 element"}},
		"merge_counts_init": {lawless(fold.Sum(same), func(f *stream.Fold[int, int]) { f.New = func() int { return 1 } }),
			[]string{"merge: the parts ", "the input, 0 elements"}},
		"merge_aliases_src": {lawless(fold.Collect[int](), func(f *collect) {
			f.Merge = func(dst, src *[]int) {
				if len(*dst) == 0 {
					*dst = *src
					return
				}
				*dst = append(*dst, *src...)
			}
		}), []string{"merge: after Merge of ", "adding to dst changed src"}},
		"merge_aliases_a_map": {lawless(tallies(), func(f *tally) {
			merge := f.Merge
			f.Merge = func(dst, src *map[int]int) {
				if len(*dst) == 0 {
					*dst = *src
					return
				}
				merge(dst, src)
			}
		}), []string{"merge: after Merge of ", "adding to src changed dst"}},
		"merge_empties_src": {lawless(tallies(), func(f *tally) {
			merge := f.Merge
			f.Merge = func(dst, src *map[int]int) {
				merge(dst, src)
				clear(*src)
			}
		}), []string{"merge: after Merge of ", "src is map[], before it was map["}},
		"merge_sorts_src": {lawless(fold.Collect[int](), func(f *collect) {
			f.Merge = func(dst, src *[]int) {
				sorted := slices.Sorted(slices.Values(*src))
				*dst = append(*dst, *src...)
				copy(*src, sorted)
			}
		}), []string{"merge: ", "before it was ["}},
		"merge_panics_on_empty": {lawless(fold.Collect[int](), func(f *collect) {
			f.Merge = func(dst, src *[]int) {
				_ = (*src)[0]
				*dst = append(*dst, *src...)
			}
		}), []string{"merge: a panic: runtime error: index out of range"}},
		"exact_is_not": {lawless(fold.Sum(func(v int) float64 { return float64(v) / 10 }), func(f *stream.Fold[int, float64]) { f.Exact = true }),
			[]string{"merge: the parts ", "to the bit, since the fold says Exact"}},
		"exact_loses_the_sign_of_zero": {lawless(fold.Max(func(v int) float64 { return math.Copysign(0, float64(v)) }),
			func(f *stream.Fold[int, stream.Opt[float64]]) {
				f.Merge = func(dst, src *stream.Opt[float64]) {
					if src.IsPresent() {
						*dst = *src
					}
				}
			}), []string{"merge: the parts ", "want 0"}},
		"exact_without_merge": {lawless(fold.Count[int](), func(f *stream.Fold[int, int]) { f.Merge = nil }),
			[]string{"exact: Exact is set, but there is no Merge"}},
		"mean_of_means": {lawless(stream.Fold[int, []float64]{
			Add: func(acc *[]float64, v int) {
				if len(*acc) == 0 {
					*acc = []float64{0, 0}
				}
				(*acc)[1]++
				(*acc)[0] += (float64(v) - (*acc)[0]) / (*acc)[1]
			},
			Merge: func(dst, src *[]float64) {
				if len(*src) == 0 {
					return
				}
				if len(*dst) == 0 {
					*dst = []float64{0, 0}
				}
				*dst = []float64{((*dst)[0] + (*src)[0]) / 2, (*dst)[1] + (*src)[1]}
			},
			Size: func(acc *[]float64) int { return 8 * cap(*acc) },
		}, nil), []string{"merge: the parts "}},
		"new_shares_a_map": {lawless(tallies(), func(f *tally) {
			f.New = func() map[int]int { return shared }
			f.Add = func(acc *map[int]int, v int) { (*acc)[v%4]++ }
		}),
			[]string{"new: an empty accumulator was map["}},
		"new_shares_an_array": {lawless(fold.Collect[int](), func(f *collect) { f.New = func() []int { return slab } }),
			[]string{"new: an accumulator was [", "after another was filled it is ["}},
		"new_counts_its_calls": {lawless(fold.Sum(same), func(f *stream.Fold[int, int]) { f.New = func() int { calls++; return calls } }),
			[]string{"new: the first new accumulator was "}},
		"new_forgets_the_map": {lawless(tallies(), func(f *tally) { f.New = nil }),
			[]string{"new: a panic: assignment to entry in nil map"}},
		"add_is_random": {lawless(fold.Collect[int](), func(f *collect) {
			f.Add = func(acc *[]int, v int) { *acc = append(*acc, v+rand.IntN(2)) }
		}), []string{"add: "}},
		"add_depends_on_map_order": {lawless(tallies(), func(f *tally) {
			f.Add = func(acc *map[int]int, v int) {
				if (*acc)[v]++; len(*acc) > 3 {
					for k := range maps.Keys(*acc) {
						delete(*acc, k)
						break
					}
				}
			}
			f.Merge, f.Exact = nil, false
		}), []string{"add: ", "the same values gave map["}},
		"size_is_nil": {lawless(fold.Collect[int](), func(f *collect) { f.Size = nil }),
			[]string{"size: ", "but Size is nil: memory bounds would not see them"}},
		"size_counts_no_elements": {lawless(fold.Collect[int](), func(f *collect) { f.Size = func(*[]int) int { return 24 } }),
			[]string{"size: ", "but Size grew by 0"}},
		"size_is_negative": {lawless(tallies(), func(f *tally) { f.Size = func(acc *map[int]int) int { return 16*len(*acc) - 1 } }),
			[]string{"size: Size is -1"}},
		"size_exaggerates": {lawless(fold.Count[int](), func(f *stream.Fold[int, int]) { f.Size = func(acc *int) int { return *acc << 10 } }),
			[]string{"size: Size is ", "but the accumulator holds about 0 bytes"}},
		"size_changes_the_accumulator": {lawless(fold.Collect[int](), func(f *collect) {
			f.Size = func(acc *[]int) int { slices.Sort(*acc); return 8 * cap(*acc) }
		}), []string{"size: Size changed the accumulator from [", "the input, 2 elements"}},
		"accumulator_shares_inside": {lawless(stream.Fold[int, [2]*int]{
			New: func() [2]*int { n := new(int); return [2]*int{n, n} },
			Add: func(acc *[2]*int, v int) { *acc[0] += v },
			Merge: func(dst, src *[2]*int) {
				*dst[1] += *src[1]
			},
			Exact: true,
		}, nil), []string{"merge: the parts "}},

		"codec_loses_nil": {badCodec(codecOf{append: func(dst []byte, v *[]int) ([]byte, error) {
			list := append([]int{}, *v...)
			return codecOf{}.Append(dst, &list)
		}}), []string{"codec: nil came back as []", "the input, 0 elements"}},
		"codec_forgets_what_was_there": {badCodec(codecOf{append: func(dst []byte, v *[]int) ([]byte, error) {
			return codecOf{}.Append(nil, v)
		}}), []string{"codec: Append did not append"}},
		"codec_sorts": {badCodec(codecOf{append: func(dst []byte, v *[]int) ([]byte, error) {
			slices.Sort(*v)
			return codecOf{}.Append(dst, v)
		}}), []string{"codec: Append changed the accumulator"}},
		"codec_takes_everything": {badCodec(codecOf{decode: func(src []byte, v *[]int) ([]byte, error) {
			_, err := decodeInts(src, v)
			return nil, err
		}}), []string{"codec: Decode left 0 bytes of the input, want the 5 behind the value"}},
		"codec_trusts_a_length": {badCodec(codecOf{decode: func(src []byte, v *[]int) ([]byte, error) {
			rest, err := decodeInts(src, v)
			if err != nil {
				n, _ := binary.Uvarint(src)
				_ = src[n]
			}
			return rest, err
		}}), []string{"codec: a panic: runtime error: index out of range"}},
		"codec_fails": {badCodec(codecOf{append: func([]byte, *[]int) ([]byte, error) { return nil, errCut }}),
			[]string{"codec: Append(nil): cut off", "merge: Codec.Append(nil): cut off"}},
		"codec_cannot_read_itself": {badCodec(codecOf{decode: func([]byte, *[]int) ([]byte, error) { return nil, errCut }}),
			[]string{"codec: Decode of what Append wrote of nil: cut off", "merge: Codec.Decode of what it wrote of nil: cut off"}},
		"codec_holds_less_than_nothing": {badCodec(codecOf{held: -1}), []string{"codec: Held is -1"}},
		"codec_keeps_the_bytes":         {keepsBytes, []string{"codec: the bytes were overwritten after Decode, and "}},
	}
}

func same(v int) int { return v }

// byteCodec hands out the bytes it was given.
type byteCodec struct{}

func (byteCodec) Append(dst []byte, v *[]byte) ([]byte, error) {
	if *v == nil {
		return append(dst, 0), nil
	}
	return append(binary.AppendUvarint(dst, uint64(len(*v))+1), *v...), nil
}

func (byteCodec) Decode(src []byte, v *[]byte) ([]byte, error) {
	n, used := binary.Uvarint(src)
	if used <= 0 || n > uint64(len(src)-used)+1 {
		return nil, errCut
	}
	if src = src[used:]; n == 0 {
		*v = nil
		return src, nil
	}
	*v = src[: n-1 : n-1]
	return src[n-1:], nil
}

func (byteCodec) Held(v *[]byte) int64 { return int64(cap(*v)) }

func keepsBytes() []error {
	return streamtest.BrokenLaws(fold.Collect[byte](), streamtest.LawsOptions[byte, []byte]{Codec: byteCodec{}})
}

func TestLaws_EveryFaultIsCaught(t *testing.T) {
	for name, c := range sickFolds() {
		t.Run(name, func(t *testing.T) {
			found := errors.Join(c.run()...)
			require.Error(t, found)
			for _, says := range c.says {
				require.Contains(t, found.Error(), says)
			}
		})
	}
}

func TestLaws_GoodFoldsPass(t *testing.T) {
	t.Run("map", func(t *testing.T) { streamtest.Laws(t, tallies()) })
	t.Run("no_merge", func(t *testing.T) {
		streamtest.Laws(t, stream.Fold[string, int]{Add: func(acc *int, v string) { *acc = 31*(*acc) + len(v) }})
	})
	t.Run("codec", func(t *testing.T) {
		streamtest.LawsWith(t, fold.Collect[int](), streamtest.LawsOptions[int, []int]{Codec: codecOf{}})
	})
	t.Run("codec_relies_on_zero", func(t *testing.T) {
		// What it decodes into is a zero value, as operators give it one.
		adds := func(src []byte, v *[]int) ([]byte, error) {
			var list []int
			rest, err := decodeInts(src, &list)
			if *v = append(*v, list...); list != nil && *v == nil {
				*v = list
			}
			return rest, err
		}
		streamtest.LawsWith(t, fold.Collect[int](), streamtest.LawsOptions[int, []int]{Codec: codecOf{decode: adds}})
	})
	t.Run("strings_in_a_builder", func(t *testing.T) {
		// Two builders of the same text need not be the same inside.
		equal := func(a, b *strings.Builder) bool { return a.String() == b.String() }
		streamtest.LawsWith(t, stream.Fold[string, *strings.Builder]{
			New:   func() *strings.Builder { return new(strings.Builder) },
			Add:   func(acc **strings.Builder, v string) { (*acc).WriteString(v) },
			Merge: func(dst, src **strings.Builder) { (*dst).WriteString((*src).String()) },
			Exact: true,
			Size:  func(acc **strings.Builder) int { return (*acc).Cap() },
		}, streamtest.LawsOptions[string, *strings.Builder]{Equal: equal})
	})
}
