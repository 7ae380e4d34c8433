//go:build !invariants

package dedup

// checkInvariants does nothing without the build tag invariants.
func (e *approx[T, K]) checkInvariants() {}
