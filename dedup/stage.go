package dedup

import "reflect"

// stage is rows that were read and are not settled yet. They are settled in input order, but looked up all together
// before that, so that the cache misses of a batch overlap.
//
//	rows    [ 7 click a ][ 9 view ][ 7 click b ][ 8 buy ]
//	keys    [ 7 click   ][ 9 view ][ 7 click   ][ 8 buy ]    which the engine's batchKeys have
//	hashes  [ 5c..      ][ 61..   ][ 5c..      ][ c8..  ]
//
// The keys of rows with a null key are zero, and looked up for nothing.
type stage[T any] struct {
	n      int
	first  int64   // position of the first row, where one follows the other
	at     []int64 // positions of rows that come from disk; nil: they follow one another
	rows   []T
	hashes []uint64
	isNull []bool  // nil: no row has a null key
	sizes  []int64 // bytes that rows reach beyond their static size; nil: none, or not needed
	held   int64   // sum of sizes
}

// newStage makes a stage of n rows.
func newStage[T any](p *plan[T], n int) *stage[T] {
	s := &stage[T]{rows: make([]T, n), hashes: make([]uint64, n)}
	if p.nullKey != nil {
		s.isNull = make([]bool, n)
	}
	if p.sizeOf != nil {
		s.sizes = make([]int64, n)
	}
	return s
}

// position is where row i stood in the input.
func (s *stage[T]) position(i int) int64 {
	if s.at != nil {
		return s.at[i]
	}
	return s.first + int64(i)
}

// batchRows is how many rows are looked up together: the slots that they touch stay in the nearest caches until they are
// settled.
const batchRows = 256

// stageShare is the part of a memory bound that a stage may take, which is not booked.
const stageShare = 64

// planBatch fits the stage to the bound. Rows that come out on sight are settled one by one, but not those from disk.
func (p *plan[T]) planBatch() {
	p.batch = batchRows
	if p.bounded() {
		bound := p.res.Memory
		if p.res.Budget != nil && (bound == 0 || p.res.Budget.Total() < bound) {
			bound = p.res.Budget.Total()
		}
		p.waiting = bound / stageShare
		row := int64(reflect.TypeFor[T]().Size()) + stagedBytes
		p.batch = int(max(1, min(batchRows, p.waiting/row)))
	}
	p.batchOnDisk = p.batch
	if p.eager {
		p.batch = 1
	}
}

// stagedBytes is about what a stage and its lookup have beside a row, keys of two words counted.
const stagedBytes = 64

// full says that the staged rows are to be settled.
func (s *stage[T]) full(p *plan[T]) bool { return s.n == len(s.rows) || s.held > p.waiting }
