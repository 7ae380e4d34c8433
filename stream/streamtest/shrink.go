package streamtest

import (
	"fmt"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// shrinker makes a failing input smaller: it leaves out runs of elements, half of them first and then ever shorter
// ones, and then makes each element that is left simpler, as long as the input still fails.
type shrinker[T any] struct {
	fails    func(values []T) bool
	simplify bool // elements may be changed, not only left out
	left     int  // runs that may still be made
}

// shrinkRuns bounds the search: enough for an input of a thousand elements, and seconds where a run takes
// milliseconds.
const shrinkRuns = 3000

// shrink returns a smallest input that it found. What is given must fail.
func (s *shrinker[T]) shrink(values []T) []T {
	for {
		before := len(values)
		values = s.leaveOut(values)
		simpler := s.simplify && (s.blank(values) || s.simplifyEach(values))
		if s.left == 0 || len(values) == before && !simpler {
			return values
		}
	}
}

func (s *shrinker[T]) try(values []T) bool {
	if s.left == 0 {
		return false
	}
	s.left--
	return s.fails(values)
}

// leaveOut removes runs of elements: what is left fails, and, unless the runs are used up, fails no more without
// any one of its elements.
func (s *shrinker[T]) leaveOut(values []T) []T {
	// Lengths are powers of two, so that what comes in pairs stays in pairs.
	for size := powerBelow(len(values)); size > 0 && len(values) > 0; {
		removed := false
		for at := 0; at < len(values); {
			end := min(at+size, len(values))
			shorter := slices.Concat(values[:at], values[end:])
			if s.try(shorter) {
				values, removed = shorter, true
			} else {
				at = end
			}
		}
		if !removed || size > 1 {
			size /= 2
		}
	}
	return values
}

// powerBelow is the largest power of two that is at most n/2; 1 where that is none, and 0 for nothing.
func powerBelow(n int) int {
	if n < 2 {
		return n
	}
	return 1 << (bits.Len(uint(n)) - 2)
}

// blank sets runs of elements of values to zero, in place, long ones first, and reports whether it changed any.
func (s *shrinker[T]) blank(values []T) (changed bool) {
	for size := len(values); size > 1; size = (size + 1) / 2 {
		for at := 0; at < len(values); at += size {
			part := values[at:min(at+size, len(values))]
			if !slices.ContainsFunc(part, notZero) {
				continue
			}
			old := slices.Clone(part)
			clear(part)
			if s.try(values) {
				changed = true
			} else {
				copy(part, old)
			}
		}
		if size == 2 {
			break
		}
	}
	return changed
}

func notZero[T any](v T) bool { return !reflect.ValueOf(&v).Elem().IsZero() }

// simplifyEach replaces elements of values, in place, by simpler ones, and reports whether it replaced any.
func (s *shrinker[T]) simplifyEach(values []T) (any bool) {
	for i := range values {
		for again := true; again; {
			again = false
			old := values[i]
			for _, v := range simpler(reflect.ValueOf(&old).Elem()) {
				reflect.ValueOf(&values[i]).Elem().Set(v)
				if again = s.try(values); again {
					any = true
					break
				}
				values[i] = old
			}
		}
	}
	return any
}

// simpler returns values of v's type that are simpler than v, the simplest first; none for the zero value. Every
// chain of them ends: each step is nearer to zero or shorter.
func simpler(v reflect.Value) []reflect.Value {
	if v.IsZero() {
		return nil
	}
	list := []reflect.Value{reflect.Zero(v.Type())}
	changed := func(change func(reflect.Value)) {
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		change(c)
		list = append(list, c)
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		for _, n := range nearer(v.Int()) {
			if !v.OverflowInt(n) {
				changed(func(c reflect.Value) { c.SetInt(n) })
			}
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if n := v.Uint(); n > 1 {
			changed(func(c reflect.Value) { c.SetUint(n / 2) })
			changed(func(c reflect.Value) { c.SetUint(n - 1) })
		}
	case reflect.Float32, reflect.Float64:
		if whole := math.Trunc(v.Float()); math.Abs(whole) < 1<<53 && whole != 0 {
			for _, n := range nearer(int64(whole)) {
				changed(func(c reflect.Value) { c.SetFloat(float64(n)) })
			}
			if whole != v.Float() {
				changed(func(c reflect.Value) { c.SetFloat(whole) })
			}
		}
	case reflect.String:
		for _, s := range shorter(v.String()) {
			changed(func(c reflect.Value) { c.SetString(s) })
		}
	case reflect.Slice:
		for _, n := range []int{v.Len() / 2, v.Len() - 1} {
			if n > 0 && n < v.Len() {
				changed(func(c reflect.Value) { c.Set(v.Slice(0, n)) })
			}
		}
	case reflect.Struct:
		if v.Type() == timeType || isOpt(v.Type()) {
			break
		}
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue
			}
			for _, f := range simpler(v.Field(i)) {
				changed(func(c reflect.Value) { c.Field(i).Set(f) })
			}
		}
	}
	return list
}

// nearer returns integers between n and 0, 0 left out.
func nearer(n int64) []int64 {
	var list []int64
	if n < 0 && n != math.MinInt64 {
		list = append(list, -n) // of the same size, the positive one is simpler
	}
	if n/2 != 0 {
		list = append(list, n/2)
	}
	if n > 1 {
		return append(list, n-1)
	}
	if n < -1 {
		return append(list, n+1)
	}
	return list
}

// shorter returns beginnings of s, the empty one left out.
func shorter(s string) []string {
	var list []string
	for _, n := range []int{len(s) / 2, len(s) - 1} {
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		if n > 0 && n < len(s) {
			list = append(list, s[:n])
		}
	}
	return list
}

// shownInputs is how many elements of a failing input are printed.
const shownInputs = 40

// reportInput writes a failing input, and how it was found.
func reportInput[T any](b *strings.Builder, small []T, from, runs int) {
	fmt.Fprintf(b, "the input, %s", plural(len(small), "element"))
	if len(small) < from {
		fmt.Fprintf(b, " (shrunk from %d in %s)", from, plural(runs, "run"))
	}
	b.WriteString(":\n")
	for i, v := range small {
		if i == shownInputs {
			fmt.Fprintf(b, "  ... and %s\n", plural(len(small)-i, "more element"))
			return
		}
		fmt.Fprintf(b, "  %d: %s\n", i, Format(v))
	}
}
