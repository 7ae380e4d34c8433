package session

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/millrace-go/millrace/internal/hash"
)

// ID names a session. It is a function of the key, the time of the first event, Session.Ordinal and Options.Salt, and
// of nothing else: the same on a re-run, in any order of the input, on any machine and in every release. An
// event that comes to stand before the first makes it another session with another ID.
//
// Its 128 bits make a collision unlikely at any number of sessions (below 1e-19 for 10^9 of them), but they
// are no secret: whoever knows key, time and salt can compute them.
type ID [16]byte

// String gives 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// The seeds are part of the format of an ID, frozen by testdata/ids.golden.
const (
	seedSalt uint64 = 0x6d696c6c72616365 // "millrace"
	seedKey2 uint64 = 0x73657373696f6e32 // of the second hash of a key, beside that of seed 0
	seedHigh uint64 = 0x9e3779b97f4a7c15
)

// saltOf reduces a salt to the seed of idOf.
func saltOf(salt string) uint64 { return hash.String(salt, seedSalt) }

// idOf is two chains of hash.Uint64, each seeded by the hash before it, over four words: the hash of the key
// with seed 0, its hash with seedKey2, the seconds of the first event since 1970 (two's complement) and its
// nanoseconds. The chain that ends as the first eight bytes starts from salt xor seedHigh, that of the other
// eight from salt; both are written big-endian.
func idOf(key1, key2 uint64, first instant, salt uint64) ID {
	high, low := idChains(key1, key2, first, salt)
	return idFrom(high, low)
}

// idOfOrdinal is idOf for the first session of a key that begins at a time; for those behind it the ordinal is a fifth
// word.
func idOfOrdinal(key1, key2 uint64, first instant, ordinal int, salt uint64) ID {
	high, low := idChains(key1, key2, first, salt)
	if ordinal > 0 {
		high, low = hash.Uint64(uint64(ordinal), high), hash.Uint64(uint64(ordinal), low)
	}
	return idFrom(high, low)
}

func idChains(key1, key2 uint64, first instant, salt uint64) (high, low uint64) {
	high, low = salt^seedHigh, salt
	sec, nsec := first.unix()
	for _, word := range [...]uint64{key1, key2, sec, nsec} {
		high, low = hash.Uint64(word, high), hash.Uint64(word, low)
	}
	return high, low
}

func idFrom(high, low uint64) (id ID) {
	binary.BigEndian.PutUint64(id[:8], high)
	binary.BigEndian.PutUint64(id[8:], low)
	return id
}
