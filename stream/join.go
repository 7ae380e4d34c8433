package stream

import "github.com/millrace-go/millrace/internal/table"

// Join yields the pairs of left and right rows with equal keys, and by JoinOptions.Kind the rows without a partner:
// each left row with each of its right ones. For keys of several columns take a struct of them.
//
//	for j, err := range stream.Join(orders, customers, Order.Key, Customer.Key, stream.JoinOptions{Kind: stream.Left}) {
//		...
//		fmt.Println(j.Left.ID, j.Right.Name, j.HasRight)
//	}
//
// Keys compare by the key rules: NaN equals NaN, -0 equals 0, times by instant. A key is null if it is an Opt that is
// not present or has one in it, in a struct or an array; null equals nothing, not even null. leftKey and rightKey must
// be pure: they may be called several times for a row, and what they look at must come back from disk (see LeftCodec).
//
// Order: by the position of the left row, then of the right one; right rows without a partner (Right, Full) come last,
// by their position. It is the same whatever the memory, unless Unordered is set.
// Memory: the right side, so let it be the smaller one. If it fits (a broadcast), left rows stream past it. If it
// nearly fits, what does not goes to disk, and is read once for each block of left rows, which are held in memory
// meanwhile. Otherwise both sides go to disk, cut by hash into partitions whose right side fits; a partition that does
// not is cut again, and one that is a single hot key is joined in blocks of right rows, each with all its left ones.
// The output of partitions is then merged by position, from the disk; Unordered saves that. What it costs grows with the
// number of partitions: with 100,000 rows on each side an ordered Join took 1.5 times as long as an unordered one under
// 1 MiB, and 21 times under 64 KiB. JoinOptions.Stats tells what was done.
// Laziness: the first pull reads the right side, all of it; then the left one: in a broadcast up to a Chunk of rows at
// a time, which is never more than what was read before, and one; otherwise a block that fills a quarter of the memory,
// or all of it.
// Termination: only if the right side ends. The left side need not, unless it is cut into partitions.
// Errors: an error of the right side is forwarded and nothing is yielded; one of the left side comes after the rows of
// what came before it. Key types with pointers or channels inside, and types that have no codec where memory is
// bounded, are an *OptionError; an interface key that cannot be compared is a *KeyError, and so is a key that came back
// from disk as another one, at the end of its partition or of its block at the latest. A right row that alone does
// not fit in the bound is a *LimitError, trouble with the disk a *SpillError. Temp files are gone when the loop ends.
// Concurrency: runs on the consumer's goroutine; the left side starts when the right side has ended.
func Join[L, R any, K comparable](left Seq[L], right Seq[R], leftKey func(L) K, rightKey func(R) K, opts JoinOptions) Seq[Joined[L, R]] {
	needSeq(left, "Join")
	needSeq(right, "Join")
	needFunc(leftKey == nil, "Join", "leftKey")
	needFunc(rightKey == nil, "Join", "rightKey")
	return func(yield func(Joined[L, R], error) bool) {
		j := &join[L, R, K]{leftKey: leftKey, rightKey: rightKey, opts: opts, kind: opts.Kind, yield: yield}
		err := j.init()
		defer j.close()
		if err == nil {
			err = j.run(left, right)
		}
		if err == nil && !j.stopped {
			err = j.cleanup() // before the end is told, so that a failure can be
		}
		if err != nil && !j.stopped {
			yield(Joined[L, R]{}, err)
		}
	}
}

// join is one run.
type join[L, R any, K comparable] struct {
	leftKey  func(L) K
	rightKey func(R) K
	opts     JoinOptions
	kind     JoinKind
	yield    func(Joined[L, R], error) bool
	stopped  bool // the consumer has seen enough

	keys    keys[K]
	null    func(*K) bool // nil: no key is null
	bounded bool
	limit   int64 // bytes, the smaller one of the bounds
	account *Account
	built   *build[R, K] // of the broadcast
	split   *joinSplit[L, R, K]
	stats   JoinStats
}

func (j *join[L, R, K]) init() error {
	if err := j.kind.check("Join"); err != nil {
		return err
	}
	if j.opts.Chunk < 0 || j.opts.Chunk > joinChunk {
		return &OptionError{Package: "stream", Func: "Join", Option: "Chunk", Got: j.opts.Chunk, Want: "from 0 to 256"}
	}
	if err := j.opts.Resources.Check("stream", "Join"); err != nil {
		return err
	}
	var err error
	if j.keys, err = newKeys[K]("Join"); err != nil {
		return err
	}
	j.null = nullKey[K]()
	r := j.opts.Resources
	j.bounded = r.Memory > 0 || r.Budget != nil
	j.limit = r.Memory
	if r.Budget != nil && (j.limit == 0 || r.Budget.Total() < j.limit) {
		j.limit = r.Budget.Total()
	}
	j.account = r.Account("stream: Join")
	if j.bounded || j.opts.LeftCodec != nil || j.opts.RightCodec != nil {
		j.split, err = newJoinSplit(j)
	}
	return err
}

// run reads the right side into memory, and the left one past it, unless there is no room.
func (j *join[L, R, K]) run(left Seq[L], right Seq[R]) error {
	lone := loneNever
	if j.kind.loneRight() {
		lone = loneInOrder
	}
	j.built = newBuild[R](j.keys, lone, j.limit/2, j.bounded, j.account)
	fits := true
	var index int64
	var row joinRow[R]
	var key K // outside of the loop: it is passed by address, and would be allocated for each row
	for v, err := range right {
		if err != nil {
			return err
		}
		row.row = v
		key = j.rightKey(v)
		if err := j.keys.check(&key, index); err != nil {
			return err
		}
		index++
		null := j.null != nil && j.null(&key)
		if null {
			j.stats.NullRight++
			if !j.kind.loneRight() {
				continue
			}
		}
		if fits {
			held, err := j.heldByRight(&row.row)
			if err != nil {
				return err
			}
			if fits = j.built.add(&row.row, row.at, &key, null, held); !fits {
				if !j.bounded {
					return &LimitError{Where: "stream: Join", What: "right rows in memory", Limit: table.MaxRows}
				}
				if err := j.split.begin(); err != nil {
					return err
				}
			}
		}
		if !fits {
			if err := j.split.addRight(&row, &key, null); err != nil {
				return err
			}
		}
		row.at++
	}
	if !fits {
		return j.split.run(left)
	}
	j.stats.Broadcast = true
	return j.broadcast(left)
}

// heldByRight is what a right row holds outside itself. Where nothing is bounded nothing is counted.
func (j *join[L, R, K]) heldByRight(v *R) (int64, error) {
	if !j.bounded {
		return 0, nil
	}
	held, err := heldAs("Join", j.split.rightCodec.rows, v)
	return held, renamed(err, "RightCodec")
}

// heldByLeft is that of a left row, where memory is bounded.
func (j *join[L, R, K]) heldByLeft(v *L) (int64, error) {
	held, err := heldAs("Join", j.split.leftCodec.rows, v)
	return held, renamed(err, "LeftCodec")
}

// cleanup removes what is on disk. It can be called again.
func (j *join[L, R, K]) cleanup() error {
	if j.split == nil {
		return nil
	}
	return j.split.close()
}

// close runs on every path.
func (j *join[L, R, K]) close() {
	defer func() {
		if j.account != nil {
			j.account.Close()
		}
		if j.opts.Stats != nil {
			*j.opts.Stats = j.stats
		}
	}()
	_ = j.cleanup() // told before, if there was somebody to tell
}
