//go:build !invariants

package table

// checkInvariants is on under the invariants tag.
func (t *Table[K]) checkInvariants() {}

func (t *Inline[K, V]) checkInvariants() {}
