package rowcodec

import (
	"bytes"
	"reflect"
	"slices"
	"sync"
)

// Maps are walked by reflection in both twins; walk says how their keys and values are.
type walk interface {
	append(n *node, dst []byte, v reflect.Value) ([]byte, *Error)
	decode(n *node, src []byte, v reflect.Value) ([]byte, *Error)
	held(n *node, v reflect.Value) int64
}

// scratch is what sorting one map needs.
type scratch struct {
	bytes   []byte
	entries []entry
}

// entry is a key and a value in the bytes of a map: [from, key) and [key, to).
type entry struct{ from, key, to int }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// maxScratch is the memory that one use may leave in the pool.
const maxScratch = 64 << 10

func appendMap(w walk, n *node, dst []byte, m reflect.Value) ([]byte, *Error) {
	if m.IsNil() {
		return append(dst, 0), nil
	}
	dst = appendUint(dst, uint64(m.Len())+1)
	if m.Len() == 0 {
		return dst, nil
	}
	s := scratches.Get().(*scratch)
	defer func() {
		if cap(s.bytes)+cap(s.entries)*24 <= maxScratch {
			scratches.Put(s)
		}
	}()
	base := len(dst)
	k, v := reflect.New(n.key.typ).Elem(), reflect.New(n.elem.typ).Elem()
	entries := s.entries[:0]
	var err *Error
	for it := m.MapRange(); it.Next(); {
		k.SetIterKey(it)
		v.SetIterValue(it)
		e := entry{from: len(dst)}
		if dst, err = w.append(n.key, dst, k); err != nil {
			return nil, err.within("[key]")
		}
		e.key = len(dst)
		if dst, err = w.append(n.elem, dst, v); err != nil {
			return nil, err.within("[]")
		}
		e.to = len(dst)
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(dst[a.from:a.to], dst[b.from:b.to]) })
	s.bytes = append(s.bytes[:0], dst[base:]...)
	s.entries = entries
	at := base
	for i, e := range entries {
		if i > 0 && !n.key.nans && bytes.Equal(keyOf(s.bytes, entries[i-1], base), keyOf(s.bytes, e, base)) {
			return nil, &Error{Path: "[key]", What: "two keys have the same bytes", Err: ErrBroken}
		}
		at += copy(dst[at:], s.bytes[e.from-base:e.to-base])
	}
	return dst, nil
}

func keyOf(b []byte, e entry, base int) []byte { return b[e.from-base : e.key-base] }

func decodeMap(w walk, n *node, src []byte, m reflect.Value) ([]byte, *Error) {
	count, isNil, rest, err := takeCount(src, addLeast(n.key.least, n.elem.least))
	if err != nil {
		return src, err
	}
	if isNil {
		m.SetZero()
		return rest, nil
	}
	if n.key.least == 0 && count > 1 { // a key without bytes has one value
		return src, broken("map has %d equal keys", count)
	}
	made := reflect.MakeMapWithSize(n.typ, count)
	k, v := reflect.New(n.key.typ).Elem(), reflect.New(n.elem.typ).Elem()
	var last []byte // the entry before
	for i := range count {
		from := rest
		if rest, err = w.decode(n.key, rest, k); err != nil {
			return rest, err.within("[key]")
		}
		if rest, err = w.decode(n.elem, rest, v); err != nil {
			return rest, err.within("[]")
		}
		e := from[:len(from)-len(rest)]
		if i > 0 && bytes.Compare(last, e) > 0 {
			return from, broken("map entries are not in order")
		}
		last = e
		made.SetMapIndex(k, v)
	}
	if made.Len() != count {
		return src, broken("map has %d equal keys", count-made.Len()+1)
	}
	m.Set(made)
	return rest, nil
}

// heldMap is an estimate: the entries, the byte of control that each slot has, and as many free slots as taken
// ones, which is the most that a map has that was never larger.
func heldMap(w walk, n *node, m reflect.Value) (sum int64) {
	if m.IsNil() {
		return 0
	}
	sum = mapHeader + int64(m.Len())*2*int64(n.key.typ.Size()+n.elem.typ.Size()+1)
	if !n.key.holds && !n.elem.holds || m.Len() == 0 {
		return sum
	}
	k, v := reflect.New(n.key.typ).Elem(), reflect.New(n.elem.typ).Elem()
	for it := m.MapRange(); it.Next(); {
		k.SetIterKey(it)
		v.SetIterValue(it)
		sum += w.held(n.key, k) + w.held(n.elem, v)
	}
	return sum
}

const mapHeader = 48 // bytes of a map's own struct on 64 bits
