// Package hash turns any comparable key into a stable 64-bit hash, and says when two keys are one.
//
// It answers what Go's own maps leave open: hashes that can be written down and merged (the same in every
// process, on every platform, in every release), keys that are equal when their user means them to be, and
// errors instead of panics for keys that cannot be keys:
//
//	h, err := hash.New[Key]() // *KeyTypeError if Key holds a pointer or a channel
//	if err != nil {
//		return err
//	}
//	if err := h.Check(&k); err != nil { // only keys with interfaces inside can fail
//		return err
//	}
//	slot := h.Hash(&k, seed) >> shift
//
// # When two keys are one
//
//  1. NaN equals NaN, whatever its bits; -0 equals 0.
//  2. A time.Time, and a type defined as it, is its instant: zone and monotonic reading do not count. Two
//     times are one if their Unix seconds and nanoseconds are, also where time.Time.Equal trusts the monotonic
//     clock and says otherwise.
//  3. An interface is its dynamic type and, by these rules, its value. Nil is a key.
//  4. Blank fields do not count, as for ==; unexported ones do.
//  5. All else is ==. Strings and fields keep apart: ("ab", "c") is not ("a", "bc").
//
// Pointers, channels and unsafe.Pointers are refused: their identity means nothing in another process. New
// finds them in the type; Check finds them, and what Go cannot compare, inside interfaces.
//
// # The hash
//
// A key is a list of leaves in order of declaration: integers, extended to 64 bits by their sign (so that int
// is the same on 32-bit platforms), bools as 0 and 1, floats by their canonical bits, complex numbers as two
// floats, strings, arrays of bytes as strings, times as Unix seconds and nanoseconds. An interface is the hash
// of its type's full name, or 0 for nil, then the leaves of its value; it counts as one. With mix(a, b) = a ^ b
// ^ both halves of the product of a and b, and S0 to S3 wyhash's secret:
//
//	start   h = seed
//	word w  h = mix(w ^ S1, h ^ S2)
//	text s  h = wyhash(s, h)
//	end     mix(h ^ S0, number of leaves ^ S3)
//
// A key that is one text has no end: its hash is wyhash(s, seed). wyhash is Wang Yi's, in the public domain,
// with the product protected (see mix). No secret part of the hash is secret: where the input may be hostile,
// the seed must be.
//
// The bytes are frozen: testdata/vectors.txt fails when one changes.
//
// # Cost
//
// New compiles K once, by reflection. Hash then reads the key by address, a few nanoseconds per leaf, and
// allocates nothing; under the build tag purego it walks by reflection, to the same hash, some ten times
// slower. What interfaces hold is always walked by reflection, but for the commonest types. A Hasher is
// immutable and safe for concurrent use.
package hash
