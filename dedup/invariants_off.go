//go:build !invariants

package dedup

func (e *hashed[T]) checkInvariants()      {}
func (t *teamCore) checkInvariants()       {}
func (e *adjacent[T, K]) checkInvariants() {}
func (e *twice[T, K]) checkInvariants()    {}
