//go:build !invariants

package merge

// checkInvariants is on under the invariants tag.
func (t *Tree[T]) checkInvariants() {}
