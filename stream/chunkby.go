package stream

// Chunk is a run of adjacent elements with the same key.
type Chunk[K comparable, T any] struct {
	Key    K   // of all Values
	Values []T // the consumer's own
}

// ChunkBy yields runs of adjacent elements whose keys are equal, in order. It groups neighbours only: a key
// that comes again later is a chunk of its own; to group all of a key's elements use Aggregate.
//
// It holds one chunk, however long: where one key may own most of the rows, fold instead of collecting. A
// chunk is yielded once the next key or the end is seen; before an error the unfinished one is not. Keys
// compare by the key rules (NaN equals NaN, times by instant); a key type with pointers or channels inside is
// an *OptionError, an interface key that holds something that cannot be compared a *KeyError.
func ChunkBy[T any, K comparable](s Seq[T], key func(T) K) Seq[Chunk[K, T]] {
	needSeq(s, "ChunkBy")
	needFunc(key == nil, "ChunkBy", "key")
	return func(yield func(Chunk[K, T], error) bool) {
		var none Chunk[K, T]
		keys, err := newKeys[K]("ChunkBy")
		if err != nil {
			yield(none, err)
			return
		}
		var (
			chunk Chunk[K, T]
			index int64
		)
		for v, err := range s {
			if err != nil {
				yield(none, err)
				return
			}
			k := key(v)
			if err := keys.check(&k, index); err != nil {
				yield(none, err)
				return
			}
			index++
			if len(chunk.Values) > 0 && !keys.hasher.Equal(&chunk.Key, &k) {
				if !yield(chunk, nil) {
					return
				}
				chunk.Values = nil
			}
			if len(chunk.Values) == 0 {
				chunk.Key = k
			}
			chunk.Values = append(chunk.Values, v)
		}
		if len(chunk.Values) > 0 {
			yield(chunk, nil)
		}
	}
}
