package parquet

import (
	"fmt"
	"strings"
)

// Physical is the type in which values are stored.
type Physical int32

// The physical types, with the format's own numbers.
const (
	Boolean   Physical = 0
	Int32     Physical = 1
	Int64     Physical = 2
	Int96     Physical = 3
	Float     Physical = 4
	Double    Physical = 5
	ByteArray Physical = 6
	Fixed     Physical = 7 // FIXED_LEN_BYTE_ARRAY
)

// String is the format's name of the type.
func (p Physical) String() string {
	names := [...]string{"BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"}
	if p < 0 || int(p) >= len(names) {
		return fmt.Sprintf("type %d", int32(p))
	}
	return names[p]
}

// Logical is what the values mean.
type Logical uint8

// The logical types. None: the physical type says all.
const (
	None Logical = iota
	String
	Enum
	JSON
	BSON
	UUID
	Integer // Bits, Signed
	Decimal // Precision, Scale
	Date
	Time      // Unit
	Timestamp // Unit
	Interval
	Float16
	Unknown // always null
)

// Unit is the unit of a time or timestamp.
type Unit uint8

// The units.
const (
	Millis Unit = iota + 1
	Micros
	Nanos
)

// String is the unit in small letters.
func (u Unit) String() string {
	return [...]string{"no unit", "millis", "micros", "nanos"}[u&3]
}

// Column is a leaf of the schema.
type Column struct {
	Name      string // the path, dot-separated
	Physical  Physical
	Width     int // bytes of a Fixed
	Logical   Logical
	Bits      int // of an Integer: 8, 16, 32, 64
	Signed    bool
	Unit      Unit
	UTC       bool // of a Timestamp: an instant; otherwise a local time
	Precision int
	Scale     int
	Optional  bool // may be null
	Nested    bool // stands below the top level, or repeats
}

// String prints the column as people write schemas: "ts timestamp(micros) optional".
func (c *Column) String() string {
	s := c.Name + " " + c.Type()
	if c.Optional {
		s += " optional"
	}
	return s
}

// Type prints the type without the name.
func (c *Column) Type() string {
	if c.Nested {
		return "nested " + strings.ToLower(c.Physical.String())
	}
	switch c.Logical {
	case String:
		return "string"
	case Enum:
		return "enum"
	case JSON:
		return "json"
	case BSON:
		return "bson"
	case UUID:
		return "uuid"
	case Integer:
		if c.Signed {
			return fmt.Sprintf("int%d", c.Bits)
		}
		return fmt.Sprintf("uint%d", c.Bits)
	case Decimal:
		return fmt.Sprintf("decimal(%d,%d)", c.Precision, c.Scale)
	case Date:
		return "date"
	case Time:
		return fmt.Sprintf("time(%s)", c.Unit)
	case Timestamp:
		return fmt.Sprintf("timestamp(%s)", c.Unit)
	case Interval:
		return "interval"
	case Float16:
		return "float16"
	case Unknown:
		return "null"
	}
	switch c.Physical {
	case Boolean:
		return "bool"
	case Int32:
		return "int32"
	case Int64:
		return "int64"
	case Int96:
		return "int96 timestamp"
	case Float:
		return "float32"
	case Double:
		return "float64"
	case ByteArray:
		return "bytes"
	}
	return fmt.Sprintf("bytes(%d)", c.Width)
}

// element is a node of the footer's schema, in depth-first order.
type element struct {
	hasType     bool
	physical    int32
	width       int32
	repetition  int32 // 0 required, 1 optional, 2 repeated
	name        string
	children    int32
	converted   int32 // -1: none
	scale       int32
	precision   int32
	logical     Logical
	hasLogical  bool
	bits        int
	signed      bool
	unit        Unit
	utc         bool
	unknownKind bool // a logical type this version does not know: read as the physical type
}

// schemaDepth bounds the nesting of a schema, and with it the recursion of leaves.
const schemaDepth = 1000

// maxNames bounds the bytes of all column paths together: a deep schema repeats its upper names in each.
const maxNames = 64 << 20

// leaves walks the elements and returns the columns, in file order.
func leaves(elems []element) ([]Column, error) {
	if len(elems) == 0 {
		return nil, corrupt("schema is empty")
	}
	var cols []Column
	next, names := 1, 0
	var walk func(prefix []string, n int32, optional, nested bool) error
	walk = func(prefix []string, n int32, optional, nested bool) error {
		if len(prefix) > schemaDepth {
			return corrupt("schema is nested more than %d deep", schemaDepth)
		}
		for range n {
			if next >= len(elems) {
				return corrupt("schema has fewer elements than its groups claim")
			}
			e := &elems[next]
			next++
			path := append(prefix[:len(prefix):len(prefix)], e.name)
			opt := optional || e.repetition == 1
			deep := nested || e.repetition == 2
			if e.children > 0 || !e.hasType {
				if e.children < 0 {
					return corrupt("schema element %s has %d children", strings.Join(path, "."), e.children)
				}
				if err := walk(path, e.children, opt, true); err != nil {
					return err
				}
				continue
			}
			for _, name := range path {
				names += len(name) + 1
			}
			if names > maxNames {
				return unsupported("column paths of more than %d bytes", maxNames)
			}
			c, err := e.column(path)
			if err != nil {
				return err
			}
			c.Optional, c.Nested = opt, deep
			cols = append(cols, c)
		}
		return nil
	}
	if err := walk(nil, elems[0].children, false, false); err != nil {
		return nil, err
	}
	if next != len(elems) {
		return nil, corrupt("schema has %d elements outside its tree", len(elems)-next)
	}
	return cols, nil
}

// column maps a leaf element; where a logical type and the physical one contradict, the physical one wins.
func (e *element) column(path []string) (Column, error) {
	c := Column{Name: strings.Join(path, "."), Physical: Physical(e.physical), Width: int(e.width)}
	if e.physical < 0 || e.physical > int32(Fixed) {
		return c, corrupt("column %s has unknown physical type %d", c.Name, e.physical)
	}
	if e.repetition < 0 || e.repetition > 2 {
		return c, corrupt("column %s has unknown repetition %d", c.Name, e.repetition)
	}
	if c.Physical == Fixed && e.width <= 0 {
		return c, corrupt("column %s has a fixed width of %d bytes", c.Name, e.width)
	}
	c.Logical, c.Bits, c.Signed, c.Unit, c.UTC = e.logical, e.bits, e.signed, e.unit, e.utc
	c.Precision, c.Scale = int(e.precision), int(e.scale)
	// Writers annotate what has no logical type of its own (intervals) as Unknown beside the older annotation.
	if !e.hasLogical && !e.unknownKind || e.logical == Unknown && e.converted >= 0 {
		c.Logical = None
		e.fromConverted(&c)
	}
	if !c.consistent() {
		c.Logical = None
	}
	return c, nil
}

// fromConverted reads the older annotation.
func (e *element) fromConverted(c *Column) {
	switch e.converted {
	case 0:
		c.Logical = String
	case 4:
		c.Logical = Enum
	case 5:
		c.Logical = Decimal
	case 6:
		c.Logical = Date
	case 7, 8:
		c.Logical, c.Unit, c.UTC = Time, Millis+Unit(e.converted-7), true
	case 9, 10:
		c.Logical, c.Unit, c.UTC = Timestamp, Millis+Unit(e.converted-9), true
	case 11, 12, 13, 14:
		c.Logical, c.Bits = Integer, 8<<(e.converted-11)
	case 15, 16, 17, 18:
		c.Logical, c.Bits, c.Signed = Integer, 8<<(e.converted-15), true
	case 19:
		c.Logical = JSON
	case 20:
		c.Logical = BSON
	case 21:
		c.Logical = Interval
	}
}

// consistent reports whether the logical type can stand on the physical one.
func (c *Column) consistent() bool {
	switch c.Logical {
	case String, Enum, JSON, BSON:
		return c.Physical == ByteArray || c.Physical == Fixed
	case UUID:
		return c.Physical == Fixed && c.Width == 16
	case Interval:
		return c.Physical == Fixed && c.Width == 12
	case Float16:
		return c.Physical == Fixed && c.Width == 2
	case Integer:
		switch c.Bits {
		case 8, 16, 32:
			return c.Physical == Int32
		case 64:
			return c.Physical == Int64
		}
		return false
	case Decimal:
		if c.Precision < 1 || c.Scale < 0 || c.Scale > c.Precision {
			return false
		}
		return c.Physical == Int32 || c.Physical == Int64 || c.Physical == ByteArray || c.Physical == Fixed
	case Date:
		return c.Physical == Int32
	case Time:
		return c.Unit == Millis && c.Physical == Int32 || c.Unit > Millis && c.Physical == Int64
	case Timestamp:
		return c.Unit != 0 && c.Physical == Int64
	}
	return true
}
