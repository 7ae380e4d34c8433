//go:build !invariants

package session

func (c *core[T, K, A]) checkInvariants() {}
