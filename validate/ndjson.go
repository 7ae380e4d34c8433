package validate

import (
	"io"

	"github.com/millrace-go/millrace/stream"
)

// NDJSON reads one JSON object per line. See the package documentation for what a valid row is.
//
// Rows come in input order. It holds one line (at most Options.MaxLine), reads ahead one buffer of 128 KiB or
// what the reader has to give, whichever is less, and starts with the first pull. gzip and zstd are recognised
// by content. Blank lines are passed over. It ends with *RejectError (no quarantine), *ThresholdError,
// *SinkError or *SourceError. It is single-use, as its reader is: a second run ends with stream.ErrConsumed.
func (s *Schema[T]) NDJSON(r io.Reader, opts Options) stream.Seq[T] {
	return s.reader("NDJSON", r, FormatNDJSON, opts)
}

// readNDJSON judges the lines of one input. It reports whether to go on to the next.
func readNDJSON(p *pass, f *feed, row *jsonRow) bool {
	for {
		found, n, term := f.nextLine(p.opts.MaxLine)
		switch found {
		case lineNone:
			return p.ended(f)
		case lineLong:
			if !p.tooLong(f) {
				return false
			}
			continue
		}
		text := f.unread()[:n]
		off, line := f.off, f.line
		f.consume(n+term, min(term, 1))
		if skipSpace(text, 0) == n {
			p.blank()
			p.see(spanOther, off, int64(n+term))
			continue
		}
		p.begin()
		row.read(text)
		ok := p.finish(rowAt{line: line, off: off, length: int64(n), head: text})
		p.see(spanOther, off+int64(n), int64(term))
		if !ok {
			return false
		}
	}
}
