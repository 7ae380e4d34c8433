package hash

import "math/bits"

// The four odd constants of wyhash's default secret. They are part of the frozen format.
const (
	secret0 = 0xa0761d6478bd642f
	secret1 = 0xe7037ed1a0b428db
	secret2 = 0x8ebc6af09c88c6e3
	secret3 = 0x589965cc75374cc3
)

// mum is wyhash's multiplication in its protected form: the operands are xored back into the halves of the
// 128-bit product, so that an operand of zero does not wipe out what the other one knew. Without it, a field
// chosen equal to a secret makes all keys that share it collide, whatever the seed.
func mum(a, b uint64) (uint64, uint64) {
	hi, lo := bits.Mul64(a, b)
	return a ^ lo, b ^ hi
}

// mix folds the protected product to 64 bits.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return a ^ b ^ hi ^ lo
}

// foldWord appends one 64-bit leaf to the running hash.
func foldWord(h, w uint64) uint64 { return mix(w^secret1, h^secret2) }

// finish ends the running hash of a key of n leaves.
func finish(h uint64, n int) uint64 { return mix(h^secret0, uint64(n)^secret3) }

// Uint64 hashes v. It equals the hash of any key that is one integer of that value, sign-extended.
func Uint64(v, seed uint64) uint64 { return mix(foldWord(seed, v)^secret0, 1^secret3) }

// Bytes hashes b; it equals String(string(b), seed) and does not keep b.
func Bytes(b []byte, seed uint64) uint64 { return wyhash(b, seed) }

// String hashes s. It equals the hash of any key that is one string of that value.
func String(s string, seed uint64) uint64 { return wyhash(s, seed) }

// wyhash is Wang Yi's wyhash, final version 3 (github.com/wangyi-fudan/wyhash, public domain by the Unlicense),
// with protected multiplication and the default secret. Up to 16 bytes are read as two overlapping words;
// longer input goes 16 bytes at a time, in three lanes while more than 48 are left, and its last 16 bytes
// (which may overlap what was read) go into the end. All reads are little-endian.
func wyhash[S string | []byte](s S, seed uint64) uint64 {
	n := len(s)
	seed ^= mix(seed^secret0, secret1)
	var a, b uint64
	switch {
	case n > 16:
		p := s
		if len(p) > 48 {
			seed1, seed2 := seed, seed
			for len(p) > 48 {
				seed = mix(word8(p)^secret1, word8(p[8:])^seed)
				seed1 = mix(word8(p[16:])^secret2, word8(p[24:])^seed1)
				seed2 = mix(word8(p[32:])^secret3, word8(p[40:])^seed2)
				p = p[48:]
			}
			seed ^= seed1 ^ seed2
		}
		for len(p) > 16 {
			seed = mix(word8(p)^secret1, word8(p[8:])^seed)
			p = p[16:]
		}
		a, b = word8(s[n-16:]), word8(s[n-8:])
	case n >= 4:
		j := n >> 3 << 2 // 0 below 8 bytes, 4 from there on: the four reads cover all bytes
		a = word4(s)<<32 | word4(s[j:])
		b = word4(s[n-4:])<<32 | word4(s[n-4-j:])
	case n > 0:
		a = uint64(s[0])<<16 | uint64(s[n>>1])<<8 | uint64(s[n-1])
	}
	a, b = mum(a^secret1, b^seed)
	return mix(a^secret0^uint64(n), b^secret1)
}

// word8 reads 8 bytes, little-endian; the compiler makes one load of it where the machine allows.
func word8[S string | []byte](s S) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// word4 reads 4 bytes, little-endian.
func word4[S string | []byte](s S) uint64 {
	_ = s[3]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24
}
