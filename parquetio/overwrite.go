package parquetio

import (
	"context"
	"errors"
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// OverwriteOptions say what Overwrite replaces and how much memory it takes. The zero value: the partitions
// that rows are seen for are replaced, with DefaultMemory.
type OverwriteOptions[T any] struct {
	// Requested are the partitions that are replaced, whatever the rows: one without rows is committed empty,
	// so that a re-run over a range removes what is no longer there. Nil: the partitions seen. An empty slice
	// that is not nil requests nothing.
	Requested []Partition
	// Outside takes the rows whose partition was not requested. Nil: the first such row is a *ConflictError.
	Outside stream.Sink[T]
	// Resources bound the rows held in memory; more are spooled to a file in TempDir. Memory 0 means
	// DefaultMemory here. The bound does not change what is written. Beside it, one row group is held while it
	// is put together. Workers is not used.
	Resources stream.Resources
}

// checkEvery is how many rows pass between two looks at ctx.
const checkEvery = 1024

// Overwrite splits a stream over partitions and replaces them: afterwards a partition holds the rows given and
// nothing of what it held before. by names a row's partition. The rows may come in any order; those of one
// partition keep theirs. T's fields are all written, also those that by looks at: a file is complete without
// its path.
//
// All data files are written and on disk before the first partition is replaced. So an error in the stream, a
// panic, a full disk or a cancelled ctx changes nothing. The partitions are then replaced one after the other,
// each as one step; a failure in that phase is a *CommitError that says how far it came, and Result then lists
// what was replaced. A second writer on the dataset is a *ConflictError, and so is a partition whose columns are
// not those, in their order, of the partitions that are there. The same rows and options give the
// same bytes, whatever the memory bound.
//
// It holds the rows Resources allow (slack of slices aside), and, while it writes a row group, that group and
// one column of it encoded; per partition less than a kilobyte, and about 13 more once a row group of it is
// written. At most two files are open.
func (d *Dataset[T]) Overwrite(ctx context.Context, rows stream.Seq[T], by func(T) Partition, opts OverwriteOptions[T]) (Result, error) {
	staged, err := d.stage("Dataset.Overwrite", ctx, rows, by, opts)
	if err != nil {
		return Result{}, err
	}
	return staged.Commit(ctx)
}

// consume pushes every row to its partition.
func (s *splitter[T]) consume(ctx context.Context, rows stream.Seq[T], by func(T) Partition, requested map[Partition]bool, outside stream.Sink[T]) error {
	var n int64
	names := ""
	for p := range requested {
		names = p.names()
		break
	}
	// Rows often come in runs: one of the partition accepted last needs no second look.
	var last Partition
	have := false
	for row, err := range rows {
		if err != nil {
			return err
		}
		if n++; n%checkEvery == 1 {
			if err := context.Cause(ctx); err != nil {
				return err
			}
		}
		p := by(row)
		if !have || p != last {
			if err := checkPartition(s.r.fn, fmt.Sprintf("by(row %d)", n), p); err != nil {
				return err
			}
			if requested != nil && !requested[p] {
				if outside == nil {
					return &ConflictError{Dir: s.r.d.dir, Partition: p, Row: n, Msg: "row lies outside the requested partitions"}
				}
				if err := outside(row); err != nil {
					return err
				}
				continue
			}
			if names == "" {
				if err := s.r.sameColumns(p, n); err != nil {
					return err
				}
				names = p.names()
			}
			if got := p.names(); got != names {
				return &ConflictError{Dir: s.r.d.dir, Partition: p, Row: n, Msg: fmt.Sprintf("partition columns are %q, others have %q", got, names)}
			}
			last, have = p, true
		}
		if err := s.push(p, row); err != nil {
			return err
		}
	}
	return nil
}

// partitionSet checks a list of partitions. Nil stays nil.
func partitionSet(fn, option string, parts []Partition) (map[Partition]bool, error) {
	if parts == nil {
		return nil, nil
	}
	set := make(map[Partition]bool, len(parts))
	for _, p := range parts {
		if err := checkPartition(fn, option, p); err != nil {
			return nil, err
		}
		if set[p] {
			return nil, &stream.OptionError{Package: "parquetio", Func: fn, Option: option, Got: p.String() + " twice", Want: "each partition once"}
		}
		if p.names() != parts[0].names() {
			return nil, &stream.OptionError{Package: "parquetio", Func: fn, Option: option, Got: p.String() + " beside " + parts[0].String(), Want: "of the same partition columns"}
		}
		set[p] = true
	}
	return set, nil
}

// wrap says which dataset an error is about, where it does not say so itself.
func (d *Dataset[T]) wrap(err error) error {
	var c *ConflictError
	var o *stream.OptionError
	if errors.As(err, &c) || errors.As(err, &o) {
		return err
	}
	return fmt.Errorf("parquetio: dataset %s: %w", d.dir, err)
}

// Rebuild replaces the given partitions, one after the other in the order given: build makes the stream of a
// partition's rows (all that it yields is that partition; nothing checks it against the rows' values), which is read to its end, written and committed before the next begins. A partition whose
// stream is empty is committed empty. build receives ctx, for sources that wait.
//
// An error leaves the partition it happened in as it was; those before it stay replaced, and Result lists them:
// a second call over what is missing goes on there. Everything else is as with Overwrite.
func (d *Dataset[T]) Rebuild(ctx context.Context, parts []Partition, build func(ctx context.Context, p Partition) stream.Seq[T]) (Result, error) {
	const fn = "Dataset.Rebuild"
	if build == nil {
		panic("parquetio: " + fn + ": nil build")
	}
	if _, err := partitionSet(fn, "parts", parts); err != nil {
		return Result{}, err
	}
	if err := context.Cause(ctx); err != nil {
		return Result{}, d.wrap(err)
	}
	r, err := d.begin(fn)
	if err != nil {
		return Result{}, err
	}
	defer r.end()
	if len(parts) > 0 {
		if err := r.sameColumns(parts[0], 0); err != nil {
			return Result{}, err
		}
	}
	var res Result
	for _, p := range parts {
		one, err := r.rebuild(ctx, p, build)
		if err != nil {
			res.finish()
			return res, d.wrap(fmt.Errorf("partition %s: %w", p, err))
		}
		res.add(one)
	}
	res.finish()
	return res, nil
}

func (r *run[T]) rebuild(ctx context.Context, p Partition, build func(context.Context, Partition) stream.Seq[T]) (PartitionResult, error) {
	if err := context.Cause(ctx); err != nil {
		return PartitionResult{}, err
	}
	rows := build(ctx, p)
	if rows == nil {
		panic("parquetio: " + r.fn + ": build returned a nil stream")
	}
	s := r.newSplitter(stream.Resources{})
	defer s.close()
	s.part(p)
	err := s.consume(ctx, rows, func(T) Partition { return p }, nil, nil)
	if err != nil {
		return PartitionResult{}, err
	}
	all, err := s.finish()
	if err != nil {
		return PartitionResult{}, err
	}
	if err := context.Cause(ctx); err != nil {
		return PartitionResult{}, err
	}
	return r.commit(all[0])
}
