// Package top keeps the greatest few of many values, in descending order; of equal values the earlier ones, in order
// of their arrival.
//
// A list is a slice that holds at most n values so ordered. Add takes one value more, Merge another list of later
// values. Both return the list in the memory of the first one where it has room.
package top

import "slices"

// Add puts v, which came after all of list, in its place: one comparison if there is none for it, otherwise O(log n)
// comparisons and O(n) moves.
func Add[T any](list []T, v T, n int, compare func(a, b T) int) []T {
	full := len(list) == n
	if full && compare(v, list[n-1]) <= 0 {
		return list
	}
	at, _ := slices.BinarySearchFunc(list, v, func(kept, v T) int {
		if compare(kept, v) >= 0 { // an equal one that came before stays before
			return -1
		}
		return 1
	})
	if full {
		copy(list[at+1:], list[at:])
		list[at] = v
		return list
	}
	return slices.Insert(list, at, v)
}

// Merge puts the values of later, a list that came after all of list, in their places: at most two comparisons and one
// move per value that is kept. later is left as it is; it must not share memory with list.
func Merge[T any](list, later []T, n int, compare func(a, b T) int) []T {
	// How many of each are kept: i and j.
	i, j := 0, 0
	for i+j < n && (i < len(list) || j < len(later)) {
		if j == len(later) || i < len(list) && compare(list[i], later[j]) >= 0 {
			i++
		} else {
			j++
		}
	}
	// From behind, so that nothing of list is written over before it is moved.
	list = append(list[:i], later[:j]...)
	for to := len(list) - 1; j > 0; to-- {
		if i > 0 && compare(list[i-1], later[j-1]) < 0 {
			i--
			list[to] = list[i]
		} else {
			j--
			list[to] = later[j]
		}
	}
	return list
}
