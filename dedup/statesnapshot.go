package dedup

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/millrace-go/millrace/internal/hash"
	"github.com/millrace-go/millrace/internal/roomerr"
	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/internal/snapshot"
	"github.com/millrace-go/millrace/stream"
)

// The payload of a snapshot of State, in the frame of internal/snapshot, with its records (a uvarint of the bytes, then
// the bytes of a codec; uvarint and varint as in encoding/binary):
//
//	uvarint  0: all positions were given by PushAt; 1: some were not
//	uvarint  the position behind all rows
//	varint   watermark in nanoseconds since 1970; the least int64: none yet
//	uvarint  each of Stats, in the order of its fields
//	uvarint  entries, and for each: first the keys in order of hash, then the group of null keys, then the rows that only
//	         wait to come out; ties, and the last, in order of the first position:
//	    uvarint  1 key, 2 group, 3 row without a key, 4 row whose key began anew; + 8 if the key is repeated under
//	             KeepNone, + 16 if the row is tied, + 32 if there is no key
//	    record   key, if there is one
//	    varint   time from which it lives, where there is a TTL
//	    uvarint  position of the first row of the key
//	    uvarint  where the row held may be another than the first: its position less that of the first
//	    uvarint  if tied: position of the row that ties with it, less that of the row held
//	    record   row, where rows are held: not of a repeated key, unless Same may ask for it
//	    under KeepMerge, where that is the best row of the key, what is known beside it: see writeMore
//
// So equal states are equal bytes, whatever order the rows came in.
const (
	entryKindBits = 7
	entrySpent    = 8
	entryTied     = 16
	entryNoKey    = 32
)

var _ stream.State = (*State[int, int])(nil)

// codecs write keys and rows; they are compiled when they are first asked for.
type codecs[T any, K comparable] struct {
	keyCodec           stream.Codec[K]
	rowCodec           stream.Codec[T]
	keyShape, rowShape string // what of them enters the digest
}

// UseCodecs sets how keys and rows are written, where their types are none that a codec can be compiled from. A nil one is
// left as it is. Call it before Snapshot, Restore, Merge and Digest; what is supplied here is part of the configuration by
// the name of its type.
func (c *codecs[T, K]) UseCodecs(key stream.Codec[K], row stream.Codec[T]) {
	if key != nil {
		c.keyCodec, c.keyShape = key, fmt.Sprintf("%T", key)
	}
	if row != nil {
		c.rowCodec, c.rowShape = row, fmt.Sprintf("%T", row)
	}
}

// compile returns an *stream.OptionError for a type that cannot be written.
func (c *codecs[T, K]) compile(op string, rows bool) (err error) {
	if c.keyCodec == nil {
		if c.keyCodec, c.keyShape, err = compiled[K](op, "key type"); err != nil {
			return err
		}
	}
	if rows && c.rowCodec == nil {
		c.rowCodec, c.rowShape, err = compiled[T](op, "row type")
	}
	return err
}

func compiled[V any](op, what string) (stream.Codec[V], string, error) {
	codec, err := rowcodec.New[V]()
	if err != nil {
		return nil, "", &stream.OptionError{Package: "dedup", Func: op, Option: what, Got: err, Want: "one that has bytes, or have a Codec by UseCodecs"}
	}
	return codec, fmt.Sprintf("%016x", codec.Digest()), nil
}

// Digest identifies the options, the names of the comparators among them, and the layouts of key and row. What functions
// do with a row is not in it, for functions cannot be compared: whoever changes them starts anew. Nor are sinks and
// Resources, but for what they let the state hold.
func (s *State[T, K]) Digest() uint64 {
	p := s.plan()
	if p == nil {
		panic("dedup: State.Digest: the zero State: make one with New")
	}
	_ = s.compile("State.Digest", p.rows) // a type that cannot be written has no shape; Snapshot says so
	var b strings.Builder
	fmt.Fprintf(&b, "dedup keep=%v tie=%v order=%v nulls=%v,%t same=%t", p.keep, p.tie, p.order, p.nullKeys, p.nullKey != nil, p.same != nil)
	for i, c := range p.by {
		fmt.Fprintf(&b, " by=%q,%t,%t", p.names[i], c.total, c.nullsFirst)
	}
	fmt.Fprintf(&b, " ttl=%d refresh=%v disorder=%d tombstone=%t eager=%t rows=%t key=%s row=%s",
		p.ttl, p.o.Refresh, int64(p.o.Disorder), p.o.Tombstone != nil, p.eager, p.rows, s.keyShape, s.rowShape)
	if p.merge != nil {
		for i := range p.merge.reducers {
			r := &p.merge.reducers[i]
			fmt.Fprintf(&b, " merge=%q,%d", r.label(), r.wheres)
		}
	}
	return hash.String(b.String(), 0)
}

func (s *State[T, K]) header() snapshot.Header {
	return snapshot.Header{Kind: "dedup", Digest: s.Digest()}
}

// counts are the fields of Stats in the order of a snapshot, which is that of their declaration.
func (s *Stats) counts() [13]*int64 {
	return [...]*int64{&s.In, &s.Out, &s.Dropped, &s.NullKeys, &s.RejectedNull, &s.Keys, &s.Duplicates, &s.Identical, &s.Conflicting,
		&s.Late, &s.BadTimes, &s.Tombstones, &s.Deleted}
}

// Snapshot writes the state. It returns an *stream.OptionError for a key or a row that cannot be written (see UseCodecs),
// the error of out, and the state's own after one. It takes 4 bytes of memory for each entry, beside the bound.
func (s *State[T, K]) Snapshot(out io.Writer) error {
	if err := s.usable(); err != nil {
		return err
	}
	const op = "State.Snapshot"
	if err := s.compile(op, s.plan().rows); err != nil {
		return err
	}
	w := snapshot.NewWriter(out, s.header())
	local := uint64(0)
	if s.local {
		local = 1
	}
	w.Uvarint(local)
	w.Uvarint(uint64(s.next))
	w.Varint(s.watermark)
	for _, n := range s.stats.counts() {
		w.Uvarint(uint64(*n))
	}
	order := s.canonical()
	w.Uvarint(uint64(len(order)))
	for _, i := range order {
		if err := s.writeEntry(w, int(i)); err != nil {
			return fmt.Errorf("dedup: %s: %w", op, err)
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("dedup: %s: %w", op, err)
	}
	return nil
}

// canonical returns the entries in the order of a snapshot.
func (s *State[T, K]) canonical() []int32 {
	order := make([]int32, 0, s.live)
	for i := range s.facts.n {
		if s.facts.at(i).kind != entryFree {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		if c := compareFacts(s.facts.at(int(a)), s.facts.at(int(b))); c != 0 {
			return c
		}
		return s.compareAlike(int(a), int(b))
	})
	return order
}

// compareAlike orders two entries whose facts are the same, as those of one key may be that began anew and met copies of rows
// which came before it, by all else that is in a snapshot.
func (s *State[T, K]) compareAlike(a, b int) int {
	if s.plan().ttl > 0 {
		if c := cmp.Compare(*s.times.at(a), *s.times.at(b)); c != 0 {
			return c
		}
	}
	if c := cmp.Or(cmp.Compare(s.entries.position(a), s.entries.position(b)), cmp.Compare(s.entries.tied(a), s.entries.tied(b))); c != 0 {
		return c
	}
	if !s.plan().rows {
		return 0
	}
	if _ = s.compile("State", true); s.rowCodec == nil { // rows without bytes stay as they stand, and are never saved
		return 0
	}
	x, err := s.rowCodec.Append(nil, s.entries.row(a))
	y, err2 := s.rowCodec.Append(nil, s.entries.row(b))
	if err != nil || err2 != nil {
		return 0 // who writes them says so
	}
	return bytes.Compare(x, y)
}

// class says in which part of a snapshot an entry stands.
func (f *fact) class() int { return int(min(f.kind, entryNull)) }

func compareFacts(a, b *fact) int {
	if c := cmp.Compare(a.class(), b.class()); c != 0 {
		return c
	}
	if a.kind == entryKey {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.first, b.first))
	}
	return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.kind, b.kind), cmp.Compare(a.hash, b.hash))
}

// writesRow says that the row of an entry is in the snapshot.
func (p *statePlan[T]) writesRow(spent bool) bool { return p.rows && (!spent || p.same != nil) }

func (s *State[T, K]) writeEntry(w *snapshot.Writer, i int) error {
	p, f := s.plan(), s.facts.at(i)
	head := uint64(f.kind)
	if f.spent {
		head |= entrySpent
	}
	tied := s.entries.tied(i)
	if tied >= 0 {
		head |= entryTied
	}
	if f.null {
		head |= entryNoKey
	}
	w.Uvarint(head)
	if !f.null {
		if err := snapshot.WriteRecord(w, s.keyCodec, s.keys.at(i)); err != nil {
			return err
		}
	}
	if p.ttl > 0 {
		w.Varint(*s.times.at(i))
	}
	w.Uvarint(uint64(f.first))
	if p.claims() {
		w.Uvarint(uint64(s.entries.position(i) - f.first))
		if tied >= 0 {
			w.Uvarint(uint64(tied - s.entries.position(i)))
		}
	}
	if p.writesRow(f.spent) {
		if err := snapshot.WriteRecord(w, s.rowCodec, s.entries.row(i)); err != nil {
			return err
		}
	}
	if p.merge != nil {
		return s.writeMore(w, i)
	}
	return nil
}

// Restore replaces the state by a snapshot: what is pushed from here on continues it. It reads exactly one snapshot from
// in. It returns a *stream.SnapshotError for bytes that are broken or of another configuration, an *stream.OptionError
// for a key or a row that cannot be read, a *stream.LimitError, and the error of in; the state is then unchanged. While
// it runs, both the old state and the new are there, and booked with a shared budget.
func (s *State[T, K]) Restore(in io.Reader) error {
	const op = "State.Restore"
	if s.plan() == nil {
		return errZeroState
	}
	if err := s.compile(op, s.plan().rows); err != nil {
		return err
	}
	r, err := snapshot.NewReader(in, s.header())
	if err != nil {
		return roomerr.Restore("dedup", op, err)
	}
	fresh := &State[T, K]{key: s.key, survive: s.survive, codecs: s.codecs}
	fresh.begin(s.plan(), s.hasher)
	give := fresh // whose memory is not needed: after a panic of a codec, too
	defer func() { give.giveBack() }()
	if err := fresh.read(r); err != nil {
		return roomerr.Restore("dedup", op, err)
	}
	old := *s
	*s, give = *fresh, &old
	return nil
}

// read reads the payload into an empty state.
func (s *State[T, K]) read(r *snapshot.Reader) (err error) {
	at := r.Offset()
	local, err := r.Uvarint()
	if err != nil {
		return err
	}
	if local > 1 {
		return snapshot.Refuse(at, "origin of positions", local, "0 or 1")
	}
	s.local = local == 1
	if s.next, err = r.Count("next position"); err != nil {
		return err
	}
	at = r.Offset()
	if s.watermark, err = r.Varint(); err != nil {
		return err
	}
	if s.plan().ttl == 0 && s.watermark != math.MinInt64 {
		return snapshot.Refuse(at, "watermark", s.watermark, "none, for there is no TTL")
	}
	countsAt := r.Offset()
	for _, n := range s.stats.counts() {
		if *n, err = r.Count("a count"); err != nil {
			return err
		}
	}
	n, err := r.Uvarint()
	if err != nil {
		return err
	}
	var before fact
	for range n {
		if err := s.readEntry(r, &before); err != nil {
			return err
		}
	}
	if !conserved(&s.stats, s.waiting) || s.stats.Keys < int64(s.Len()) {
		return snapshot.Refuse(countsAt, "counts", fmt.Sprintf("%+v with %d rows held and %d keys", s.stats, s.waiting, s.Len()), "the same on both sides")
	}
	return r.End()
}
