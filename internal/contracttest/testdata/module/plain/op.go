// Package plain exports no operator.
package plain

// Double is none.
func Double(v int) int { return 2 * v }
