package stream

import "io"

// State is what survives a process: the state of a dedup, a session store, a sketch. A dataset commits the
// snapshot of a State beside its output, so that both are of the same moment.
type State interface {
	// Snapshot writes the state: versioned, canonical (same state, same bytes), with the digest of its
	// configuration. It does not change the state.
	Snapshot(w io.Writer) error
	// Restore replaces the state by a snapshot. It refuses bytes of another configuration (ErrConflict)
	// or broken ones (ErrCorrupt) and then leaves the receiver unchanged. It allocates O(len(input)).
	Restore(r io.Reader) error
	// Digest identifies the configuration: two states with the same digest can restore each other's
	// snapshots.
	Digest() uint64
}
