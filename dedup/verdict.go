package dedup

import "fmt"

// Verdict is what became of a row that was pushed to a State. Under KeepMerge it speaks of the best row; fields are
// merged whatever it is.
type Verdict uint8

const (
	// VerdictNone: there is none. It stands beside an error.
	VerdictNone Verdict = iota
	// VerdictNew: the first row of its key, or the first since the key was deleted or expired. Where the first row of a
	// key is bound to survive (see StateOptions.Hold), it has survived.
	VerdictNew
	// VerdictReplaced: it beat the row that was held for its key, and took its place.
	VerdictReplaced
	// VerdictDuplicate: it was dropped.
	VerdictDuplicate
	// VerdictConflict: it was dropped, though it is another claim about the same thing: Options.Same says that it
	// differs from the row held, or, under TieFail, nothing could tell the two apart.
	VerdictConflict
	// VerdictLate: its time is behind the watermark. It was given to StateOptions.Late.
	VerdictLate
	// VerdictNullKey: it has no key and passes, for itself, under NullsDistinct. With VerdictNew it is what survives
	// at once.
	VerdictNullKey
	// VerdictRejected: it was set aside, for a null key under NullsReject or a time out of range.
	VerdictRejected
	// VerdictDeleted: a tombstone, which deleted its key.
	VerdictDeleted
	// VerdictUnknown: a tombstone of a key that was not there.
	VerdictUnknown
)

// String names the verdict.
func (v Verdict) String() string {
	names := [...]string{"none", "new", "replaced", "duplicate", "conflict", "late", "null key", "rejected", "deleted", "unknown"}
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}
