package dedup

import (
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/stream"
)

// gatheredCodec writes what is known of a key under KeepMerge, with the codec of its rows. Positions are varints, other
// numbers have the form of rowcodec:
//
//	donors + 1, or 0 where nothing is known but the best row
//	best row
//	counted, of best, totals, and for each donor: position, fields, row     where more is known
//
// The bytes are for the run that wrote them and no other.
type gatheredCodec[T any] struct {
	rows     stream.Codec[T]
	onlyBest bool // it writes nothing else
}

// ofLosers is the codec for rows that Losers will see, which sees nothing but the best row.
func (c gatheredCodec[T]) ofLosers() stream.Codec[gathered[T]] {
	c.onlyBest = true
	return c
}

func (c gatheredCodec[T]) Append(dst []byte, g *gathered[T]) ([]byte, error) {
	if g.More == nil || c.onlyBest {
		return c.rows.Append(append(dst, 0), &g.Best)
	}
	dst, err := c.rows.Append(rowcodec.AppendUint(dst, uint64(len(g.More.Donors))+1), &g.Best)
	if err != nil {
		return dst, err
	}
	dst = rowcodec.AppendUint(dst, g.More.Counted)
	dst = rowcodec.AppendUint(dst, g.More.OfBest)
	dst, err = c.rows.Append(dst, &g.More.Totals)
	for i := range g.More.Donors {
		if err != nil {
			return dst, err
		}
		d := &g.More.Donors[i]
		dst = binary.AppendVarint(dst, d.Position)
		dst = rowcodec.AppendUint(dst, d.Fields)
		dst, err = c.rows.Append(dst, &d.Row)
	}
	return dst, err
}

func (c gatheredCodec[T]) Decode(src []byte, g *gathered[T]) (rest []byte, err error) {
	*g = gathered[T]{}
	n, src, err := unsigned(src)
	if err != nil {
		return src, err
	}
	if src, err = c.rows.Decode(src, &g.Best); err != nil || n == 0 {
		return src, err
	}
	m := new(more[T])
	g.More = m
	if m.Counted, src, err = unsigned(src); err == nil {
		m.OfBest, src, err = unsigned(src)
	}
	if err == nil {
		src, err = c.rows.Decode(src, &m.Totals)
	}
	if err != nil {
		return src, err
	}
	if n-1 > maxReducers {
		return src, fmt.Errorf("%d donors, there are %d reducers at most", n-1, maxReducers)
	}
	for range n - 1 {
		var d donor[T]
		if d.Position, src, err = signed(src); err == nil {
			d.Fields, src, err = unsigned(src)
		}
		if err == nil {
			src, err = c.rows.Decode(src, &d.Row)
		}
		if err != nil {
			return src, err
		}
		m.Donors = append(m.Donors, d)
	}
	return src, nil
}

func (c gatheredCodec[T]) Held(g *gathered[T]) int64 {
	n := c.heldByRow(&g.Best)
	if m := g.More; m != nil {
		n += int64(reflect.TypeFor[more[T]]().Size()) + int64(cap(m.Donors))*int64(reflect.TypeFor[donor[T]]().Size()) + m.heldByTotals(c.heldByRow)
		for i := range m.Donors {
			n += c.heldByRow(&m.Donors[i].Row)
		}
	}
	return n
}

// heldByRow is 0 where the codec says less than nothing; the run ends then.
func (c gatheredCodec[T]) heldByRow(row *T) int64 { return max(0, c.rows.Held(row)) }
