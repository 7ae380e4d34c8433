package dedup

import (
	"math"

	"github.com/millrace-go/millrace/internal/merge"
)

// finishSpilled ends a run that has rows on disk. input is the error that the input ended with, or the engine while it
// read it: what comes before it is settled and delivered all the same.
func (e *hashed[T]) finishSpilled(input error) error {
	d := e.over.disk
	if d.failed {
		return input
	}
	if input != nil && !e.p.eager {
		if e.p.losers == nil && e.p.stats == nil {
			return input // nobody would see the difference
		}
		d.unwanted = true
	}
	if err := e.leaveMemory(input == nil); err != nil || e.stopped {
		return err
	}
	if err := d.settle(); err != nil {
		return err
	}
	e.stats.add(&d.stats)
	if err := e.deliver(input == nil); err != nil || e.stopped {
		return err
	}
	if d.tie != nil { // it came before the error of the input
		return d.tie
	}
	if input != nil {
		return input
	}
	e.balance()
	return d.close() // before the end is told, so that a failure can be
}

// leaveMemory brings the survivors that are in memory to where they come out: to the consumer, if nothing can come before
// them, else to a run on disk. Then all memory is free for the partitions.
func (e *hashed[T]) leaveMemory(whole bool) error {
	d := e.over.disk
	if whole {
		d.noteTie(e.unsettled())
	}
	if !e.p.eager && !d.unwanted {
		// Keys that are in memory were all seen before those that are not.
		e.toDisk = e.p.order == OrderWinner || e.p.losers != nil || e.p.tie == TieFail || e.over.out
		if e.toDisk && e.over.survivors != nil { // rows with a null key, which come later
			if err := d.survivors.end(e.over.survivors); err != nil {
				return d.fail(err)
			}
			e.over.survivors = nil
		}
		if err := e.emitAll(); err != nil || e.stopped {
			return err
		}
	}
	e.letGo()
	return e.over.handOver()
}

// deliver delivers the losers and yields the survivors. Where the first row of a key is bound to survive, it does so in the
// order of the input, up to the row that a tie was found with; otherwise losers come first.
func (e *hashed[T]) deliver(whole bool) error {
	d := e.over.disk
	losers := heldLosers[T]{e: e}
	var err error
	if losers.tree, err = d.losers.merged(); err != nil {
		return d.fail(err)
	}
	survivors, err := d.survivors.merged()
	if err != nil {
		return d.fail(err)
	}
	end := int64(math.MaxInt64)
	if e.p.eager && d.tie != nil {
		end = d.tie.Position
	}
	if !e.p.eager {
		if err := losers.deliver(end); err != nil || !whole || d.tie != nil {
			return err
		}
	}
	var survivor T
	for {
		row, err := survivors.Next()
		if err != nil {
			return d.fail(err)
		}
		if row == nil || int64(row.at) > end {
			return losers.deliver(end)
		}
		if err := losers.deliver(int64(row.at)); err != nil {
			return err
		}
		if err := wholeRow(e.p.codec, row.bytes, int64(row.at), &survivor); err != nil {
			return d.fail(err)
		}
		if e.out(&survivor); e.stopped {
			return nil
		}
	}
}

// heldLosers are the losers that were held back, in order of the rows that met them.
type heldLosers[T any] struct {
	e    *hashed[T]
	tree *merge.Tree[record]
	next *record
	some bool // next was read
}

// deliver delivers the losers up to one that was met at end.
func (h *heldLosers[T]) deliver(end int64) (err error) {
	for {
		if !h.some {
			if h.next, err = h.tree.Next(); err != nil {
				return h.e.over.disk.fail(err)
			}
			h.some = true
		}
		if h.next == nil || int64(h.next.at) > end {
			return nil
		}
		loser, err := h.e.over.disk.loser.of(h.next)
		if err != nil {
			return h.e.over.disk.fail(err)
		}
		if err := h.e.deliverLoser(&loser); err != nil {
			return err
		}
		h.some = false
	}
}
