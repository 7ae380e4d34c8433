package streamtest

import (
	"fmt"
	"math/rand/v2"
	"reflect"
)

// size: Size is not negative, has no effect, and grows with what the accumulator holds.
func (l *lawsCheck[T, A]) size(values []T, r *rand.Rand) string {
	few := l.whole(values[:min(len(values), 64)])
	many := l.whole(values)
	grown := heldBy(&many, false) - heldBy(&few, false)
	if l.fold.Size == nil {
		if grown >= sizeMatters {
			return fmt.Sprintf("%s took %d bytes more than 64 did, but Size is nil: memory bounds would not see them", plural(len(values), "value"), grown)
		}
		return ""
	}
	before := text(&many)
	first, last := l.fold.Size(&few), l.fold.Size(&many)
	empty := l.fold.Init()
	for _, n := range []int{l.fold.Size(&empty), first, last} {
		if n < 0 {
			return fmt.Sprintf("Size is %d", n)
		}
	}
	if now := text(&many); now != before {
		return fmt.Sprintf("Size changed the accumulator from %s to %s", cut(before), cut(now))
	}
	if grown >= sizeMatters && last-first < grown/4 {
		return fmt.Sprintf("%s took %d bytes more than 64 did, but Size grew by %d", plural(len(values), "value"), grown, last-first)
	}
	if most := heldBy(&many, true); last > sizeMatters && last/16 > most {
		return fmt.Sprintf("Size is %d, but the accumulator holds about %d bytes", last, most)
	}
	return ""
}

// sizeMatters is how many bytes an accumulator may hold unseen: fewer hide in the slack of allocators and growing
// slices.
const sizeMatters = 4096

// heldBy adds up what a value holds outside itself: arrays of slices with their room, entries of maps, strings,
// targets of pointers. Only where deep are the elements of slices and maps looked into: a fold counts what it
// gathers, not what the values point to.
func heldBy[T any](v *T, deep bool) int {
	h := holding{deep: deep, seen: make(map[uintptr]bool)}
	h.add(reflect.ValueOf(v).Elem())
	return h.bytes
}

type holding struct {
	deep  bool
	seen  map[uintptr]bool // arrays and targets that were counted
	bytes int
}

func (h *holding) first(v reflect.Value) bool {
	at := v.Pointer()
	if at == 0 || h.seen[at] {
		return false
	}
	h.seen[at] = true
	return true
}

func (h *holding) add(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		h.bytes += v.Len()
	case reflect.Struct:
		for i := range v.NumField() {
			h.add(v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			h.add(v.Index(i))
		}
	case reflect.Pointer:
		if h.first(v) {
			h.bytes += int(v.Type().Elem().Size())
			h.add(v.Elem())
		}
	case reflect.Interface:
		if !v.IsNil() {
			h.bytes += int(v.Elem().Type().Size())
			h.add(v.Elem())
		}
	case reflect.Slice:
		if h.first(v) {
			h.bytes += v.Cap() * int(v.Type().Elem().Size())
			for i := range v.Len() {
				if !h.deep {
					break
				}
				h.add(v.Index(i))
			}
		}
	case reflect.Map:
		if h.first(v) {
			h.bytes += v.Len() * int(v.Type().Key().Size()+v.Type().Elem().Size())
			for iter := v.MapRange(); h.deep && iter.Next(); {
				h.add(iter.Key())
				h.add(iter.Value())
			}
		}
	}
}
