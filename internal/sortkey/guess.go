package sortkey

// Guess looks for a number in T by which these elements, which are in the order of compare, are in order: one of the
// numbers, strings or times that are fields of T or of a struct in it, ascending or descending. nil: there is none.
//
// Among the elements it does not fall, it is the same where compare says they are equal, and differs for most neighbours
// that compare tells apart. That other elements are in order by it too is not known.
func Guess[T any](inOrder []*T, compare func(a, b T) int) func(v *T) uint64 {
	apart := make([]bool, len(inOrder)) // from the element before
	most := 0
	for i := 1; i < len(inOrder); i++ {
		if apart[i] = compare(*inOrder[i-1], *inOrder[i]) != 0; apart[i] {
			most++
		}
	}
	most /= 2
	var best func(v *T) uint64
	for _, number := range numbersIn[T]() {
		if n := rises(inOrder, apart, number); n > most {
			best, most = number, n
		}
	}
	return best
}

// rises counts the neighbours whose numbers differ; it is -1 where the numbers contradict the order.
func rises[T any](inOrder []*T, apart []bool, number func(v *T) uint64) int {
	n := 0
	for i := 1; i < len(inOrder); i++ {
		a, b := number(inOrder[i-1]), number(inOrder[i])
		switch {
		case a > b || a < b && !apart[i]:
			return -1
		case a < b:
			n++
		}
	}
	return n
}
