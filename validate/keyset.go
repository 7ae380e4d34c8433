package validate

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// keySet finds repeated keys among the objects that are open at a time: one stack of keys, each object owning
// a run at its top.
//
//	{"a":1,"b":{"c":2, <- here        keys: a b | c
//
// Short objects compare fingerprints one by one; from smallObject keys on an object gets a hash table, so that
// a row of a million keys costs linear time. The seed of the hash is random per process and never shows: only
// equality of keys does.
type keySet struct {
	line   []byte
	keys   []keyRef
	text   []byte // unescaped keys
	tables [][]int32
	used   int // tables in use
	seed   maphash.Seed
}

type keyRef struct {
	print      uint64 // fingerprint: equal for equal keys
	start, end int32
	escaped    bool // in text rather than in line
}

// objectKeys is one open object.
type objectKeys struct {
	base  int // its first key in keySet.keys
	table int // 1-based index in tables; 0: none yet
}

const smallObject = 16

func (ks *keySet) reset(line []byte) {
	ks.line = line
	ks.keys, ks.text = ks.keys[:0], ks.text[:0]
	ks.used = 0
}

func (ks *keySet) open() objectKeys { return objectKeys{base: len(ks.keys)} }

func (ks *keySet) close(o *objectKeys) {
	ks.keys = ks.keys[:o.base]
	if o.table > 0 {
		ks.used--
		if len(ks.tables[o.table-1]) > 1<<16 {
			ks.tables[o.table-1] = nil // one hostile row shall not be paid for by all later ones
		}
	}
}

// add reports whether the object has the key already, and puts it there otherwise. start and end are where it
// stands in the line; with escaped, key is its text and is copied.
func (ks *keySet) add(o *objectKeys, key []byte, start, end int, escaped bool) bool {
	ref := keyRef{print: fingerprint(key), start: int32(start), end: int32(end), escaped: escaped}
	if o.table == 0 {
		for i := o.base; i < len(ks.keys); i++ {
			if ks.keys[i].print == ref.print && bytes.Equal(ks.bytes(i), key) {
				return true
			}
		}
		ks.push(ref, key)
		if len(ks.keys)-o.base > smallObject {
			ks.index(o)
		}
		return false
	}
	table := ks.tables[o.table-1]
	mask := len(table) - 1
	slot := ks.hash(key) & mask
	for ; table[slot] != 0; slot = (slot + 1) & mask {
		i := o.base + int(table[slot]) - 1
		if ks.keys[i].print == ref.print && bytes.Equal(ks.bytes(i), key) {
			return true
		}
	}
	ks.push(ref, key)
	table[slot] = int32(len(ks.keys) - o.base)
	if 2*(len(ks.keys)-o.base) > len(table) {
		ks.rehash(o, make([]int32, 4*len(table)))
	}
	return false
}

func (ks *keySet) push(ref keyRef, key []byte) {
	if ref.escaped {
		ref.start = int32(len(ks.text))
		ks.text = append(ks.text, key...)
		ref.end = int32(len(ks.text))
	}
	ks.keys = append(ks.keys, ref)
}

func (ks *keySet) bytes(i int) []byte {
	ref := &ks.keys[i]
	if ref.escaped {
		return ks.text[ref.start:ref.end]
	}
	return ks.line[ref.start:ref.end]
}

func (ks *keySet) hash(key []byte) int {
	if ks.seed == (maphash.Seed{}) {
		ks.seed = maphash.MakeSeed()
	}
	return int(maphash.Bytes(ks.seed, key) & (1<<31 - 1))
}

// index gives the object a table. An object adds no keys while another is open inside it, so tables too are
// taken and given back in stack order.
func (ks *keySet) index(o *objectKeys) {
	if ks.used == len(ks.tables) {
		ks.tables = append(ks.tables, nil)
	}
	ks.used++
	o.table = ks.used
	table := ks.tables[o.table-1]
	if table == nil {
		table = make([]int32, 8*smallObject)
	}
	ks.rehash(o, table)
}

func (ks *keySet) rehash(o *objectKeys, table []int32) {
	clear(table)
	mask := len(table) - 1
	for i := o.base; i < len(ks.keys); i++ {
		slot := ks.hash(ks.bytes(i)) & mask
		for table[slot] != 0 {
			slot = (slot + 1) & mask
		}
		table[slot] = int32(i-o.base) + 1
	}
	ks.tables[o.table-1] = table
}

// fingerprint mixes the length with the first and last eight bytes: a filter before bytes.Equal.
func fingerprint(key []byte) uint64 {
	n := len(key)
	switch {
	case n >= 8:
		return binary.LittleEndian.Uint64(key) ^ binary.LittleEndian.Uint64(key[n-8:])*0x9e3779b97f4a7c15 ^ uint64(n)
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(key))<<32 | uint64(binary.LittleEndian.Uint32(key[n-4:])) ^ uint64(n)<<60
	case n > 0:
		return uint64(key[0])<<16 | uint64(key[n/2])<<8 | uint64(key[n-1]) | uint64(n)<<60
	}
	return 0
}
