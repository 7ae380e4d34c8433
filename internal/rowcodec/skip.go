package rowcodec

// skip walks the bytes alone: what is left of src behind one value. It looks only at lengths and flags.
func (n *node) skip(src []byte) (rest []byte, err *Error) {
	var size int
	switch n.kind {
	case kindNone:
		return src, nil
	case kindBool, kindU8, kindI8:
		size = 1
	case kindU16, kindU32, kindU64, kindI16, kindI32, kindI64:
		_, size = takeUint(src)
		if size == 0 {
			return src, badUint(src)
		}
	case kindF32, kindF64, kindComplex64, kindComplex128, kindArray8:
		size = n.least
	case kindString, kindMethods:
		_, rest, err = takeText(src)
		return rest, err
	case kindTime:
		_, rest, err = takeTime(src)
		return rest, err
	case kindBytes:
		size, _, src, err = takeCount(src, 1)
	case kindSlice, kindMap:
		return n.skipElems(src)
	case kindArray:
		for range n.typ.Len() {
			if src, err = n.elem.skip(src); err != nil {
				return src, err.within("[]")
			}
		}
		return src, nil
	case kindPointer:
		flag, rest, err := takeFlag(src, 1)
		if err != nil || flag == 0 {
			return rest, err
		}
		return n.elem.skip(rest)
	case kindOpt:
		state, rest, err := takeFlag(src, optPresent)
		if err != nil || state < optPresent {
			return rest, err
		}
		return n.elem.skip(rest)
	case kindStruct:
		for i := range n.fields {
			f := &n.fields[i]
			if src, err = f.node.skip(src); err != nil {
				return src, err.within(f.step)
			}
		}
		return src, nil
	}
	if err == nil && len(src) < size {
		err = cut(src, size)
	}
	if err != nil {
		return src, err
	}
	return src[size:], nil
}

func (n *node) skipElems(src []byte) ([]byte, *Error) {
	least := n.elem.least
	if n.kind == kindMap {
		least = addLeast(least, n.key.least)
	}
	count, isNil, rest, err := takeCount(src, least)
	if err != nil {
		return src, err
	}
	if isNil || least == 0 {
		return rest, nil
	}
	for range count {
		if n.kind == kindMap {
			if rest, err = n.key.skip(rest); err != nil {
				return rest, err.within("[key]")
			}
		}
		if rest, err = n.elem.skip(rest); err != nil {
			return rest, err.within("[]")
		}
	}
	return rest, nil
}

// optPresent is the state of an Opt that holds a value; missing is 0, null is 1.
const optPresent = 2
