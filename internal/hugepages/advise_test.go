package hugepages_test

import (
	"fmt"
	"testing"

	"github.com/millrace-go/millrace/internal/hugepages"
)

// Whatever the size and place of an array, what is in it stays, and it can be written to the last element.
func TestAdvise_ChangesNothing(t *testing.T) {
	for _, n := range []int{0, 1, 4095, 2 << 20, 4<<20 - 1, 4 << 20, 4<<20 + 4097, 9 << 20} {
		for _, from := range []int{0, 1, 4096} {
			t.Run(fmt.Sprintf("%d_from_%d", n, from), func(t *testing.T) {
				s := make([]byte, n+from)[from:]
				for i := range s {
					s[i] = byte(i * 7)
				}
				hugepages.Advise(s[:n/2]) // what lies behind is part of it
				for i := range s {
					if s[i] != byte(i*7) {
						t.Fatalf("byte %d of %d = %d, want %d", i, n, s[i], byte(i*7))
					}
					s[i]++
				}
			})
		}
	}
	hugepages.Advise[struct{}](make([]struct{}, 10))
}
