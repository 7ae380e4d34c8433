package parquetio

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/millrace-go/millrace/stream"
)

// DefaultMemory is how many bytes of rows Overwrite and Rebuild hold where Resources.Memory is 0.
const DefaultMemory = 256 << 20

// splitter distributes the rows of one stream over the data files of many partitions.
//
//	              rows in memory             spool file (one for all)      staged file (one per partition)
//	date=01-01    ......                     [....][.....]                 |group|group|
//	date=01-02    ...........                                              |group|
//	date=01-03    ..                         [..]
//
// A row goes to the end of its partition's rows in memory. When the group that is being filled, spooled rows
// included, is full, it is read together and written as a row group. When memory is full, the longest runs in
// memory are appended to the spool.
//
// Invariants:
//  1. A partition's rows, in input order, are: the groups written, the extents in the spool, the rows in memory.
//  2. Where a group ends depends on the partition's rows alone, so that the bytes of the files do not depend on
//     the memory bound or on other partitions.
//  3. At most two files are open: the spool, and one staged file while a group is written to it.
type splitter[T any] struct {
	r      *run[T]
	opts   WriteOptions // filled
	sizer  sizer
	acct   *stream.Account
	parts  map[Partition]*splitPart[T]
	spool  *spool
	tmpDir string
}

type splitPart[T any] struct {
	p       Partition
	rows    []T      // the tail of the group being filled
	bytes   int64    // of rows
	extents []extent // spooled rows of the group being filled
	pending int      // rows of the group being filled: spooled and in memory
	size    int64    // their bytes
	total   int64    // rows written in groups
	file    *stagedFile
}

func (r *run[T]) newSplitter(res stream.Resources) *splitter[T] {
	if res.Memory == 0 {
		res.Memory = DefaultMemory
	}
	return &splitter[T]{
		r: r, opts: r.d.opts.Write.filled(), sizer: newSizer(reflect.TypeFor[T](), r.fields),
		acct: res.Account("parquetio: " + r.fn), parts: map[Partition]*splitPart[T]{}, tmpDir: res.TempDir,
	}
}

// part returns the state of a partition, new or not.
func (s *splitter[T]) part(p Partition) *splitPart[T] {
	sp := s.parts[p]
	if sp == nil {
		sp = &splitPart[T]{p: p}
		s.parts[p] = sp
	}
	return sp
}

func (s *splitter[T]) push(p Partition, row T) error {
	sp := s.part(p)
	sp.rows = append(sp.rows, row)
	n := s.sizer.row(reflect.ValueOf(&sp.rows[len(sp.rows)-1]).Elem())
	if sp.pending > 0 && sp.size+n > s.opts.RowGroupBytes {
		last := len(sp.rows) - 1
		if err := s.group(sp, sp.rows[:last]); err != nil {
			return err
		}
		sp.rows = []T{row}
	}
	if err := s.acct.Grow(n); err != nil {
		if err := s.makeRoom(sp, n); err != nil {
			return err
		}
	}
	sp.bytes += n
	sp.size += n
	sp.pending++
	if sp.pending == s.opts.RowGroupRows {
		if err := s.group(sp, sp.rows); err != nil {
			return err
		}
		sp.rows = nil // kept, its memory would be on nobody's account
	}
	return nil
}

// makeRoom spools the largest runs until half of the account is free and n more bytes fit. The newest row of
// sp, which is not booked yet, stays in memory.
func (s *splitter[T]) makeRoom(sp *splitPart[T], n int64) error {
	all := make([]*splitPart[T], 0, len(s.parts))
	for _, p := range s.parts {
		if p.bytes > 0 {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *splitPart[T]) int {
		return cmp.Or(-cmp.Compare(a.bytes, b.bytes), strings.Compare(a.p.path, b.p.path))
	})
	half := s.acct.Used() / 2
	for _, p := range all {
		keep := len(p.rows)
		if p == sp {
			keep--
		}
		if err := s.toSpool(p, keep); err != nil {
			return err
		}
		if s.acct.Used() <= half {
			if s.acct.Grow(n) == nil {
				return nil
			}
		}
	}
	return s.acct.Grow(n)
}

// toSpool appends the first n rows in memory to the spool.
func (s *splitter[T]) toSpool(p *splitPart[T], n int) error {
	if s.spool == nil {
		var err error
		if s.spool, err = newSpool(s.tmpDir, s.r.d.faults); err != nil {
			return fmt.Errorf("parquetio: spool: %w", err)
		}
	}
	e, err := spoolRows(s.spool, s.where(p), s.r.fields, p.rows[:n], p.total+int64(p.pending-n))
	if err != nil {
		return err
	}
	p.extents = append(p.extents, e)
	kept := append([]T(nil), p.rows[n:]...) // a new array: the old one's memory is the point
	p.rows = kept
	s.acct.Shrink(p.bytes)
	p.bytes = 0
	return nil
}

// where names a partition in errors about its values.
func (s *splitter[T]) where(p *splitPart[T]) string { return s.r.d.partitionDir(p.p) }

// group writes the spooled rows and tail as one row group.
func (s *splitter[T]) group(p *splitPart[T], tail []T) error {
	rows := tail
	if len(p.extents) > 0 {
		rows = make([]T, 0, p.pending)
		for _, e := range p.extents {
			var err error
			if rows, err = unspoolRows(s.spool, e, s.r.fields, rows); err != nil {
				return err
			}
		}
		rows = append(rows, tail...)
	}
	if len(rows) != p.pending {
		return fmt.Errorf("parquetio: partition %s: %d rows are gathered for a group of %d", p.p, len(rows), p.pending)
	}
	if p.file == nil {
		var err error
		if p.file, err = s.r.newStagedFile(); err != nil {
			return err
		}
	}
	if err := p.file.open(0); err != nil {
		return err
	}
	err := writeGroup(p.file.w, s.where(p), s.r.fields, rows, p.total)
	if err = errors.Join(err, p.file.park()); err != nil {
		return err
	}
	p.total += int64(len(rows))
	p.extents = p.extents[:0]
	p.pending, p.size = 0, 0
	s.acct.Shrink(p.bytes)
	p.bytes = 0
	return nil
}

// finish writes what is left and returns the partitions, sorted by path.
func (s *splitter[T]) finish() ([]prepared, error) {
	var out []prepared
	for _, p := range s.parts {
		if p.pending > 0 {
			if err := s.group(p, p.rows); err != nil {
				return nil, err
			}
			p.rows = nil
		}
		pp := prepared{p: p.p, rows: p.total}
		if p.file != nil {
			if err := p.file.finish(); err != nil {
				return nil, err
			}
			pp.staged, pp.bytes, pp.sha = p.file.path, p.file.sum.bytes, p.file.sum.hex()
			p.file = nil
		}
		out = append(out, pp)
	}
	slices.SortFunc(out, func(a, b prepared) int { return strings.Compare(a.p.path, b.p.path) })
	return out, nil
}

// close lets go of the spool and of open files, on every path.
func (s *splitter[T]) close() {
	for _, p := range s.parts {
		if p.file != nil && p.file.fd != nil {
			p.file.fd.Close()
		}
	}
	if s.spool != nil {
		s.spool.close()
	}
	s.acct.Close()
}
