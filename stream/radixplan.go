package stream

import "math/bits"

// radixPlan holds the sizes of an aggregation. None of them shows in its output.
type radixPlan struct {
	bits    uint  // of the hash per level: a level has 1<<bits partitions
	stage   int   // rows that are hashed together, and shared by workers
	splitAt int   // keys beyond which one table becomes one per partition, where memory is bounded
	block   int   // bytes of encoded rows per spill block
	step    int64 // bytes that a partition books ahead
	waiting int64 // bytes that rows in chunks may hold outside themselves; they are handed on then
	bound   int64 // bytes of live state; 0: unbounded
	floor   int64 // bytes that each depth may have beyond the bound
}

const (
	// One table looked up in batches was not slower than one per partition, which cost a scatter (decision 0015). So it
	// is split only for growth in small steps under a bound (a table that doubles is there twice).
	splitForMemory = 16 << 10 // keys
	// stageRows is as many as a table looks up at a time; of 56 bytes, with keys and hashes, they are 20 KiB.
	stageRows = 256
	// sharedRows are handed to workers together: to wake one costs as much as some rows (decision 0019).
	sharedRows = 4096
	// pickedRows are put in order of partition together: some 32 for each of 64.
	pickedRows = 2048
	// stageBytes keeps a stage of large rows in a core's second cache.
	stageBytes = 256 << 10
	// pickedBytes are what a picker has of a row beside its key: hash, position and slot.
	pickedBytes = 16
	// maxBits is enough partitions for 64 workers, and keeps their spill blocks large.
	maxBits = 6
	// mostBits is the same where nothing spills; a picker numbers its partitions in a byte.
	mostBits = 8
	// floorBytes is room for some hundred small keys.
	floorBytes = 16 << 10
	// waitingBytes keeps chunks from being handed on row by row where the bound is smallest.
	waitingBytes = 4 << 10
)

// planRadix fits the sizes to a bound in bytes (0: none), to the bytes of a row with its key and hash, and to those of a
// key. Buffers take an eighth of the bound at most, unless that is less than a few rows per partition.
func planRadix(memory, row, key int64, workers int) radixPlan {
	row = max(row, 1)
	workers = max(workers, 1)
	if memory == 0 {
		if workers == 1 {
			return radixPlan{stage: stageRows}
		}
		return radixPlan{bits: bitsFor(workers), stage: int(clamp(stageBytes/row, 16, sharedRows))}
	}
	p := radixPlan{bits: maxBits, splitAt: splitForMemory, floor: floorBytes}
	switch {
	case memory < 64<<10:
		p.bits = 2
	case memory < 4<<20:
		p.bits = 4
	}
	workers = min(workers, 1<<p.bits)
	perRow := row + key + pickedBytes // in the stage, and in the hands of its picker
	if workers > 1 {
		perRow = (queue+2)*row + int64(workers)*(key+pickedBytes)
	}
	p.stage = int(clamp(min(memory/16/perRow, stageBytes/row), 4, pickedRows))
	share := memory / 16 >> p.bits // of blocks, per partition
	p.block = int(clamp(share, 256, 64<<10))
	p.step = min(share, 4<<10)
	p.waiting = max(memory/16, waitingBytes)
	p.bound = memory - memory/8
	return p
}

// bitsFor is how many bits make partitions for workers: as many as these where that is a power of two, and otherwise so
// many that none has much more of them than another.
func bitsFor(workers int) uint {
	n := uint(bits.Len(uint(workers - 1)))
	if workers&(workers-1) != 0 {
		n += 3
	}
	return min(n, mostBits)
}

func clamp(v, low, high int64) int64 { return max(low, min(v, high)) }
