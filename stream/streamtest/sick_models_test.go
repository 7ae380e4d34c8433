package streamtest_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

// sickModel is an operator that is wrong on some inputs only, its model, and what the report must say: all of it, the
// smallest input included.
type sickModel struct {
	op    func(ints) ints
	naive func([]int) []int // nil: the input
	o     streamtest.ModelOptions[int, int]
	says  []string
}

// whole makes an operator of a function over the whole input.
func whole(f func([]int) []int) func(ints) ints {
	return func(s ints) ints {
		return func(yield give) {
			all, err := stream.Collect(s)
			if err != nil {
				yield(0, err)
				return
			}
			for _, v := range f(all) {
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

func identity(all []int) []int { return all }

func countDistinct(all []int) []int {
	slices.Sort(all)
	return []int{len(slices.Compact(all))}
}

func sickModels(tempDir string) map[string]sickModel {
	return map[string]sickModel{
		"loses_a_full_chunk's_last": {
			op: whole(func(all []int) []int {
				if len(all) >= 256 {
					return slices.Delete(all, 255, 256)
				}
				return all
			}),
			says: []string{"want 256 elements (-), got 255 elements (+)", "the input, 256 elements", "... and 216 more elements"},
		},
		"table_grows_wrongly": {
			op: whole(func(all []int) []int {
				if len(all) > 512 {
					all[0]++
				}
				return all
			}),
			says: []string{"the input, 513 elements", "-   0: 0\n+   0: 1"},
		},
		"one_value_is_special": {
			op: each(func(v int, err error, yield give) bool {
				if v == 7 {
					v = 8
				}
				return forward(v, err, yield)
			}),
			says: []string{"the input, 1 element (shrunk from ", "  0: 7\nreplay: streamtest.ModelOptions{Seed: ", ", Cases: 1}", "- 0: 7\n+ 0: 8"},
		},
		"key_is_cut": {
			op: whole(func(all []int) []int {
				seen := map[uint8]bool{}
				for _, v := range all {
					seen[uint8(v)] = true
				}
				return []int{len(seen)}
			}),
			naive: countDistinct,
			says:  []string{"the input, 2 elements (shrunk from ", "- 0: 2\n+ 0: 1"},
		},
		"ties_reversed": {
			op:    whole(func(all []int) []int { slices.Reverse(all); slices.SortStableFunc(all, byTens); return all }),
			naive: func(all []int) []int { slices.SortStableFunc(all, byTens); return all },
			says:  []string{"the input, 2 elements"},
		},
		"negative": {
			op: whole(func(all []int) []int {
				best := 0
				for _, v := range all {
					best = max(best, v)
				}
				return []int{best}
			}),
			naive: func(all []int) []int {
				if len(all) == 0 {
					return []int{0}
				}
				return []int{slices.Max(all)}
			},
			says: []string{"the input, 1 element", "  0: -1\n"},
		},
		"panics_when_empty": {
			op:    whole(func(all []int) []int { return all[:1] }),
			naive: func(all []int) []int { return all[:min(1, len(all))] },
			says:  []string{"it panicked with", "the input, 0 elements"},
		},
		"ends_with_an_error": {
			op:   whole2("odd length", func(all []int) bool { return len(all)%2 == 0 }),
			says: []string{`it ended with the error "odd length" after 0 values`, "the input, 1 element"},
		},
		"loses_late_errors": {
			op: func(s ints) ints {
				return func(yield give) {
					n := 0
					for v, err := range s {
						if n++; err != nil && n > 100 {
							return
						}
						if !forward(v, err, yield) {
							return
						}
					}
				}
			},
			says: []string{"error at input ", "want an error that wraps the injected one, but it ended without an error after "},
		},
		"invents_before_an_error": {
			op: func(s ints) ints {
				return func(yield give) {
					n := 0
					for v, err := range s {
						if n++; err != nil && n > 50 && !yield(-1, nil) {
							return
						}
						if !forward(v, err, yield) {
							return
						}
					}
				}
			},
			says: []string{"error at input ", "the values before the error do not begin the model's"},
		},
		"deaf_in_the_second_chunk": {
			op: func(s ints) ints {
				return func(yield give) {
					n := 0
					for v, err := range s {
						if n++; !forward(v, err, yield) && n <= 64 {
							return
						}
					}
				}
			},
			says: []string{"break at output ", "E4 stop: "},
		},
		"goroutine_for_many": {
			op: func(s ints) ints {
				return whole(func(all []int) []int {
					if len(all) >= 33 {
						go func() { select {} }()
					}
					return all
				})(s)
			},
			o:    streamtest.ModelOptions[int, int]{MaxLen: 33},
			says: []string{"E4 goroutines: 1 goroutine left", "the input, 33 elements"},
		},
		"temp_file_for_many": {
			op: func(s ints) ints {
				return whole(func(all []int) []int {
					if len(all) >= 65 {
						mustTemp(tempDir)
					}
					return all
				})(s)
			},
			o:    streamtest.ModelOptions[int, int]{TempDir: tempDir},
			says: []string{"E4 temp files: left in the temp directory", "the input, 65 elements"},
		},
		"hangs_at_a_length": {
			op: whole(func(all []int) []int {
				if len(all) == 3 {
					time.Sleep(300 * time.Millisecond)
				}
				return all
			}),
			o:    streamtest.ModelOptions[int, int]{Patience: 30 * time.Millisecond},
			says: []string{"no hang: the run did not end within 30ms", "the input, 3 elements:", "replay: streamtest.ModelOptions{Seed: 3, Cases: 1}"},
		},
		"unordered_loses_a_twin": {
			op: whole(func(all []int) []int {
				slices.Sort(all)
				for i := 3; i < len(all); i++ {
					if all[i] == all[i-3] {
						return slices.Delete(all, i, i+1)
					}
				}
				return all
			}),
			o:    streamtest.ModelOptions[int, int]{Unordered: true},
			says: []string{"the input, 4 elements", "in any order", "  0: 0\n  1: 0\n  2: 0\n  3: 0\n"},
		},
		"variant_in_another_order": {
			op: whole(identity),
			o: streamtest.ModelOptions[int, int]{Variants: map[string]func(ints) ints{
				"workers=1": whole(identity),
				"workers=2": whole(func(all []int) []int {
					if len(all) > 8 {
						slices.Reverse(all)
					}
					return all
				}),
			}},
			says: []string{`variant "workers=2": it differs from the operator:`, "the input, 9 elements"},
		},
		"valid_inputs_only": { // what Generate promises, shrinking keeps: pairs of equal elements
			op: whole(func(all []int) []int {
				if len(all) >= 10 {
					return all[:9]
				}
				return all
			}),
			o: streamtest.ModelOptions[int, int]{Generate: pairs, Valid: func(all []int) bool {
				return len(all)%2 == 0 && !slices.ContainsFunc(all, func(v int) bool { return v < 1 })
			}},
			says: []string{"the input, 10 elements", "  0: 1\n  1: 1\n"},
		},
		"generated_inputs_keep_their_elements": {
			op: whole(func(all []int) []int { return all[:min(len(all), 2)] }),
			o: streamtest.ModelOptions[int, int]{Generate: func(r *rand.Rand, n int) []int {
				all := make([]int, n)
				for i := range all {
					all[i] = 1000 + i
				}
				return all
			}},
			says: []string{"the input, 3 elements", "  2: 100"},
		},
	}
}

func byTens(a, b int) int { return cmp.Compare(a/10, b/10) }

func pairs(r *rand.Rand, n int) []int {
	all := make([]int, n&^1)
	for i := range all {
		all[i] = 1 + r.IntN(100)
		if i%2 == 1 {
			all[i] = all[i-1]
		}
	}
	return all
}

type problem string

func (p problem) Error() string { return string(p) }

// whole2 is the identity that ends with an error unless the input is good.
func whole2(says string, good func([]int) bool) func(ints) ints {
	return func(s ints) ints {
		return func(yield give) {
			all, err := stream.Collect(s)
			if err == nil && !good(all) {
				err = problem(says)
			}
			if err != nil {
				yield(0, err)
				return
			}
			whole(identity)(stream.Of(all...))(yield)
		}
	}
}

func TestModel_EveryFaultIsCaught(t *testing.T) {
	tempDir := t.TempDir()
	for name, c := range sickModels(tempDir) {
		t.Run(name, func(t *testing.T) {
			if c.naive == nil {
				c.naive = identity
			}
			err := streamtest.Mismatch(c.op, c.naive, c.o)
			require.Error(t, err)
			for _, says := range c.says {
				require.Contains(t, err.Error(), says)
			}
		})
	}
}

// The seed that a failure tells makes the same failure, and the operator without the fault passes.
func TestModel_Replays(t *testing.T) {
	c := sickModels("")["key_is_cut"]
	err := streamtest.Mismatch(c.op, c.naive, c.o)
	require.Error(t, err)
	_, replay, found := strings.Cut(err.Error(), "Seed: ")
	require.True(t, found)
	number, _, _ := strings.Cut(replay, ",")
	seed := uint64(0)
	for _, digit := range number {
		seed = 10*seed + uint64(digit-'0')
	}
	require.Equal(t, err, streamtest.Mismatch(c.op, c.naive, streamtest.ModelOptions[int, int]{Seed: seed, Cases: 1}))
}

func TestModel_GoodOperatorsPass(t *testing.T) {
	t.Run("sorted", func(t *testing.T) {
		streamtest.Model(t, sorted, func(all []int) []int { slices.Sort(all); return all })
	})
	t.Run("take", func(t *testing.T) {
		streamtest.Model(t, take[string](3), func(all []string) []string { return all[:min(3, len(all))] })
	})
	t.Run("prefetch", func(t *testing.T) {
		streamtest.ModelWith(t, prefetch(4), identity, streamtest.ModelOptions[int, int]{
			Variants: map[string]func(ints) ints{"more": prefetch(100), "none": mapOp(func(v int) int { return v })},
			Cases:    70,
		})
	})
	t.Run("batch", func(t *testing.T) {
		streamtest.Model(t, batch(5, true), func(all []int) [][]int { return slices.Collect(slices.Chunk(all, 5)) })
	})
	t.Run("unordered", func(t *testing.T) {
		streamtest.ModelWith(t, whole(func(all []int) []int { slices.Reverse(all); return all }), identity,
			streamtest.ModelOptions[int, int]{Unordered: true})
	})
	t.Run("own_equal", func(t *testing.T) {
		streamtest.ModelWith(t, mapOp(double), func(all []int) []int { return make([]int, len(all)) },
			streamtest.ModelOptions[int, int]{Equal: func(a, b int) bool { return a%2 == b%2 }})
	})
}
