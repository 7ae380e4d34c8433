//go:build invariants

package merge

import "fmt"

// checkInvariants panics with the number of the first invariant that does not hold. Of many inputs it looks at the
// winner's path alone, so that a test stays linear.
func (t *Tree[T]) checkInvariants() {
	fail := func(number int, format string, args ...any) {
		panic(fmt.Sprintf("merge: invariant %d: %s\nnodes %v", number, fmt.Sprintf(format, args...), t.nodes))
	}
	k := len(t.inputs)
	if len(t.nodes) != k {
		fail(1, "%d nodes of %d inputs", len(t.nodes), k)
	}
	w := t.nodes[0]
	for n := (k + int(w.input%ended)) / 2; n > 0; n /= 2 {
		if t.before(t.nodes[n], w) {
			fail(2, "%v at node %d comes before the winner %v", t.nodes[n], n, w)
		}
	}
	if k > 64 {
		return
	}
	for i := range t.inputs {
		if in := &t.inputs[i]; in.at > len(in.chunk) {
			fail(3, "input %d is at %d of %d", i, in.at, len(in.chunk))
		}
	}
	seen := make([]bool, k)
	for n, l := range t.nodes {
		i := int(l.input % ended)
		if i >= k || seen[i] || l != t.player(i) {
			fail(1, "node %d has %v", n, l)
		}
		seen[i] = true
		if n > 0 && t.before(l, w) {
			fail(2, "%v at node %d comes before the winner %v", l, n, w)
		}
	}
}
