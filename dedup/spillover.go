package dedup

import (
	"math/bits"

	"github.com/millrace-go/millrace/internal/spill"
	"github.com/millrace-go/millrace/stream"
)

// When memory is full, the keys that are there stay, and their rows go on being settled in memory; rows of other keys go
// to disk as they come, cut by hash into partitions. So a hot key, which comes early, collapses in memory, and every key
// has one owner that settles its rows in the order of the input:
//
//	input    a b a c | a d b e d a ...                         | memory is full
//	memory   [a b c] <- a, b, a                                settled as they come
//	disk       part 0 [d d ...]   part 1 [e ...]   ...         rows of other keys, with their positions
//
// At the end each partition is settled by the same engine, on its own, and what does not fit there is cut again by
// other bits. Whatever comes of it is written as runs, in order of places: survivors by where they come out, losers by
// the row that met them. The runs are merged, and the consumer sees what it would have seen without a bound.
//
// A key that is in memory leaves it in one case: its row was replaced by a larger one (or is one of a tie that has to be
// remembered), and nothing is left of the bound. Then its state is written, and its later rows behind it.
//
// Invariants:
//  1. Each row is settled by one level, after all rows of its key that came before it.
//  2. Once a row of a key is on disk, all that come after it are: full stays true, and so does evicted.
//  3. In a partition the state of a key stands before all rows of that key; it has one state at most.
//  4. Of all keys in a partition of depth d at least one is settled at depth d, or one row of it is: it ends.

// spillPlan are the sizes of what is on disk. None of them shows in the output.
type spillPlan struct {
	bits    uint  // of the hash: a level has 1<<bits partitions
	block   int   // bytes of encoded rows per block
	fan     int   // runs that are merged at once
	reserve int64 // bytes of the bound that are kept for buffers
	growth  int64 // bytes that new keys leave to rows which grow: a hot key is to stay where it is
	floor   int64 // bytes that a level may have however small the bound
	limit   int64 // the smaller one of the bounds, bytes
}

// floorBytes is room for some hundred small keys.
const floorBytes = 16 << 10

// planSpill fits the sizes to the bound: the blocks of all partitions, while they are filled, and those of all runs that are
// merged, take a sixteenth of it, of what is kept free half. 32 partitions were never slower than 64 (decision note 0024).
func planSpill(r stream.Resources) spillPlan {
	limit := r.Memory
	if r.Budget != nil && (limit == 0 || r.Budget.Total() < limit) {
		limit = r.Budget.Total()
	}
	p := spillPlan{bits: 5, floor: floorBytes, limit: limit, reserve: limit / 8}
	switch {
	case limit < 64<<10:
		p.bits = 2
	case limit < 4<<20:
		p.bits = 4
	}
	p.fan = max(1<<p.bits, 8)
	p.block = int(min(max(limit/16>>p.bits, 256), spill.DefaultBlock))
	return p
}

// disk is what all levels of a run share.
type disk[T any] struct {
	spillPlan
	p         *plan[T]
	keys      keysOf[T]
	account   *stream.Account
	dir       *spill.Dir
	reserved  bool // the reserve is booked
	failed    bool // a file did
	unwanted  bool // nobody will see survivors
	tasks     []spilledPart
	survivors runs
	losers    runs
	row       spilledRow[T] // being written
	loser     loserForm[T]  // the same
	makeRow   appender      // of row: a field, so that it costs no allocation per row
	makeLoser appender      // of loser
	tie       *TieError     // the first of all partitions
	stats     Stats         // of the partitions that have been settled
}

func newDisk[T any](p *plan[T], keys keysOf[T]) *disk[T] {
	d := &disk[T]{
		spillPlan: planSpill(p.res), p: p, keys: keys,
		account: p.res.Account("dedup: " + p.fn), dir: spill.NewDir(p.res.TempDir),
	}
	if !p.eager && (p.sizeOf != nil || p.tie == TieFail) {
		d.growth = d.limit / 16
	}
	if p.res.Stage != nil {
		d.dir.Watch(p.res.Stage.Now, p.res.Stage.AddSpill)
	}
	d.survivors = runs{fn: p.fn, dir: d.dir, plan: &d.spillPlan}
	d.losers = runs{fn: p.fn, dir: d.dir, plan: &d.spillPlan}
	d.row.rows, d.loser = p.codec, newLoserForm(p)
	d.makeRow, d.makeLoser = d.row.appendTo, d.loser.appendTo
	return d
}

// reserveBuffers books what is kept for buffers, or as much of it as others have left of the budget.
func (d *disk[T]) reserveBuffers() {
	if d.reserved {
		return
	}
	d.reserved = true
	for n := d.reserve; n > 0 && d.account.Grow(n) != nil; {
		n /= 2
	}
}

// close removes what is on disk and gives the memory back. It can be called again.
func (d *disk[T]) close() error {
	d.account.Close()
	return spillError(d.p.fn, d.dir.Close())
}

// newLevel makes the engine of one level of a bounded run.
func newLevel[T any](d *disk[T], depth int) *hashed[T] {
	batch := d.p.batch
	if depth > 0 {
		batch = d.p.batchOnDisk
	}
	e := emptyHashed(d.p, d.keys, batch)
	e.over = &spillover[T]{disk: d, depth: depth}
	if depth > 0 {
		e.toDisk = true
		e.stage = newStage(d.p, batch)
		e.stage.at = make([]int64, batch)
		if d.p.losers != nil {
			e.holdBack = e.over.putLoser
		}
	}
	return e
}

// spillover is what one level of a run has on disk: the whole input at depth 0, a partition of the level above at the others.
type spillover[T any] struct {
	disk     *disk[T]
	depth    int
	part     int                  // of the level above, where depth > 0
	full     bool                 // no key is added any more
	parts    *spill.Store[record] // nil: nothing was spilled
	restored bool                 // keys came back with their state: they are not in order of first sight
	out      bool                 // it knows evicted keys
	evicted  []uint64             // a bit per key number
	nulls    bool                 // the group of null keys was evicted

	survivors *spill.RunWriter[record] // nil: none so far
	losers    *spill.RunWriter[record] // the same
	record    record                   // being written or read: a field, so that its address costs no allocation per row
}

// isEvicted reports whether the state of key number i is on disk.
func (o *spillover[T]) isEvicted(i int) bool {
	if !o.out {
		return false
	}
	if i == nullGroup {
		return o.nulls
	}
	return o.evicted[i/64]>>(i%64)&1 == 1
}

// evict notes that the state of key number i, of so many, goes to disk.
func (o *spillover[T]) evict(i, keys int) {
	if !o.out {
		o.out, o.evicted = true, make([]uint64, (keys+63)/64) // a few thousandths of what a key takes: of the reserve
	}
	if i == nullGroup {
		o.nulls = true
		return
	}
	o.evicted[i/64] |= 1 << (i % 64)
}

// put writes a row, or the state of a key, to the partition of its hash.
func (o *spillover[T]) put(h uint64, beside spilled, row *T) (err error) {
	d := o.disk
	if o.parts == nil {
		if o.parts, err = d.newParts(); err != nil {
			return d.fail(err)
		}
	}
	d.row.spilled, d.row.row = beside, row
	o.record = record{at: d.row.place(), make: d.makeRow}
	return d.fail(o.parts.Append(partition(h, o.depth, d.bits), &o.record))
}

// newParts makes a file of partitions.
func (d *disk[T]) newParts() (*spill.Store[record], error) {
	parts, err := spill.NewStore[record](d.dir, recordCodec{}, d.block)
	if err != nil {
		return nil, err
	}
	for range 1 << d.bits {
		parts.AddPart()
	}
	return parts, nil
}

// partition is where a hash belongs. Every depth mixes it anew, so that keys which share a partition part at the next, and
// tables of a partition have all bits of the hash for themselves.
func partition(h uint64, depth int, n uint) int {
	hi, lo := bits.Mul64(h^uint64(depth+1)*0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return int((hi ^ lo) * 0xa0761d6478bd642f >> (64 - n))
}

// putSurvivor writes a row that came out, with its place. They come in order.
func (o *spillover[T]) putSurvivor(at int64, row *T) (err error) {
	d := o.disk
	if o.survivors == nil {
		if o.survivors, err = d.survivors.begin(); err != nil {
			return d.fail(err)
		}
	}
	d.row.spilled, d.row.row = spilled{at: at, first: -1}, row
	o.record = record{at: uint64(at), make: d.makeRow}
	return d.fail(o.survivors.Append(&o.record))
}

// putLoser writes a loser, with the position of the row that met it. They come in order.
func (o *spillover[T]) putLoser(met int64, l *Loser[T]) (err error) {
	d := o.disk
	if o.losers == nil {
		if o.losers, err = d.losers.begin(); err != nil {
			return d.fail(err)
		}
	}
	d.loser.loser = l
	o.record = record{at: uint64(met), make: d.makeLoser}
	return d.fail(o.losers.Append(&o.record))
}

// fail notes that a file failed, and names the function that was called.
func (d *disk[T]) fail(err error) error {
	if err == nil {
		return nil
	}
	d.failed = true
	return spillError(d.p.fn, err)
}
