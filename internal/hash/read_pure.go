//go:build purego

package hash

import "reflect"

// The twin of read_unsafe.go for those who allow no unsafe: every key is walked by reflection. The hashes are
// the same; a key costs several times more and may allocate.

func hashKey[K comparable](n *node, k *K, seed uint64) uint64 {
	return hashValue(n, reflect.ValueOf(k).Elem(), seed)
}

func equalKeys[K comparable](n *node, a, b *K) bool {
	return n.equal(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem())
}

func checkKey[K comparable](n *node, k *K) *KeyError { return n.check(reflect.ValueOf(k).Elem()) }

func heldBy[K comparable](n *node, k *K) int64 { return n.held(reflect.ValueOf(k).Elem()) }

func own[K comparable](n *node, k *K, text *Text) { n.own(reflect.ValueOf(k).Elem(), text) }

func hashEach[K comparable](n *node, keys []K, hashes []uint64) {
	for i := range keys {
		hashes[i] = hashKey(n, &keys[i], 0)
	}
}

// own puts copies in the place of the strings of v that can be set.
func (n *node) own(v reflect.Value, text *Text) {
	switch {
	case !n.holds:
		return
	case n.kind == kindString:
		if v.CanSet() {
			v.SetString(text.Copy(v.String()))
		}
	case n.kind == kindEface:
		if s := v.Elem(); s.IsValid() && s.Type() == stringType && v.CanSet() {
			v.Set(reflect.ValueOf(text.Copy(s.String())))
		}
	case n.elem != nil:
		for i := range v.Len() {
			n.elem.own(v.Index(i), text)
		}
	}
	for i := range n.fields {
		f := &n.fields[i]
		f.node.own(v.Field(f.index), text)
	}
}

var stringType = reflect.TypeFor[string]()
