package session

import (
	"fmt"

	"github.com/millrace-go/millrace/internal/rowcodec"
	"github.com/millrace-go/millrace/stream"
)

// codecs write the keys and events of a snapshot; they are compiled when they are first asked for.
type codecs[T any, K comparable] struct {
	keyCodec   stream.Codec[K]
	eventCodec stream.Codec[T]
	keyShape   string // what of it enters the digest
	eventShape string
}

// UseCodecs sets how keys and events are written, where their types are none that a codec can be compiled from: an
// event with unexported state, a key with an interface inside. A nil one is left as it is. Call it before Snapshot,
// Restore, Digest and Carry; what is supplied here is part of the configuration by the name of its type.
func (c *codecs[T, K]) UseCodecs(key stream.Codec[K], event stream.Codec[T]) {
	if key != nil {
		c.keyCodec, c.keyShape = key, fmt.Sprintf("%T", key)
	}
	if event != nil {
		c.eventCodec, c.eventShape = event, fmt.Sprintf("%T", event)
	}
}

// compile returns an *stream.OptionError for a type that cannot be written.
func (c *codecs[T, K]) compile(op string) error {
	if c.keyCodec == nil {
		codec, err := rowcodec.New[K]()
		if err != nil {
			return codecError(op, "key type", err)
		}
		c.keyCodec, c.keyShape = codec, fmt.Sprintf("%016x", codec.Digest())
	}
	if c.eventCodec == nil {
		codec, err := rowcodec.New[T]()
		if err != nil {
			return codecError(op, "event type", err)
		}
		c.eventCodec, c.eventShape = codec, fmt.Sprintf("%016x", codec.Digest())
	}
	return nil
}

func codecError(op, what string, err error) error {
	return &stream.OptionError{Package: "session", Func: op, Option: what, Got: err, Want: "one that has bytes, or have a stream.Codec by UseCodecs"}
}
