package stream

import "fmt"

// keyTrace is what the hashes of some keys come to, in their order. Of rows that go to disk only the rows are written,
// and their keys are asked for again. A key that is then another one would belong to another partition, or to another
// group, and rows would be lost or miscounted in silence: so the trace of the keys that were written is compared with
// that of the keys that came back.
//
// A single key that has changed is always noticed: a step is invertible, so the difference stays. That several cancel
// each other is as likely as two equal hashes.
type keyTrace uint64

// traceStep is odd, so that multiplying by it loses nothing, and has its bits spread.
const traceStep = 0x9e3779b97f4a7c15

func (t *keyTrace) add(hash uint64) { *t = (*t + keyTrace(hash)) * traceStep }

// What makes the keys that come back, for errors.
const (
	rowKeys   = "key and Codec"
	groupKeys = "the codec of keys"
	leftKeys  = "leftKey and LeftCodec"
	rightKeys = "rightKey and RightCodec"
)

// sameKeys returns a *KeyError where the trace of keys that came back is not that of the keys that were written: source is
// what makes them, for the operator fn.
func sameKeys(fn string, wrote, read keyTrace, source string) error {
	if wrote == read {
		return nil
	}
	return otherKey(fn, source)
}

func otherKey(fn, source string) error {
	return &KeyError{Func: fn, Index: -1, Err: fmt.Errorf("it is another one than before, where %s must give the same again", source)}
}
