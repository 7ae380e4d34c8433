package session

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/millrace-go/millrace/internal/hash"
)

// ID names a session. It is a function of the key, the time of the first event and Options.Salt, and of
// nothing else: the same on a re-run, in any order of the input, on any machine and in every release. An
// event that comes to stand before the first makes it another session with another ID.
//
// Its 128 bits make a collision unlikely at any number of sessions (below 1e-19 for 10^9 of them), but they
// are no secret: whoever knows key, time and salt can compute them.
type ID [16]byte

// String gives 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// The seeds are part of the format of an ID, frozen by testdata/ids.golden.
const (
	seedSalt  uint64 = 0x6d696c6c72616365 // "millrace"
	seedKey2  uint64 = 0x73657373696f6e32 // second hash of a key, beside the one of seed 0
	seedFirst uint64 = 0x9e3779b97f4a7c15
)

// saltOf reduces a salt to the seed of idOf.
func saltOf(salt string) uint64 { return hash.String(salt, seedSalt) }

// idOf hashes, twice, 32 bytes, all big-endian:
//
//	0-7    hash of the key with seed 0
//	8-15   hash of the key with seedKey2
//	16-23  seconds of the first event since 1970, two's complement
//	24-31  its nanoseconds, [0, 1e9)
//
// The first half of the ID is their hash with seed salt, the second with seed salt xor seedFirst.
func idOf(key1, key2 uint64, first instant, salt uint64) ID {
	var b [32]byte
	binary.BigEndian.PutUint64(b[0:], key1)
	binary.BigEndian.PutUint64(b[8:], key2)
	binary.BigEndian.PutUint64(b[16:], uint64(first.sec))
	binary.BigEndian.PutUint64(b[24:], uint64(first.nsec))
	var id ID
	binary.BigEndian.PutUint64(id[0:], hash.Bytes(b[:], salt))
	binary.BigEndian.PutUint64(id[8:], hash.Bytes(b[:], salt^seedFirst))
	return id
}
