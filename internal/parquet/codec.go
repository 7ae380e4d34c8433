package parquet

import (
	"bytes"
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// The codecs, with the format's own numbers.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecLZO    = 3
	codecBrotli = 4
	codecLZ4    = 5 // block in Hadoop's framing, or, from older writers, bare
	codecZstd   = 6
	codecLZ4Raw = 7
)

// MaxPage bounds a page after decompression, in bytes. Pages of common writers have 1 MiB.
const MaxPage = 256 << 20

// expansion bounds how many bytes n compressed bytes of a codec can become. It is what makes a page header's
// claim believable before anything is allocated for it.
//
// snappy: a copy of 3 bytes yields 64. LZ4: a length byte yields 255. gzip: 1032, by the deflate format.
// zstd: a block of 4 bytes yields 128 KiB. Brotli has no useful bound; its output is grown as it comes.
func expansion(codec int32, n int) int64 {
	switch codec {
	case codecNone:
		return int64(n)
	case codecSnappy:
		return 64 + int64(n)*22
	case codecGzip:
		return 64 + int64(n)*1032
	case codecLZ4, codecLZ4Raw:
		return 64 + int64(n)*255
	case codecZstd:
		return 64 + int64(n)*(128<<10)/4
	}
	return MaxPage
}

// decompressor undoes one column chunk's codec. It keeps its codec's state between pages.
type decompressor struct {
	codec int32
	zstd  *zstd.Decoder
	gzip  *gzip.Reader
}

// page decompresses src into want bytes, using buf if it is large enough. The result may be src or buf.
func (d *decompressor) page(src, buf []byte, want int) ([]byte, error) {
	if d.codec == codecNone {
		if len(src) != want {
			return nil, corrupt("page has %d bytes, its header says %d", len(src), want)
		}
		return src, nil
	}
	if want == 0 {
		return nil, nil
	}
	if int64(want) > expansion(d.codec, len(src)) {
		return nil, corrupt("page of %d bytes claims to become %d", len(src), want)
	}
	out, err := d.decode(src, buf, want)
	var known *Error
	if errors.As(err, &known) {
		return nil, err
	}
	if err != nil {
		e := corrupt("decompress page")
		e.Err = err
		return nil, e
	}
	if len(out) != want {
		return nil, corrupt("page becomes %d bytes, its header says %d", len(out), want)
	}
	return out, nil
}

func (d *decompressor) decode(src, buf []byte, want int) ([]byte, error) {
	switch d.codec {
	case codecSnappy:
		if n, err := snappy.DecodedLen(src); err != nil || n != want {
			return nil, corrupt("page becomes %d bytes, its header says %d", n, want)
		}
		return snappy.Decode(room(buf, want), src)
	case codecZstd:
		if d.zstd == nil {
			var err error
			d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecodeAllCapLimit(true))
			if err != nil {
				return nil, err
			}
		}
		return d.zstd.DecodeAll(src, room(buf, want)[:0:want])
	case codecGzip:
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		if err := d.gzip.Reset(bytes.NewReader(src)); err != nil {
			return nil, err
		}
		return drain(d.gzip, buf, want)
	case codecBrotli:
		c, err := compress.GetCodec(compress.Codecs.Brotli)
		if err != nil {
			return nil, err
		}
		r := c.NewReader(bytes.NewReader(src))
		defer r.Close()
		return drain(r, buf, want)
	case codecLZ4Raw:
		return lz4Block(room(buf, want)[:want], src)
	case codecLZ4:
		dst := room(buf, want)[:want]
		if out, err := lz4Hadoop(dst, src); err == nil {
			return out, nil
		}
		return lz4Block(dst, src)
	case codecLZO:
		return nil, unsupported("codec LZO")
	}
	return nil, unsupported("codec %d", d.codec)
}

func (d *decompressor) close() {
	if d.zstd != nil {
		d.zstd.Close()
		d.zstd = nil
	}
}

// room is buf if it holds n bytes, or a new buffer.
func room(buf []byte, n int) []byte {
	if cap(buf) >= n {
		return buf[:n]
	}
	return make([]byte, n)
}

// drain reads want bytes and the end, growing only as bytes come.
func drain(r io.Reader, buf []byte, want int) ([]byte, error) {
	out := buf[:0]
	for {
		if len(out) == cap(out) {
			grown := make([]byte, len(out), min(max(2*cap(out), 64<<10), want+1))
			copy(grown, out)
			out = grown
		}
		n, err := r.Read(out[len(out):min(cap(out), want+1)])
		out = out[:len(out)+n]
		if len(out) > want {
			return nil, corrupt("page becomes more than the %d bytes its header says", want)
		}
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
