package dedup

import (
	"github.com/millrace-go/millrace/internal/merge"
	"github.com/millrace-go/millrace/internal/spill"
)

// runs are sorted runs on disk, which are merged at the end, and before it where they are too many. Runs of one tier then
// become one of the next, which has a file of its own, so that a row is merged once a tier; the file of a tier goes when
// all of it was merged. No two rows of different runs have the same place, so that runs need not be kept in order.
//
//	written   [tier 2          ][tier 1  ][tier 1  ][0][0][0]
type runs struct {
	fn      string // for errors
	dir     *spill.Dir
	plan    *spillPlan
	stores  []*spill.Store[record] // by tier; nil: none is of that tier now
	written []tieredRun
}

type tieredRun struct {
	spill.Run[record]
	tier int // how often its rows were merged
}

func (r *runs) store(tier int) (*spill.Store[record], error) {
	for tier >= len(r.stores) {
		r.stores = append(r.stores, nil)
	}
	if r.stores[tier] == nil {
		store, err := spill.NewStore[record](r.dir, recordCodec{}, r.plan.block)
		if err != nil {
			return nil, err
		}
		r.stores[tier] = store
	}
	return r.stores[tier], nil
}

// begin begins a run.
func (r *runs) begin() (*spill.RunWriter[record], error) {
	store, err := r.store(0)
	if err != nil {
		return nil, err
	}
	return spill.NewRunWriter[record](store, recordCodec{}, int64(r.plan.block)), nil
}

// end ends a run; nil is none. No other is open meanwhile.
func (r *runs) end(w *spill.RunWriter[record]) error {
	if w == nil {
		return nil
	}
	run, err := w.Finish()
	if err != nil {
		return err
	}
	r.written = append(r.written, tieredRun{Run: run})
	for tier := 0; ; tier++ {
		first := len(r.written)
		for first > 0 && r.written[first-1].tier == tier {
			first--
		}
		if len(r.written)-first < 2*r.plan.fan {
			return nil
		}
		to, err := r.store(tier + 1)
		if err != nil {
			return err
		}
		of, merged := r.written[first:], r.written[:first:first]
		for n := 0; len(of) > 0; of = of[n:] {
			n = min(r.plan.fan, len(of))
			run, err := r.mergeInto(to, of[:n])
			if err != nil {
				return err
			}
			merged = append(merged, tieredRun{run, tier + 1})
		}
		r.written = merged
		if err := r.stores[tier].Close(); err != nil {
			return err
		}
		r.stores[tier] = nil
	}
}

// merged merges all runs; before that, the last ones, which are the shortest, where they are too many for one merge.
func (r *runs) merged() (*merge.Tree[record], error) {
	for len(r.written) > r.plan.fan {
		n := min(r.plan.fan, len(r.written)-r.plan.fan+1)
		store, err := spill.NewStore[record](r.dir, recordCodec{}, r.plan.block)
		if err != nil {
			return nil, err
		}
		first := len(r.written) - n
		run, err := r.mergeInto(store, r.written[first:])
		if err != nil {
			return nil, err
		}
		// In front, so that no row is merged twice before all were.
		r.written = append([]tieredRun{{Run: run}}, r.written[:first]...)
	}
	return r.tree(r.written), nil
}

func (r *runs) mergeInto(store *spill.Store[record], of []tieredRun) (spill.Run[record], error) {
	tree, w := r.tree(of), spill.NewRunWriter[record](store, recordCodec{}, int64(r.plan.block))
	for {
		v, err := tree.Next()
		if err == nil && v == nil {
			return w.Finish()
		}
		if err == nil {
			err = w.Append(v)
		}
		if err != nil {
			return spill.Run[record]{}, err
		}
	}
}

func (r *runs) tree(of []tieredRun) *merge.Tree[record] {
	cursors := make([]merge.Cursor[record], len(of))
	for i, run := range of {
		cursors[i] = &runCursor{blocks: run.Store.Blocks(run.Part)}
	}
	return merge.New(merge.Order[record]{Prefix: (*record).place}, cursors)
}

// runCursor reads a run block by block.
type runCursor struct {
	blocks *spill.Blocks[record]
	rows   []record
	raw    []byte // of the block, as it was encoded: the rows are in it
	err    error  // what is behind the rows
}

// Next returns the rows of the next block.
func (c *runCursor) Next() ([]record, error) {
	if c.err != nil {
		return nil, c.err
	}
	block, ok := c.blocks.Next()
	if !ok {
		c.rows, c.raw = nil, nil
		return nil, nil
	}
	c.rows, c.raw, c.err = block.Read(c.rows, c.raw)
	if len(c.rows) == 0 {
		return nil, c.err
	}
	return c.rows, nil
}
