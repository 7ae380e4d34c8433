package sketch

import (
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// DistinctFold counts the distinct keys of a group: its accumulator is an HLL. It is exact in the sense of
// stream.Fold: however the work is split and merged, the sketch is the same, byte for byte, so that engines
// may split a hot key. Estimates are approximate all the same.
//
// Wrong options come back as the error, that of NewHLL. It panics if key is nil. The fold is safe for
// concurrent use if key is; accumulators are not.
func DistinctFold[T any, K comparable](key func(T) K, o HLLOptions) (stream.Fold[T, *HLL[K]], error) {
	if key == nil {
		panic("sketch: DistinctFold: nil key")
	}
	empty, err := newHLL[K]("DistinctFold", o)
	if err != nil {
		return stream.Fold[T, *HLL[K]]{}, err
	}
	return stream.Fold[T, *HLL[K]]{
		New:   func() *HLL[K] { return &HLL[K]{hasher: empty.hasher, regs: newRegisters(empty.regs.config)} },
		Add:   func(acc **HLL[K], v T) { (*acc).Add(key(v)) },
		Merge: func(dst, src **HLL[K]) { mustMerge("DistinctFold", (*dst).Merge(*src)) },
		Exact: true,
		Size:  func(acc **HLL[K]) int { return (*acc).Size() },
	}, nil
}

// FrequencyFold counts how often each key of a group occurs: its accumulator is a CountMin, to which each
// value adds its key once. It is exact in the sense of stream.Fold unless Conservative, which depends on the
// order of keys. Each group takes the memory of a whole CountMin: keep it small, or groups few.
//
// Wrong options come back as the error, that of NewCountMin. It panics if key is nil. The fold is safe for
// concurrent use if key is; accumulators are not.
func FrequencyFold[T any, K comparable](key func(T) K, o CountMinOptions) (stream.Fold[T, *CountMin[K]], error) {
	if key == nil {
		panic("sketch: FrequencyFold: nil key")
	}
	empty, err := newCountMin[K]("FrequencyFold", "", o)
	if err != nil {
		return stream.Fold[T, *CountMin[K]]{}, err
	}
	config := empty.counters.config
	return stream.Fold[T, *CountMin[K]]{
		New:   func() *CountMin[K] { return &CountMin[K]{hasher: empty.hasher, counters: newCounters(config)} },
		Add:   func(acc **CountMin[K], v T) { (*acc).Add(key(v), 1) },
		Merge: func(dst, src **CountMin[K]) { mustMerge("FrequencyFold", (*dst).Merge(*src)) },
		Exact: !o.Conservative,
		Size:  func(acc **CountMin[K]) int { return (*acc).Size() },
	}, nil
}

// HeavyHittersFold finds the most frequent keys of a group: its accumulator is a HeavyHitters, to which each
// value adds its key once. It can merge, and then keeps its guarantees, but is not exact in the sense of
// stream.Fold: the list may depend on how the work was split. Each group takes the memory of a whole
// CountMin.
//
// Wrong options come back as the error, that of NewHeavyHitters. It panics if key is nil. The fold is safe
// for concurrent use if key is; accumulators are not.
func HeavyHittersFold[T any, K comparable](key func(T) K, o HeavyHittersOptions) (stream.Fold[T, *HeavyHitters[K]], error) {
	if key == nil {
		panic("sketch: HeavyHittersFold: nil key")
	}
	if _, err := newHeavyHitters[K]("HeavyHittersFold", o); err != nil {
		return stream.Fold[T, *HeavyHitters[K]]{}, err
	}
	return stream.Fold[T, *HeavyHitters[K]]{
		New: func() *HeavyHitters[K] {
			h, err := newHeavyHitters[K]("HeavyHittersFold", o)
			if err != nil {
				panic(fmt.Sprintf("sketch: HeavyHittersFold: options were fine before: %v", err))
			}
			return h
		},
		Add:   func(acc **HeavyHitters[K], v T) { (*acc).Add(key(v), 1) },
		Merge: func(dst, src **HeavyHitters[K]) { mustMerge("HeavyHittersFold", (*dst).Merge(*src)) },
		Size:  func(acc **HeavyHitters[K]) int { return (*acc).Size() },
	}, nil
}

// mustMerge panics where accumulators of two folds were mixed: those of one fold agree by construction.
func mustMerge(fn string, err error) {
	if err != nil {
		panic(fmt.Sprintf("sketch: %s: accumulators of different folds: %v", fn, err))
	}
}
