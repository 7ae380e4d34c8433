package parquet

import (
	"sync"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/zstd"
)

// arrow's own zstd codec makes a new encoder, with its megabytes of tables, for every page: milliseconds per
// page, which a dataset of many small partitions pays thousands of times. This codec keeps encoders. It is put
// in the place of arrow's through the door made for that, so that a program that also writes with arrow/go/v17
// gets it too: the encoder library, the levels and the bytes are the same. It goes when our own page writer
// comes.
func init() {
	own, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		return // without arrow's there is nothing to replace
	}
	compress.RegisterCodec(compress.Codecs.Zstd, pooledZstd{Codec: own})
}

// pooledZstd is arrow's codec with EncodeLevel replaced; all else is arrow's.
type pooledZstd struct {
	compress.Codec
}

// encoders holds idle encoders by zstd.EncoderLevel.
var encoders [zstd.SpeedBestCompression + 1]sync.Pool

// EncodeLevel compresses src at the given level. It does not start goroutines.
func (pooledZstd) EncodeLevel(dst, src []byte, level int) []byte {
	l := zstd.EncoderLevelFromZstd(level)
	if level == compress.DefaultCompressionLevel {
		l = zstd.SpeedDefault
	}
	enc, _ := encoders[l].Get().(*zstd.Encoder)
	if enc == nil {
		var err error
		enc, err = zstd.NewWriter(nil, zstd.WithZeroFrames(true), zstd.WithEncoderLevel(l), zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err) // the options are constants; Writer turns panics into errors
		}
	}
	defer encoders[l].Put(enc)
	return enc.EncodeAll(src, dst[:0])
}
