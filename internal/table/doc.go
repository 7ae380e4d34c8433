// Package table numbers keys: each distinct key gets the next dense index, in order of insertion.
//
// It answers the first question of every keyed operator: have I seen this key, and where is its state? What
// belongs to a key (an accumulator, a winner, the open session) lies in plain slices beside the table, at the
// key's index:
//
//	t := table.New(hasher)
//	var counts []int
//	for _, event := range events {
//		i, added := t.Upsert(event.User)
//		if added {
//			counts = append(counts, 0)
//		}
//		counts[i]++
//	}
//	for i := range t.ByHash() {
//		fmt.Println(*t.Key(i), counts[i])
//	}
//
// Where a key's state is small and nobody needs an index, Inline keeps it in the slot, beside the key: an update
// touches one place in memory in place of three, at the price of larger slots. Keys come in batches there, hashed together and looked up together:
//
//	hasher.HashEach(keys, hashes)
//	t.FindEach(keys, hashes, at)
//	for i, slot := range at {
//		if slot < 0 { // the key was not there; one that was added since may be the same
//			slot = t.Again(slot, &keys[i], hashes[i])
//		}
//		if slot >= 0 {
//			t.At(int(slot)).Value++
//			continue
//		}
//		if _, grew := t.Add(slot, &keys[i], hashes[i], 1); grew {
//			t.FindEach(keys[i+1:], hashes[i+1:], at[i+1:])
//		}
//	}
//
// # Guarantees
//
//  1. Keys are equal by the rules of package hash, NaN and times included; of equal keys the first is kept.
//  2. Indexes are 0, 1, 2 and so on, and never change before Reset.
//  3. The same keys in the same order give the same table; the order of ByHash depends on the keys alone, but for
//     keys that share a hash.
//  4. Bytes is what is live, and grows only as Growth announced, plus what new keys point to.
//
// Strings in keys are copied when a key is inserted, so that a table keeps alive no text that they were cut from (see
// hash.Hasher.Own for what is not copied).
//
// # Cost
//
// Per key: the key, 8 bytes of hash, and 12.8 to 25.6 bytes of slots; all arrays double together, and while
// they do, the old ones are alive beside the new. Keys may come in any order, that of their hashes too: a table that they
// would fill from one end looks for them elsewhere from then on, and pays for the order of ByHash or Sorted with a sort. A table numbers up to 2^32 - 2 keys. It is not safe for
// concurrent use.
//
// The invariants (see Table) are checked after every insertion under the build tag invariants.
package table
