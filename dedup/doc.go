// Package dedup keeps one row per key: the best one, by rules you can read.
//
// It answers: of all the rows that claim to be event 4711 (retries, corrections, late copies), which one do I
// keep, why that one, and where did the others go?
//
//	best := dedup.Best(events, Event.ID, dedup.Latest(Event.IngestedAt), dedup.Present(Event.HasUpdater))
//
// reads: one row per id, the latest ingested; of two ingested at the same time, the one with an updater; of
// two with an updater, the first seen. With everything spelled out:
//
//	best := dedup.Run(events, Event.ID, dedup.Options[Event]{
//		By:        []dedup.Comparator[Event]{dedup.Latest(Event.IngestedAt), dedup.Present(Event.HasUpdater)},
//		Tie:       dedup.TieFirst,
//		Losers:    losers, // every dropped row, the row it lost to, and what decided
//		Resources: stream.Resources{Memory: 256 << 20},
//	})
//	for e, err := range best {
//		if err != nil {
//			return err
//		}
//		...
//	}
//
// # The words
//
// Two rows are duplicates if their keys are equal, whatever else they hold. The winner of a key is its best row:
// a list of comparators is asked in order, the first that can tell two rows apart decides. Where none can, the
// rows tie, and the tie rule decides: the first seen, the last seen, or an error. Every other row of the key is
// a loser. Duplicates that Options.Same calls the same row are identical, the others are conflicting. A
// position is the number of a row in the input, from 0.
//
// # Keys
//
// A key is any comparable type without pointers or channels. A key of several parts is a small struct. Never
// join the parts into a string: "ab" and "c" make the same string as "a" and "bc", and two events become
// one. Unlike in a Go map, NaN equals NaN and times compare as instants. An interface in a key that
// holds a slice, a map or a func is a *KeyError, not a panic.
//
// A row that has no key is not a duplicate of another row that has none. Options.NullKey says which rows those
// are; they pass through, each for itself and counted, unless NullKeys says to treat them as one key or to
// reject them. Without NullKey there are none: an empty string is then a key like any other, and so is a null
// stream.Opt.
//
// # Guarantees
//
//  1. One row per key, and it is the winner: no other row of the key is better by the comparators.
//  2. If no two rows of a key tie, the survivors do not depend on the order of the input. TieFail makes sure
//     of it: it ends with a *TieError where they would.
//  3. In = Out + Dropped + RejectedNull, and with a TTL or tombstones + Late + BadTimes + Tombstones + Deleted, checked at
//     the end of every run. Every dropped row goes to Losers, if
//     it is set, once.
//  4. Same input, same options: same output in the same order. A memory limit never changes a row; it can end a run,
//     but one of Run only where a single row has no room in it (see below).
//  5. Deduplicating the output again changes nothing. So does deduplicating shards, if all rows of a key are in
//     one shard.
//  6. Sorted gives what Run gives, and never yields a key twice: input that is not sorted is an *OrderError.
//  7. TwoPass gives what Run gives under OrderWinner. Where its second pass does not read what the first read, it is
//     a *ChangedError.
//
// # Which winner a loser names
//
// Losers are delivered as they lose, beside the best row so far; that row may lose later, and is then delivered
// itself. To name the final winner at once, all losers would have to be held to the end. The last loser of a
// key does name the final winner.
//
// # Cost
//
// Best and Run hold one row per distinct key, by value, and an index of 13 bytes a key when it is full, 26 when it has
// just grown; the key of a row that is held is asked for again. 100 million distinct ids with 56-byte rows take 7.7 GB,
// 2.1 of them index (2 million: 73 bytes a key, measured). Distinct, which holds no rows, holds keys: 2.9 GB (2 million
// keys of 8 bytes: 25 bytes a key). OrderWinner, Losers, TieFail and KeepNone add 8 bytes a key for positions, KeepNone
// the keys, OrderWinner 8 bytes more while it sorts. What rows point to (the bytes of strings) comes on top, and while the
// index doubles, half as much again as it then takes. Sorted holds one row.
//
// Rows are taken in by batches of 256, whose lookups overlap, except where they come out on sight.
//
// Resources.Memory bounds this: live bytes of table, keys and rows, with the strings, slices and maps that
// they reach. See below for what happens when it is full. Measuring rows with strings costs some nanoseconds per
// string, and only if there is a bound. A string of a row that was cut from a larger buffer keeps that buffer
// alive, and only its own bytes are counted: clone what you cut from large lines. Keys that are held without their row are copied.
//
// Output comes in the order in which keys were first seen, or by the winners' positions (OrderWinner). Best
// reads all its input before the first row comes out, for the last row read may be the best of any key. Distinct,
// and Run where the first row is bound to win, yield on sight and read nothing ahead. A Seq of this package can run again
// if its source can, and from several goroutines at once if its source can and the callbacks can.
//
// All work is done on the consumer's goroutine unless Resources.Workers asks for several: then the source, NullKey and
// key run there as before, and each worker has the rows of its share of the keys. The rows that come out, their order,
// Stats and errors are the same. The comparators, reducers and Same, and key as well, are called on the workers, for rows
// of different keys at the same time; what they panic with comes out of the loop as a *stream.PanicError, that of the
// first row. Rows stay where they were read until they lose: beside those that are held, half as many that have lost may take
// their place, and 4 MiB of them, and a row takes a byte more; OrderWinner costs nothing then. There are no
// workers where they would be seen or of no use: with Losers or Rejects, under a memory bound, where rows come out on
// sight, and in the other engines.
//
// # Where the rows do not fit
//
// When the bound of a Run is reached, the keys that are in memory stay there, and their rows are settled as before. Rows
// of other keys go to temporary files, in 4, 16 or 32 partitions by the hash of the key, and are settled when the input
// has ended, one partition after the other, each cut again if it does not fit. So a key that has nine rows in ten, and
// comes early as such a key does, collapses in memory. A sixteenth of the bound is left to rows that take the place of
// shorter ones; where that is used up, keys whose rows grow go to disk too. The output is the same, byte for byte, and so
// are its order, the losers and theirs, and Stats. What is to be known:
//
//   - Where rows come out on sight, those of keys that did not fit come out when the input has ended.
//   - From the first row that does not fit, losers are held back too. They are delivered in their order when the input has
//     ended: before the first survivor or, where rows come out on sight, among them. What ends such a run early (a
//     consumer, Losers, a tie) ends it when all of its input has been read, which Rejects was told of and Stats counts;
//     what came before is the same. So an error of the input, as of a context that was cancelled, comes out when what is
//     on disk has been settled, where rows come out on sight or Losers or Stats are to know of it. A break where a row comes
//     out ends it at once.
//   - The key function, the comparators and Same are called again for rows that were on disk, which come back equal but
//     for the monotonic reading of a time.
//   - A row type needs a codec: one is compiled for what has no interface, func, channel or unexported field in it;
//     Options.Codec is for the others.
//   - Temporary files are removed before the loop ends, however it ends. A killed process leaves them, and the next run
//     that spills into the same directory removes them. Trouble with them is a *stream.SpillError, and no row
//     comes out that was not read back whole.
//   - However small the bound is, 16 KiB are taken, and some blocks of 256 bytes. A row for which seven eighths of the
//     bound have no room even by itself, or what others have left of the budget, is a *stream.LimitError.
//
// # Sorted input
//
// Input sorted by key needs one row of memory: once the next key is seen, no row of the last can come. Input
// sorted by time does not allow this. To keep the last row of each key, an engine that reads in order of time must
// wait for the end, since any key may come again; to keep the first, it must remember every key it has
// let through. Sorted therefore asks for the order of the keys, and checks it.
//
// # Sources that can be read twice
//
// A file, a table or a slice can be read again, and then no row has to be held: TwoPass finds in a first pass where
// the winners stand, and yields them in a second, in the order of the source. For each key it keeps the winner's
// position and its ranks, exact numbers by which the comparators Latest, Earliest, Max, Min and Present go: 24
// bytes for a time, beside the key and 6 to 13 bytes of index, whether rows have 50 bytes or 5,000. A million rows of
// a kilobyte, each with a key of 8 bytes, took 41 MB. It costs a second reading, and pays where rows are large or
// memory is short. The two passes must read the same: rows, keys and ranks are counted
// and hashed in order, and a difference ends the second with a *ChangedError, which matches stream.ErrSourceChanged.
//
// # No tie at all
//
// Two rows of a key that no comparator tells apart make the survivor depend on the order of the input: the first or
// the last seen. With ByBytes as the last comparator only rows that are the same in every byte tie, and every order of
// the input, every split into shards and every re-run gives the same survivors.
//
// # One row made of all
//
// Where every row of a key knows something, KeepMerge makes one row of all: the best row, with fields made of the fields
// of all.
//
//	customers := dedup.Run(rows, Customer.Key, dedup.Options[Customer]{
//		Keep: dedup.KeepMerge,
//		By:   []dedup.Comparator[Customer]{dedup.Latest(Customer.UpdatedAt)},
//		Merge: []dedup.Reducer[Customer]{
//			dedup.LastOpt(func(c *Customer) *stream.Opt[string] { return &c.Mail }), // the latest that is known
//			dedup.Least(func(c *Customer) *int64 { return &c.Since }),
//			dedup.Sum(func(c *Customer) *int64 { return &c.Orders }),
//		},
//	})
//
// The rows of a key stand in line: by the comparators, the worst first and the best last, and rows that no comparator
// tells apart as they came. First and Last take a field from either end of it. The totals (Greatest, Least,
// Sum, AnyTrue, AllTrue, Union, Combine) look at every row. What is null does not count: Opt forms, Ptr forms, and Where
// for types that cannot say it. Fields without a Reducer are those of the best row.
//
// If no two rows of a key tie, the merged rows do not depend on the order of the input, but for sums of floats: these
// are added in input order, so that every run gives the same. A key holds its best row; beside it, if it is repeated, one
// row for the totals, if there are any, and those rows that gave a field to First, Last, GreatestFunc or LeastFunc
// and are not the best: no more than there are such reducers, however many rows the key has. A State, Windowed and
// Changelog merge in the same way; states of shards are merged where all reducers come to the same in any order (see
// Reducer.Exact).
//
// # Where the keys do not fit
//
// Approx is Distinct that remembers keys in a Bloom filter: 8.6 bytes per key at a rate of 1 in a million, whatever the
// keys are. 100 million keys take 857 MB (computed) beside the 2.9 GB of Distinct, 1.4 GB where old keys are to be
// forgotten in four generations; at 1 in a thousand 223 MB. What it can do wrong is one thing only:
//
//	                      a new key is dropped          a key comes out twice
//	default               FalseDropRate, at most        never
//	Generations           FalseDropRate, at most        after ExpectedKeys others, at least
//	with Verify           never                         as above
//
// The rate is that of the last key expected; over a run that ends there it is on average an eighth of it. Stats has
// what is to be expected so far, from how full the filter is. A run with another Seed loses other rows.
//
// It is no engine for rows of which none may be lost, unless there is something to ask with Verify; nor for a better row
// than the first, for it holds none; nor for few keys: below some ten thousand, all filters and tables fit into the
// cache and Distinct is as fast. Rows from a stranger ask for a Seed that the stranger cannot know.
//
// # Keys that are forgotten
//
// A stream that does not end has keys without end. Windowed forgets a key when it has lived for a TTL, in event time: from
// its first row on, from the last that took the place of the one held, or from the last that was seen (Refresh). The
// expiry is half-open: with a TTL of an hour a key of 12:00 is known to a row of 12:59:59, and begins anew with one of
// 13:00. To have expired is no deletion: what came out stays out, and the key may come again.
//
// The watermark is the latest time seen less Disorder, and never goes back. What is before it is late: it is counted,
// goes to a sink or ends the stream, and changes nothing. Within Disorder nothing is ever late, and then neither what comes
// out nor its order depends on when the watermark moves. Memory holds the keys whose time has come within TTL and
// Disorder: index and blocks shrink when three quarters of what was there has gone. A key takes 24 bytes beside itself, 13
// to 26 of index and, with a TTL, 28 to 44 for its deadline; where rows may be replaced, 16 more and the row.
//
// # A state that lives with its caller
//
// State is what Windowed and Changelog are made of: rows are pushed, and each gets a verdict. It can be saved between any
// two rows, beside the output (stream.Checkpoint), and goes on in another process as if nothing had been; it takes a
// watermark from elsewhere; and states that saw parts of one input merge into that of the whole, in any order, wherever
// that is well defined: see State.Merge. Positions given with PushAt decide what is first and last across parts.
//
// # Changes and tombstones
//
// Changelog yields what happens to the set of survivors, for a table or an index that follows it: Inserted, Updated (with
// the old row Retracted before it, if asked for), Deleted. Replay applies it, and gives what Run gives. A tombstone is a
// row that deletes its key: it needs nothing but the key, it is obeyed whatever the comparators say, as rows of a
// changelog are, and nothing of it is kept, so that a row which comes after it begins the key anew, and one that was
// overtaken by its deletion comes back.
//
// # When not to use it
//
// To make something else than a row of the rows of a key (a count, a list), use stream.Aggregate with a fold. To drop
// repeats that follow each other directly, stream.ChunkBy needs no key table. Keys chosen by somebody who wants to slow you
// down can all be made to meet in one place of the index, whose hash has no secret seed: each then costs time in proportion
// to all before it. Take keys from strangers through a keyed hash of your own, or use Sorted.
package dedup
