//go:build invariants

package session

import "fmt"

// booked is what the account must hold between two calls.
func (c *core[T, K, A]) booked() int64 {
	used := c.bytes + int64(cap(c.slots))*sizeOf[visits[T]]() + int64(cap(c.dues))*sizeOf[dueKey]() + int64(cap(c.ready))*sizeOf[closed[T]]()
	list := func(events []held[T]) {
		used += int64(cap(events)) * sizeOf[held[T]]()
		if c.opts.Size != nil {
			for i := range events {
				used += int64(c.opts.Size(events[i].value))
			}
		}
	}
	for key := range c.slots {
		v := &c.slots[key]
		list(v.pending)
		list(v.open.events)
		used += int64(cap(v.given)) * sizeOf[closed[T]]()
		for i := range v.given {
			list(v.given[i].events)
		}
		if v.tail.last != nil {
			list([]held[T]{*v.tail.last})
		}
	}
	return used
}

// checkedKeys is how many keys a core may have and still be checked, for that looks at all of them after each call.
const checkedKeys = 128

// checkInvariants panics where an invariant of core or visits does not hold; the number is that of the list.
func (c *core[T, K, A]) checkInvariants() {
	if len(c.slots) > checkedKeys {
		return
	}
	wrong := func(n int, what string, args ...any) {
		panic(fmt.Sprintf("session: invariant %d: %s", n, fmt.Sprintf(what, args...)))
	}
	var held int64
	live := 0
	for key := range c.slots {
		v := &c.slots[key]
		if v.used != !v.empty() {
			wrong(0, "key %d: used is %v, empty is %v", key, v.used, v.empty())
		}
		if !v.used {
			continue
		}
		live++
		held += int64(len(v.pending) + v.open.count)
		if v.due <= c.clock.watermark && v.due != never {
			wrong(1, "key %d is due at %d, the watermark is %d", key, v.due, c.clock.watermark)
		}
		if v.open.count > 0 && c.rules.closes(v.open.reach) <= c.clock.watermark {
			wrong(3, "the open session of key %d is closed", key)
		}
		if c.keeps && v.open.count != len(v.open.events) {
			wrong(2, "key %d: %d events in the open session, %d are held", key, v.open.count, len(v.open.events))
		}
		if !c.revises && len(v.given) > 0 {
			wrong(4, "key %d has sessions given out that nothing can change", key)
		}
		for i := 1; i < len(v.pending); i++ {
			if c.rules.orders(&v.pending[i], &v.pending[(i-1)/2]) {
				wrong(1, "pending event %d of key %d orders before its parent", i, key)
			}
		}
	}
	if used := c.booked(); used != c.acct.Used() {
		wrong(3, "%d bytes are live, %d booked", used, c.acct.Used())
	}
	if live != c.live {
		wrong(1, "%d keys are used, %d counted", live, c.live)
	}
	if held != c.held || c.stats.In != c.stats.Events+c.stats.Late+c.stats.Rejected()+held {
		wrong(2, "%d events are held, %d counted: %+v", held, c.held, c.stats)
	}
}
