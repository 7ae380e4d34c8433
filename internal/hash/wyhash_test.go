package hash

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// refWyhash is wyhash in its plainest form, with the multiplication as a parameter: with the plain product it
// must give the published vectors, with the protected one it must agree with ours.
func refWyhash(s string, seed uint64, mum func(a, b uint64) (uint64, uint64)) uint64 {
	mix := func(a, b uint64) uint64 { a, b = mum(a, b); return a ^ b }
	r8 := func(i int) uint64 { return binary.LittleEndian.Uint64([]byte(s[i : i+8])) }
	r4 := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32([]byte(s[i : i+4]))) }
	n := len(s)
	seed ^= mix(seed^secret0, secret1)
	var a, b uint64
	if n <= 16 {
		if n >= 4 {
			j := 4 * (n / 8)
			a, b = r4(0)<<32|r4(j), r4(n-4)<<32|r4(n-4-j)
		} else if n > 0 {
			a = uint64(s[0])<<16 | uint64(s[n/2])<<8 | uint64(s[n-1])
		}
	} else {
		i := 0
		if n > 48 {
			s1, s2 := seed, seed
			for ; n-i > 48; i += 48 {
				seed = mix(r8(i)^secret1, r8(i+8)^seed)
				s1 = mix(r8(i+16)^secret2, r8(i+24)^s1)
				s2 = mix(r8(i+32)^secret3, r8(i+40)^s2)
			}
			seed ^= s1 ^ s2
		}
		for ; n-i > 16; i += 16 {
			seed = mix(r8(i)^secret1, r8(i+8)^seed)
		}
		a, b = r8(n-16), r8(n-8)
	}
	a, b = mum(a^secret1, b^seed)
	return mix(a^secret0^uint64(n), b^secret1)
}

func plainMum(a, b uint64) (uint64, uint64) {
	hi, lo := bits.Mul64(a, b)
	return lo, hi
}

// The vectors that wyhash publishes for its plain form.
func TestWyhash_PublishedVectors(t *testing.T) {
	for seed, c := range []struct {
		in   string
		want uint64
	}{
		{"", 0x0409638ee2bde459},
		{"a", 0xa8412d091b5fe0a9},
		{"abc", 0x32dd92e4b2915153},
		{"message digest", 0x8619124089a3a16b},
		{"abcdefghijklmnopqrstuvwxyz", 0x7a43afb61d7f5f40},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 0xff42329b90e50d58},
		{strings.Repeat("1234567890", 8), 0xc39cab13b115aad3},
	} {
		require.Equalf(t, c.want, refWyhash(c.in, uint64(seed), plainMum), "wyhash(%q, %d)", c.in, seed)
	}
}

func TestWyhash_Oracle(t *testing.T) {
	text := make([]byte, 300)
	for i := range text {
		text[i] = byte(Uint64(uint64(i), 9))
	}
	for n := range text {
		for _, seed := range []uint64{0, 1, secret0, ^uint64(0)} {
			want := refWyhash(string(text[:n]), seed, mum)
			require.Equalf(t, want, Bytes(text[:n], seed), "Bytes of %d bytes, seed %d", n, seed)
			require.Equalf(t, want, String(string(text[:n]), seed), "String of %d bytes, seed %d", n, seed)
		}
	}
}

// In the plain form these keys collide under every seed: their first word cancels the secret and the product
// is zero whatever the rest says.
func TestWyhash_SecretDoesNotWipe(t *testing.T) {
	head := binary.LittleEndian.AppendUint64(nil, bits.RotateLeft64(secret1, 32))
	seen := map[uint64]bool{}
	plain := map[uint64]bool{}
	for i := range 1000 {
		s := string(head[:4]) + string(binary.LittleEndian.AppendUint32(nil, uint32(i))) + string(head[4:]) + "...."
		seen[String(s, 7)] = true
		plain[refWyhash(s, 7, plainMum)] = true
	}
	require.Len(t, seen, 1000)
	require.Len(t, plain, 1, "the attack no longer works on the plain form: the test proves nothing")
}
