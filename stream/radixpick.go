package stream

// picker adds rows to the groups of those partitions that one goroutine owns: every owners-th, from owner on. Under many
// partitions it first puts the rows of a chunk in order of partition, by their positions in it, so that each table looks
// up all its keys together.
type picker[T any, K comparable, A any] struct {
	level  *radixLevel[T, K, A]
	owner  int
	owners int
	grown  int64 // of what level.growing says, what was acted on

	bucket []uint8  // by partition: its number among those owned; the last one for all others
	ends   []int    // by bucket, in order
	order  []int32  // positions in the chunk, and room for one that is not ours
	keys   []K      // in that order, as are
	hashes []uint64 // these
	at     []int32  // for groups
}

func newPicker[T any, K comparable, A any](l *radixLevel[T, K, A], owner, owners int) *picker[T, K, A] {
	return &picker[T, K, A]{level: l, owner: owner, owners: owners, at: make([]int32, l.run.plan.stage)}
}

// add adds the rows of a chunk that belong to the owner.
func (p *picker[T, K, A]) add(c *chunk[T, K]) error {
	groups := p.level.groups
	if len(groups) == 1 {
		if p.owner > 0 {
			return nil
		}
		return groups[0].add(c.keys[:c.n], c.hashes[:c.n], c.rows, nil, p.at)
	}
	p.growAlong()
	p.sort(c)
	from := 0
	for i, to := range p.ends[:len(p.ends)-1] {
		if from == to {
			continue
		}
		g := groups[p.owner+i*p.owners]
		if err := g.add(p.keys[from:to], p.hashes[from:to], c.rows, p.order[from:to], p.at); err != nil {
			return err
		}
		from = to
	}
	if p.level.run.bounded {
		clear(p.keys[:from]) // what they point to is let go of, as of the chunk's
	}
	return nil
}

// growAlong grows tables that are nearly full as soon as another of their size has to. While a worker grows a large table
// the others soon wait, since the source does; if each had its turn at that, all growth would be one after the other.
func (p *picker[T, K, A]) growAlong() {
	slots := p.level.growing.Load()
	if slots == p.grown {
		return
	}
	p.grown = slots
	for i := p.owner; i < len(p.level.groups); i += p.owners {
		if t := p.level.groups[i].table; int64(t.Slots()) == slots && t.Room() < t.Len()/8 {
			t.Grow()
		}
	}
}

// outgrown notes that a table of so many slots is full.
func (l *radixLevel[T, K, A]) outgrown(slots int64) {
	if slots > l.growing.Load() { // of two at once, each finds its own table full
		l.growing.Store(slots)
	}
}

// sort is a counting sort, by partition.
func (p *picker[T, K, A]) sort(c *chunk[T, K]) {
	if p.order == nil {
		p.prepare()
	}
	hashes, ends, bucket := c.hashes[:c.n], p.ends, p.bucket
	skip, shift := p.level.skip&63, 64-p.level.run.plan.bits
	clear(ends)
	if len(ends) == 2 { // only one partition is ours
		own, n := uint64(p.owner), 0
		for i, h := range hashes {
			p.order[n] = int32(i)
			// 1 where it is ours. No branch: there is nothing to predict.
			n += int(((h<<skip>>shift ^ own) - 1) >> 63)
		}
		ends[0] = n
	} else {
		for _, h := range hashes {
			ends[bucket[h<<skip>>shift]]++
		}
		sum := 0
		for b, n := range ends {
			ends[b] = sum
			sum += n
		}
		for i, h := range hashes {
			b := bucket[h<<skip>>shift]
			p.order[ends[b]] = int32(i)
			ends[b]++
		}
	}
	for j, i := range p.order[:ends[len(ends)-2]] {
		p.keys[j], p.hashes[j] = c.keys[i], hashes[i]
	}
}

// prepare makes what only many partitions need.
func (p *picker[T, K, A]) prepare() {
	rows := p.level.run.plan.stage
	p.order, p.keys, p.hashes = make([]int32, rows+1), make([]K, rows), make([]uint64, rows)
	partitions := len(p.level.groups)
	owned := (partitions - p.owner + p.owners - 1) / p.owners
	p.ends = make([]int, owned+1)
	p.bucket = make([]uint8, partitions)
	for i := range p.bucket {
		p.bucket[i] = uint8(owned)
		if i%p.owners == p.owner {
			p.bucket[i] = uint8(i / p.owners)
		}
	}
}
