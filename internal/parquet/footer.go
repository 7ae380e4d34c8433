package parquet

import (
	"encoding/binary"
	"errors"
	"io"
)

// A file is: "PAR1", pages, the footer (Thrift), its length as 4 bytes little-endian, "PAR1".
const (
	magic          = "PAR1"
	magicEncrypted = "PARE"
	tailSize       = 8
)

// chunk is one column of one row group, as the footer describes it.
type chunk struct {
	physical   int32
	codec      int32
	values     int64 // rows, for a flat column
	size       int64 // bytes in the file, headers and dictionary included
	dataOffset int64
	dictOffset int64 // 0: none said
	external   bool  // lies in another file
	encrypted  bool
	present    bool // has metadata at all
}

type rowGroup struct {
	rows   int64
	chunks []chunk
}

type footer struct {
	elems     []element
	groups    []rowGroup
	rows      int64
	createdBy string
	keyValues map[string]string
	encrypted bool
}

// readFooter finds and parses the footer of a file of size bytes, and returns where it begins.
func readFooter(r io.ReaderAt, size int64) (*footer, int64, error) {
	if size < int64(len(magic)+tailSize) {
		return nil, 0, corrupt("%d bytes are too few for a Parquet file", size)
	}
	var tail [tailSize]byte
	if err := readFull(r, tail[:], size-tailSize); err != nil {
		return nil, 0, err
	}
	switch string(tail[4:]) {
	case magic:
	case magicEncrypted:
		return nil, 0, unsupported("file is encrypted")
	default:
		return nil, 0, corrupt("file ends in %q, want %q", tail[4:], magic)
	}
	n := int64(binary.LittleEndian.Uint32(tail[:4]))
	start := size - tailSize - n
	if start < int64(len(magic)) {
		return nil, 0, corrupt("footer claims %d bytes, the file has %d", n, size)
	}
	b := make([]byte, n)
	if err := readFull(r, b, start); err != nil {
		return nil, 0, err
	}
	f, err := parseFooter(b)
	if err != nil {
		e := corrupt("footer")
		e.Err, e.Offset = err, start
		return nil, 0, e
	}
	return f, start, nil
}

func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return &Error{Kind: Corrupt, RowGroup: -1, Offset: at, Msg: "file ends early"}
	}
	return ioFault(err)
}

// parseFooter reads the FileMetaData structure. It allocates O(len(b)).
func parseFooter(b []byte) (*footer, error) {
	f := &footer{keyValues: map[string]string{}}
	r := &thriftReader{b: b}
	var seen [5]bool // the required fields schema (2), num_rows (3) and row_groups (4)
	r.structure(func(id int, typ byte) bool {
		if id >= 0 && id < len(seen) {
			seen[id] = true
		}
		switch {
		case id == 2 && typ == thriftList:
			r.list(thriftStruct, func(n int) { f.elems = make([]element, n) }, func(i int) { f.elems[i].parse(r) })
		case id == 3 && typ == thriftI64:
			f.rows = r.varint()
		case id == 4 && typ == thriftList:
			r.list(thriftStruct, func(n int) { f.groups = make([]rowGroup, n) }, func(i int) { f.groups[i].parse(r) })
		case id == 5 && typ == thriftList:
			r.list(thriftStruct, func(int) {}, func(int) { f.keyValue(r) })
		case id == 6 && typ == thriftBinary:
			f.createdBy = r.string()
		case id == 8:
			f.encrypted = true
			return false
		default:
			return false
		}
		return true
	})
	if r.err == nil && !(seen[2] && seen[3] && seen[4]) && !f.encrypted {
		return nil, corrupt("the footer lacks its schema, its row count or its row groups")
	}
	return f, r.err
}

func (f *footer) keyValue(r *thriftReader) {
	var k, v string
	r.structure(func(id int, typ byte) bool {
		switch {
		case id == 1 && typ == thriftBinary:
			k = r.string()
		case id == 2 && typ == thriftBinary:
			v = r.string()
		default:
			return false
		}
		return true
	})
	f.keyValues[k] = v
}

func (e *element) parse(r *thriftReader) {
	e.converted = -1
	r.structure(func(id int, typ byte) bool {
		if id == 10 && typ == thriftStruct {
			e.parseLogical(r)
			return true
		}
		if id == 4 && typ == thriftBinary {
			e.name = r.string()
			return true
		}
		if typ != thriftI32 {
			return false
		}
		switch id {
		case 1:
			e.physical, e.hasType = r.i32(), true
		case 2:
			e.width = r.i32()
		case 3:
			e.repetition = r.i32()
		case 5:
			e.children = r.i32()
		case 6:
			e.converted = r.i32()
		case 7:
			e.scale = r.i32()
		case 8:
			e.precision = r.i32()
		default:
			return false
		}
		return true
	})
}

// parseLogical reads the LogicalType union: one field, whose id is the type.
func (e *element) parseLogical(r *thriftReader) {
	simple := map[int]Logical{1: String, 4: Enum, 6: Date, 11: Unknown, 12: JSON, 13: BSON, 14: UUID, 15: Float16}
	r.structure(func(id int, typ byte) bool {
		if l, ok := simple[id]; ok {
			e.logical, e.hasLogical = l, true
			return false
		}
		if typ != thriftStruct {
			return false
		}
		switch id {
		case 2, 3: // map and list sit on groups
			return false
		case 5:
			e.logical, e.hasLogical = Decimal, true
			r.structure(func(id int, typ byte) bool {
				switch {
				case id == 1 && typ == thriftI32:
					e.scale = r.i32()
				case id == 2 && typ == thriftI32:
					e.precision = r.i32()
				default:
					return false
				}
				return true
			})
		case 7, 8:
			e.logical, e.hasLogical = Time+Logical(id-7), true
			r.structure(func(id int, typ byte) bool {
				switch {
				case id == 1 && typ == thriftTrue:
					e.utc = true
				case id == 2 && typ == thriftStruct:
					r.structure(func(id int, _ byte) bool {
						if id >= 1 && id <= 3 {
							e.unit = Unit(id)
						}
						return false
					})
				default:
					return typ == thriftFalse
				}
				return true
			})
		case 10:
			e.logical, e.hasLogical = Integer, true
			r.structure(func(id int, typ byte) bool {
				switch {
				case id == 1 && typ == thriftByte:
					e.bits = int(r.byte())
				case id == 2 && typ == thriftTrue:
					e.signed = true
				default:
					return typ == thriftFalse
				}
				return true
			})
		default:
			e.unknownKind = true
			return false
		}
		return true
	})
}

func (g *rowGroup) parse(r *thriftReader) {
	r.structure(func(id int, typ byte) bool {
		switch {
		case id == 1 && typ == thriftList:
			r.list(thriftStruct, func(n int) { g.chunks = make([]chunk, n) }, func(i int) { g.chunks[i].parse(r) })
		case id == 3 && typ == thriftI64:
			g.rows = r.varint()
		default:
			return false
		}
		return true
	})
}

func (c *chunk) parse(r *thriftReader) {
	r.structure(func(id int, typ byte) bool {
		switch {
		case id == 1 && typ == thriftBinary:
			c.external = len(r.view()) > 0
		case id == 3 && typ == thriftStruct:
			c.present = true
			c.parseMeta(r)
		case id == 8 || id == 9:
			c.encrypted = true
			return false
		default:
			return false
		}
		return true
	})
}

func (c *chunk) parseMeta(r *thriftReader) {
	r.structure(func(id int, typ byte) bool {
		switch {
		case id == 1 && typ == thriftI32:
			c.physical = r.i32()
		case id == 4 && typ == thriftI32:
			c.codec = r.i32()
		case id == 5 && typ == thriftI64:
			c.values = r.varint()
		case id == 7 && typ == thriftI64:
			c.size = r.varint()
		case id == 9 && typ == thriftI64:
			c.dataOffset = r.varint()
		case id == 11 && typ == thriftI64:
			c.dictOffset = r.varint()
		default:
			return false
		}
		return true
	})
}
