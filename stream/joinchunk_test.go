package stream_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// Left rows are looked up in runs of 1, 2, 4 up to 256: these are the positions where a run ends, and their neighbours.
var chunkEdges = []int{0, 1, 2, 3, 4, 6, 7, 8, 14, 15, 16, 126, 127, 128, 254, 255, 256, 257, 510, 511, 512, 766, 767, 768}

// chunkRight has no row for keys that end in 3, one for most, and two for those that end in 7.
func chunkRight() (right []int) {
	for k := range 50 {
		if k%10 != 3 {
			right = append(right, k)
		}
		if k%10 == 7 {
			right = append(right, k+1000)
		}
	}
	return append(right, 999) // nobody's
}

func chunkLefts(n int) []int {
	left := make([]int, n)
	for i := range left {
		left[i] = i * 37
	}
	return left
}

func inFifty(v int) int { return v % 50 }

func inThousand(v int) int {
	if v == 999 {
		return v
	}
	return v % 1000
}

type intPair = stream.Joined[int, int]

// chunkModel is what comes of left rows, and of right ones behind them where these are all.
func chunkModel(kind stream.JoinKind, left []int, ended bool) (out []intPair) {
	right := chunkRight()
	seen := make([]bool, len(right))
	for _, l := range left {
		pairs := 0
		for i, r := range right {
			if inThousand(r) == inFifty(l) {
				seen[i] = true
				if pairs++; kind != stream.Semi && kind != stream.Anti {
					out = append(out, intPair{Left: l, Right: r, HasLeft: true, HasRight: true})
				}
			}
		}
		if pairs > 0 && kind == stream.Semi || pairs == 0 && (kind == stream.Left || kind == stream.Full || kind == stream.Anti) {
			out = append(out, intPair{Left: l, HasLeft: true})
		}
	}
	for i, r := range right {
		if ended && !seen[i] && (kind == stream.Right || kind == stream.Full) {
			out = append(out, intPair{Right: r, HasRight: true})
		}
	}
	return out
}

func TestJoin_Oracle_AroundChunks(t *testing.T) {
	for _, kind := range joinKinds {
		for _, n := range chunkEdges {
			for _, chunk := range []int{0, 1, 3, 255, 256} {
				opts := stream.JoinOptions{Kind: kind, Chunk: chunk}
				left := stream.Of(chunkLefts(n)...)
				got, err := stream.Collect(stream.Join(left, stream.Of(chunkRight()...), inFifty, inThousand, opts))
				require.NoError(t, err)
				require.Equal(t, chunkModel(kind, chunkLefts(n), true), got, "%v, %d left rows, chunk %d", kind, n, chunk)

				// The left side fails behind n rows: all of them come first, and no lone right row.
				failing := stream.Concat(left, stream.Fail[int](errBoom))
				got, err = stream.Collect(stream.Join(failing, stream.Of(chunkRight()...), inFifty, inThousand, opts))
				require.ErrorIs(t, err, errBoom)
				require.Equal(t, chunkModel(kind, chunkLefts(n), false), got, "%v, an error behind %d left rows, chunk %d", kind, n, chunk)
			}
		}
	}
}

// A key that cannot be one ends the join behind the rows before it.
func TestJoin_KeyErrorAroundChunks(t *testing.T) {
	for _, n := range chunkEdges {
		left := append(chunkLefts(n), -1, 0, 0)
		key := func(v int) any {
			if v < 0 {
				return []int{v}
			}
			return inFifty(v)
		}
		got, err := stream.Collect(stream.Join(stream.Of(left...), stream.Of(chunkRight()...), key, func(v int) any { return inThousand(v) }, stream.JoinOptions{}))
		var keyError *stream.KeyError
		require.ErrorAs(t, err, &keyError)
		require.EqualValues(t, n, keyError.Index)
		require.Equal(t, chunkModel(stream.Inner, chunkLefts(n), false), got, "%d rows before it", n)
	}
}

// Whoever breaks has what came before, the left side has ended, and no more was read of it than the doc says.
func TestJoin_BreakAroundChunks(t *testing.T) {
	want := chunkModel(stream.Left, chunkLefts(800), false)
	for _, stop := range chunkEdges[1:] {
		read, ended := 0, false
		left := func(yield func(int, error) bool) {
			defer func() { ended = true }()
			for _, v := range chunkLefts(800) {
				read++
				if !yield(v, nil) {
					return
				}
			}
		}
		var got []intPair
		for j, err := range stream.Join(left, stream.Of(chunkRight()...), inFifty, inThousand, stream.JoinOptions{Kind: stream.Left}) {
			require.NoError(t, err)
			if got = append(got, j); len(got) == stop {
				break
			}
		}
		require.Equal(t, want[:stop], got)
		require.True(t, ended)
		needed := slices.Index(chunkLefts(800), got[stop-1].Left) + 1
		require.LessOrEqual(t, read, min(2*needed, needed+255), fmt.Sprint(stop))
	}
}
