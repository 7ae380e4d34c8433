// Package validate turns dirty input into typed rows. Fields go missing, unknown ones appear, numbers arrive as
// strings, nulls as the word "null", lines are cut in half: typed rows come out, everything else is kept with
// its reason, and too much of it stops the run.
//
//	schema, err := validate.New(
//		validate.Int("user_id", func(e *Event) *int64 { return &e.UserID }).Required().Range(1, math.MaxInt64),
//		validate.String("type", func(e *Event) *string { return &e.Type }).Required().Enum("click", "view"),
//		validate.Time("at", func(e *Event) *time.Time { return &e.At }).Required(),
//		validate.OptString("updated_by", func(e *Event) *stream.Opt[string] { return &e.UpdatedBy }).NullTokens("null"),
//	)
//	...
//	events := schema.NDJSON(file, validate.Options{
//		Quarantine: quarantine,
//		Limit:      validate.Limit{MaxRatio: 0.02, MinRows: 1000},
//	})
//
// # Words
//
// A row is one JSON object on its line, one CSV record, one dynamic stream.Row. A row that breaks a rule is
// rejected: it becomes a Reject and goes to the quarantine, a sink the caller gives. A field is missing when
// nothing was said about it, null when it was said to be nothing; an empty CSV field is null. Those two are
// apart everywhere: a plain field takes neither null (unless NullAsMissing) nor, if Required, absence; an Opt
// field holds missing, null or a value.
//
// A field is lax or Strict. Lax reads a value that can mean only one thing: "42.0" is the integer 42, "yes" is
// true, 1e3 is 1000. It never rounds, cuts or guesses: 2.1 is no integer, 9223372036854775808 no int64,
// "2017-5-5" no date, and a bare number no time unless Epoch says what it counts.
//
// # Guarantees
//
//  1. Nothing is lost. Every byte of the input belongs to a valid row, a reject or a separator (line ends, blank
//     lines, comments, header); a reject carries its byte range, and the SHA-256 of what it does not carry.
//  2. One bad row never ends a batch that has a quarantine; without one the first bad row ends it (RejectError).
//     To drop rejects, say why with stream.Discard.
//  3. A reject has all errors of its row: path, code, byte offset, got and want, at most Options.MaxErrors. A row
//     that cannot be read to its end has the one error that stopped it.
//  4. A Limit trips at the same row on every run, and the end of the input judges once more.
//  5. JSON is RFC 8259, checked whole, unknown fields included: syntax, UTF-8, paired surrogates, depth. Repeated
//     keys, at any level, are rejects unless allowed. Integers are exact to 64 bits.
//  6. Values of Secret fields appear in rows only: not in errors, not in rejects.
//  7. Memory is bounded by Options.MaxLine whatever the input (see Cost); a longer line is a reject that is
//     hashed, not held.
//  8. The same input and options give the same rows, rejects and error.
//
// Intended differences from encoding/json: repeated keys, text that is not UTF-8 and surrogates without their
// other half are refused rather than replaced or overwritten; names match exactly, not case-insensitively.
//
// # Errors
//
// RejectError and FieldError match the class of their Code: stream.ErrCorrupt for what is not JSON, CSV or
// UTF-8, stream.ErrLimit for too long or too deep, stream.ErrSchema for all else. HeaderError is
// stream.ErrSchema; ThresholdError stream.ErrThreshold; SourceError is stream.ErrMissing for a file that is not
// there and stream.ErrCorrupt for a truncated gzip or zstd (the rows before it are delivered). SinkError matches
// what the sink returned.
//
// # Cost
//
// Rows come in input order, on the consumer's goroutine; nothing is read before the first pull. Strings are
// cut from blocks of 64 KiB, so that a row costs no allocation of its own, and a string that is kept keeps its
// block. A Schema is immutable and safe for concurrent use; a sequence is not.
//
// A source holds one row, its read buffer and its decompressor. The buffer begins at 128 KiB and doubles until
// the longest row of the input fits, so that it ends at up to twice that row, at most about twice
// Options.MaxLine; while it grows, the old one is there as well. It does not shrink before the input ends. gzip
// adds some 100 KiB; zstd adds the window that its frame declares, 8 MiB at the usual levels and at most 128 MiB,
// beyond which the frame is refused (stream.ErrLimit). Where input is hostile and memory short, lower MaxLine: the default of
// 16 MiB allows a buffer of 32 MiB, and 1 GiB one that a 32-bit process may have no room for.
//
// # When not to use it
//
// For documents (one large JSON value, deep structures to be kept whole) use encoding/json. For data that is
// clean by construction, such as Parquet, the reader of that format is enough.
package validate
