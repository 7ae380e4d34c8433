package streamtest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
)

// through sends every other accumulator through the codec.
func (l *lawsCheck[T, A]) through(acc A, r *rand.Rand) (A, error) {
	if l.o.Codec == nil || r.IntN(2) == 0 {
		return acc, nil
	}
	b, err := l.o.Codec.Append(nil, &acc)
	if err != nil {
		return acc, fmt.Errorf("Codec.Append(%s): %w", Format(acc), err)
	}
	var back A
	if _, err = l.o.Codec.Decode(b, &back); err != nil {
		return acc, fmt.Errorf("Codec.Decode of what it wrote of %s: %w", Format(acc), err)
	}
	return back, nil
}

// codec: an accumulator comes back equal, and belongs to whoever decoded it.
func (l *lawsCheck[T, A]) codec(values []T, r *rand.Rand) string {
	const before, after = "before", "after"
	acc := l.whole(values)
	was := text(&acc)
	b, err := l.o.Codec.Append([]byte(before), &acc)
	if err != nil {
		return fmt.Sprintf("Append(%s): %v", Format(acc), err)
	}
	if text(&acc) != was {
		return fmt.Sprintf("Append changed the accumulator from %s to %s", cut(was), Format(acc))
	}
	own, ok := bytes.CutPrefix(b, []byte(before))
	if !ok {
		return "Append did not append: the bytes that were there have changed"
	}
	src := slices.Concat(own, []byte(after))
	var back A
	rest, err := l.o.Codec.Decode(src, &back)
	switch {
	case err != nil:
		return fmt.Sprintf("Decode of what Append wrote of %s: %v", Format(acc), err)
	case string(rest) != after:
		return fmt.Sprintf("Decode left %s of the input, want the %d behind the value", plural(len(rest), "byte"), len(after))
	case !identical(acc, back):
		return fmt.Sprintf("%s came back as %s", Format(acc), Format(back))
	}
	if n := l.o.Codec.Held(&back); n < 0 {
		return fmt.Sprintf("Held is %d", n)
	}
	for i := range src {
		src[i] ^= 0xff
	}
	if now := text(&back); now != was {
		return fmt.Sprintf("the bytes were overwritten after Decode, and %s became %s", cut(was), cut(now))
	}
	return l.damaged(own, r)
}

// damaged decodes cut and changed bytes: errors are right, and so are other values; a panic is not, which the
// caller catches.
func (l *lawsCheck[T, A]) damaged(own []byte, r *rand.Rand) string {
	for _, n := range positions(len(own), 32) {
		var back A
		if rest, err := l.o.Codec.Decode(own[:n:n], &back); err == nil && len(rest) > n {
			return fmt.Sprintf("Decode of %s left %d", plural(n, "byte"), len(rest))
		}
		changed := slices.Clone(own)
		changed[n] ^= byte(1 << r.IntN(8))
		var other A
		l.o.Codec.Decode(changed, &other)
	}
	return ""
}
