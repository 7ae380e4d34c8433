package dedup

// deadlines is a binary heap of the times at which entries are over, the earliest first, from which any entry can be
// taken out: places[entry] says where it stands.
//
//	items   [ 5 e3 ][ 9 e0 ][ 7 e1 ]     a parent is never later than its children
//	places  e0: 1, e1: 2, e2: -1, e3: 0  e2 has no deadline
//
// A refresh moves nothing: the entry stays where it is, at a time that is too early, and is put right when that time
// has come. So the many sightings of a key cost nothing here, and each time to live one step of log n.
type deadlines struct {
	items  []deadline
	places blocks[int32] // one for each entry; -1: it is not in items
}

type deadline struct {
	at    int64 // nanoseconds; not after the deadline of entry
	entry int32
}

// deadlineBytes is the size of a deadline.
const deadlineBytes = 16

// firstDeadlines is the capacity that items start with.
const firstDeadlines = 16

// needs returns the bytes by which the next push lets items grow.
func (d *deadlines) needs() int64 {
	if len(d.items) < cap(d.items) {
		return 0
	}
	return int64(max(firstDeadlines, 2*cap(d.items))-cap(d.items)) * deadlineBytes
}

// push adds an entry, which is not in it.
func (d *deadlines) push(entry int32, at int64) {
	if len(d.items) == cap(d.items) {
		d.items = append(make([]deadline, 0, max(firstDeadlines, 2*cap(d.items))), d.items...)
	}
	d.items = append(d.items, deadline{at, entry})
	d.up(len(d.items) - 1)
}

// remove takes an entry out, if it is in it.
func (d *deadlines) remove(entry int32) {
	i := int(*d.places.at(int(entry)))
	if i < 0 {
		return
	}
	*d.places.at(int(entry)) = -1
	last := len(d.items) - 1
	moved := d.items[last]
	d.items = d.items[:last]
	if i == last {
		return
	}
	d.items[i] = moved
	*d.places.at(int(moved.entry)) = int32(i)
	d.down(i)
	d.up(int(*d.places.at(int(moved.entry))))
}

// postpone puts the first entry back to a later time.
func (d *deadlines) postpone(at int64) {
	d.items[0].at = at
	d.down(0)
}

func (d *deadlines) up(i int) {
	one := d.items[i]
	for i > 0 {
		parent := (i - 1) / 2
		if d.items[parent].at <= one.at {
			break
		}
		d.put(i, d.items[parent])
		i = parent
	}
	d.put(i, one)
}

func (d *deadlines) down(i int) {
	one := d.items[i]
	for {
		next := 2*i + 1
		if next >= len(d.items) {
			break
		}
		if right := next + 1; right < len(d.items) && d.items[right].at < d.items[next].at {
			next = right
		}
		if d.items[next].at >= one.at {
			break
		}
		d.put(i, d.items[next])
		i = next
	}
	d.put(i, one)
}

func (d *deadlines) put(i int, one deadline) {
	d.items[i] = one
	*d.places.at(int(one.entry)) = int32(i)
}
