// Package rowcodec turns the rows of a Go type into bytes and back: what a stateful operator writes where its
// live state passes its bound, and what a snapshot holds.
//
// It answers: how does a row that was written to disk come back equal, whatever it is made of, at the cost of a
// copy? The type is compiled once; rows are then walked by address:
//
//	codec, err := rowcodec.New[Event]() // *TypeError names the field that has no bytes
//	if err != nil {
//		return err
//	}
//	buf, err = codec.Append(buf[:0], &event)
//	...
//	rest, err := codec.Decode(buf, &event) // *Error says where broken bytes are
//
// # What comes back
//
//  1. All of the row: integers, floats bit by bit (NaN payloads, -0), nil and empty slices and maps apart, nil
//     pointers, Opt missing and null apart. A decoded row shares no memory with the bytes.
//  2. A time.Time keeps its instant and its location; the monotonic reading is dropped (Round(0) does the same).
//     UTC and time.Local come back as they are, so that == holds. Any other location is written as its name,
//     the zone's abbreviation and offset, and comes back as the very *Location that this process has written
//     before under that name, if its zone at that instant is the same: == holds, and so does arithmetic over
//     clock changes. Only what another process wrote, what follows the 256th location, and locations that share
//     a name but no pointer come back as another pointer: a fixed zone, or the first of the name. Equal and
//     Format give the same then, == does not, and AddDate over a clock change may not.
//  3. Two pointers to one value come back as two values. The capacity of slices is not kept.
//  4. A type with methods of its own, (AppendBinary or MarshalBinary) and UnmarshalBinary, is what these make of it.
//     Methods that a struct may have from an embedded field are not its own: such a struct goes field by field.
//  5. Blank fields are left alone.
//
// New refuses, with the path of the field: channels, funcs, unsafe.Pointers and interfaces; unexported fields of a
// struct that has no methods as in 4, for they are state that cannot be set from outside; types that contain
// themselves; map keys with pointers inside, whose identity would be lost.
//
// # The bytes
//
// Version 1. No byte says the type; Digest tells layouts apart. A row is its value:
//
//	uint     x < 248: one byte x. Otherwise a byte 247+n, then the n low bytes of x, little-endian; n in 1..8 is
//	         as small as can be.
//	int      uint of the zigzag form: 0, -1, 1, -2 are 0, 1, 2, 3.
//	bool     one byte, 0 or 1.
//	(u)int8  one byte.
//	float    4 or 8 bytes: the IEEE 754 bits, little-endian. complex: real part, imaginary part.
//	string   uint of its length, then its bytes.
//	array    its elements; an array of bytes as it is.
//	slice    0 if nil, otherwise uint of its length + 1, then its elements.
//	map      0 if nil, otherwise uint of its length + 1, then key and value of each entry, in ascending order of
//	         the entries' bytes.
//	pointer  0 if nil, otherwise 1 and the value.
//	struct   its fields, in order.
//	Opt      0 if missing, 1 if null, otherwise 2 and the value.
//	time     one byte: 0 UTC, 1 Local, 2 other. int of the Unix seconds, uint of the nanoseconds. If other: string
//	         of the location's name, string of the zone's abbreviation, int of the seconds east of UTC.
//	methods  uint of the length, then what the method appended.
//
// So integers of any size have one form, and int on a 32-bit platform reads what a 64-bit one wrote, or says that
// it does not fit. The bytes are canonical: one row, one form, but for what methods do; Decode refuses any other.
//
// # Cost
//
// Append allocates nothing where dst has room, but for maps and for methods that do. Decode allocates what the
// value holds: one block per string, slice, pointer or map. It never allocates more than a constant of the type
// times len(src), whatever the bytes claim. Under the build tag purego the walk is by reflection, to the same
// bytes, some ten times slower. A Codec is immutable and safe for concurrent use.
package rowcodec
