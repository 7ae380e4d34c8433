package parquetio

import (
	"context"

	"github.com/millrace-go/millrace/stream"
)

// Staged is what Stage wrote: the new version of some partitions, whole and on disk, where no reader of the
// dataset looks. It holds the dataset's writer lock until Commit or Abort. It is not safe for concurrent use,
// but any number of ReadStaged may run at once before Commit.
type Staged[T any] struct {
	r    *run[T]
	all  []prepared // sorted by path
	done bool
}

// Stage is the first half of Overwrite: it splits the stream over partitions and writes their data files, and
// replaces nothing yet. What comes in between is the caller's: read the rows back with ReadStaged, compute
// what belongs beside them, stage that too; then Commit all of it, or Abort. An error leaves nothing staged.
//
// Order, memory and errors are those of Overwrite.
func (d *Dataset[T]) Stage(ctx context.Context, rows stream.Seq[T], by func(T) Partition, opts OverwriteOptions[T]) (*Staged[T], error) {
	return d.stage("Dataset.Stage", ctx, rows, by, opts)
}

func (d *Dataset[T]) stage(fn string, ctx context.Context, rows stream.Seq[T], by func(T) Partition, opts OverwriteOptions[T]) (_ *Staged[T], err error) {
	if rows == nil {
		panic("parquetio: " + fn + ": nil rows")
	}
	if by == nil {
		panic("parquetio: " + fn + ": nil by")
	}
	if err := opts.Resources.Check("parquetio", fn); err != nil {
		return nil, err
	}
	requested, err := partitionSet(fn, "Requested", opts.Requested)
	if err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, d.wrap(err)
	}
	r, err := d.begin(fn)
	if err != nil {
		return nil, err
	}
	staged := &Staged[T]{r: r}
	kept := false
	defer func() {
		if !kept { // a panic in rows or by included
			staged.Abort()
		}
	}()
	if len(opts.Requested) > 0 {
		if err := r.sameColumns(opts.Requested[0], 0); err != nil {
			return nil, err
		}
	}
	s := r.newSplitter(opts.Resources)
	defer s.close()
	for p := range requested {
		s.part(p)
	}
	if err := s.consume(ctx, rows, by, requested, opts.Outside); err != nil {
		return nil, d.wrap(err)
	}
	if staged.all, err = s.finish(); err != nil {
		return nil, d.wrap(err)
	}
	kept = true
	return staged, nil
}

// Rows is the number of rows staged.
func (s *Staged[T]) Rows() int64 {
	var n int64
	for i := range s.all {
		n += s.all[i].rows
	}
	return n
}

// Commit replaces the staged partitions, one after the other in the order of their paths, each as one step. A
// ctx that is done before the first changes nothing. A failure on the way is a *CommitError that says how far
// it came, and Result then lists what was replaced. However it ends, nothing is staged any more and the
// dataset's lock is free. A second Commit, or one after Abort, is a *ConflictError.
func (s *Staged[T]) Commit(ctx context.Context) (Result, error) {
	d := s.r.d
	if s.done {
		return Result{}, &ConflictError{Dir: d.dir, Msg: "nothing is staged: Commit or Abort came before"}
	}
	defer s.Abort()
	if err := context.Cause(ctx); err != nil {
		return Result{}, d.wrap(err)
	}
	return s.r.commitAll(s.all)
}

// Abort removes what is staged and frees the dataset's lock. It does nothing after Commit or another Abort, so
// it can be deferred.
func (s *Staged[T]) Abort() {
	if !s.done {
		s.done = true
		s.r.end()
	}
}

// ReadStaged yields the staged rows, or those columns of them that U's fields name, sorted by partition path
// and then in the order in which they were given. It reads as Read does, and can run again until Commit or
// Abort; after these the first pull is a *ConflictError.
func ReadStaged[U, T any](s *Staged[T], opts ReadOptions) stream.Seq[U] {
	if s == nil {
		panic("parquetio: ReadStaged: nil Staged")
	}
	return func(yield func(U, error) bool) {
		var zero U
		if s.done {
			yield(zero, &ConflictError{Dir: s.r.d.dir, Msg: "nothing is staged: Commit or Abort came before"})
			return
		}
		for i := range s.all {
			if s.all[i].staged == "" {
				continue
			}
			for row, err := range Read[U](s.all[i].staged, opts) {
				if err != nil {
					yield(zero, err)
					return
				}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}
