package stream

import "fmt"

// JoinKind says which rows a join yields beside the pairs of equal keys.
type JoinKind uint8

// The kinds of joins. A row matches where the other side has one or more rows with its key; a row whose key is null
// never matches.
const (
	Inner JoinKind = iota // pairs only
	Left                  // pairs, and the left rows that do not match
	Right                 // pairs, and the right rows that do not match
	Full                  // pairs, and the rows of both sides that do not match
	Semi                  // each left row that matches, once, alone
	Anti                  // each left row that does not match, alone
)

// String is the name of the constant.
func (k JoinKind) String() string {
	if int(k) < len(joinKinds) {
		return joinKinds[k]
	}
	return fmt.Sprintf("JoinKind(%d)", k)
}

var joinKinds = [...]string{"Inner", "Left", "Right", "Full", "Semi", "Anti"}

func (k JoinKind) pairs() bool     { return k != Semi && k != Anti }
func (k JoinKind) loneLeft() bool  { return k == Left || k == Full || k == Anti }
func (k JoinKind) loneRight() bool { return k == Right || k == Full }

func (k JoinKind) check(fn string) error {
	if int(k) < len(joinKinds) {
		return nil
	}
	const want = "one of Inner, Left, Right, Full, Semi, Anti"
	return &OptionError{Package: "stream", Func: fn, Option: "Kind", Got: k, Want: want}
}

// Joined is a row of a join: a left and a right one with equal keys, or one of them alone. A side that is not there
// is the zero value, and its Has is false; for a kind that never lacks a side there is no need to ask.
type Joined[L, R any] struct {
	Left     L    // zero where HasLeft is false
	Right    R    // zero where HasRight is false
	HasLeft  bool // always true for Inner, Left, Semi and Anti
	HasRight bool // always true for Inner and Right, never for Semi and Anti
}

// JoinOptions set the kind of a join and bound it. The zero value: the inner join, the right side in memory.
type JoinOptions struct {
	Kind JoinKind // which rows are yielded; Inner

	// Unordered leaves out what puts the output of a partitioned join into order again: fewer bytes written, and rows
	// come sooner. The rows are the same, their order is then not part of the contract.
	Unordered bool

	// Chunk is how many left rows are read at a time, at most, and then looked up together; at most 256, and 0 means
	// that. The first read takes one, each further read twice as many as the one before, so that what is read ahead is
	// never more than what was read before, and one. 1 reads nothing ahead, at about three times the cost of a row: for a
	// live left side. It holds for a broadcast only: where the right side does not fit, a block of the left side is read
	// ahead, or all of it, so give the right side of a live join the memory that it needs.
	Chunk int

	// Resources.Memory and Budget bound the live bytes. Half is for rows of the right side and their index. Of the other
	// half, where these do not fit, left rows that are held take one half, and what they find on disk and buffers the
	// other; or, if the join is partitioned to files below TempDir, buffers of files take one half, and merging the
	// output the other. These take 8 KiB each where the bound is smaller than four times that, or where others have
	// taken the Budget. Not counted is what memory keeps of the index of the partitions' files, however much is written: for
	// each of the 16 partitions that are filled at a time, or 64 where the bound is 32 MiB or more, 768 bytes, twice that
	// from 32 blocks on and three times from 1,024, and about a hundred for one that is finished. Workers is accepted and
	// has no effect.
	Resources Resources

	// LeftCodec and RightCodec are a Codec[L] and a Codec[R] for what goes to disk; nil: compiled from the types. They
	// are needed only where memory is bounded.
	LeftCodec, RightCodec any

	// Stats, if set, is written when a run ends, on any path: what the run decided and did. Runs at the same time
	// need one each.
	Stats *JoinStats
}

// JoinStats is what one run of Join did.
type JoinStats struct {
	Broadcast  bool  // the right side fitted in memory, and the left side streamed past it
	Partitions int   // radix partitions that were joined; 0 for a broadcast
	Depth      int   // how often the hash was cut to make them
	LeftBlocks int   // of left rows that were held while right rows were read past them: 0 where there are partitions
	Blocks     int   // of right rows that were joined one after the other, where a hot key did not fit
	NullLeft   int64 // left rows whose key is null
	NullRight  int64 // right rows whose key is null
	Rows       int64 // yielded

	SpilledLeft, SpilledRight           int64 // rows written to disk, each time: as what did not fit, and to partitions
	SpilledLeftBytes, SpilledRightBytes int64 // their encoded bytes, before compression
}
