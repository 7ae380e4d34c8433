package snapshot

import "fmt"

// A record is a value in a payload: a uvarint of its bytes, then the bytes of a codec.

// Codec is what a record needs of a codec (see stream.Codec).
type Codec[V any] interface {
	Append(dst []byte, v *V) ([]byte, error)
	Decode(src []byte, v *V) (rest []byte, err error)
}

// WriteRecord adds *v to the payload. It returns the codec's error, and the first one of the writer below.
func WriteRecord[V any](w *Writer, c Codec[V], v *V) error {
	b, err := c.Append(w.record[:0], v)
	if err != nil {
		return err
	}
	w.record = b
	w.Uvarint(uint64(len(b)))
	_, err = w.Write(b)
	return err
}

// ReadRecord reads what WriteRecord wrote into *v. An *Error says what of that the bytes are not.
func ReadRecord[V any](r *Reader, what string, c Codec[V], v *V) error {
	at := r.Offset()
	n, err := r.Uvarint()
	if err != nil {
		return err
	}
	b, err := r.Next(n)
	if err != nil {
		return err
	}
	var zero V
	*v = zero // as a codec may rely on
	rest, err := c.Decode(b, v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d of its %d bytes are left", len(rest), n)
	}
	if err != nil {
		return &Error{Offset: at, What: what, Err: err}
	}
	return nil
}

// MaxCount is what no run counts to, one element a nanosecond for 146 years: from below it, no further element makes a
// count negative.
const MaxCount = 1 << 62

// Count reads a number that a run can count to.
func (s *Reader) Count(what string) (int64, error) {
	at := s.Offset()
	v, err := s.Uvarint()
	if err == nil && v >= MaxCount {
		err = broken(at, what, v, "less than 4611686018427387904")
	}
	return int64(v), err
}

// Refuse says of what was read at a place that it is not what it must be.
func Refuse(at int64, what string, got, want any) error { return broken(at, what, got, want) }
