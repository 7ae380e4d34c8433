// Package snapshot frames the bytes of a state that survives its process: who wrote them, for which configuration, and
// whether all of them are there.
//
// It answers: are these bytes a snapshot that this state may take, before it takes any of them?
//
//	w := snapshot.NewWriter(file, snapshot.Header{Kind: "windows", Digest: digest})
//	w.Write(payload)
//	err := w.Close()
//
//	r, err := snapshot.NewReader(file, snapshot.Header{Kind: "windows", Digest: digest})
//	n, err := r.Uvarint()
//	b, err := r.Next(n)
//	err = r.End()
//
// # The bytes
//
// Version 1. Integers are little-endian, on every machine:
//
//	offset  size
//	     0     4  magic "MLST"
//	     4     1  format version, 1
//	     5     3  0
//	     8    12  kind of state, in ASCII, filled up with zeros
//	    20     8  digest of the configuration
//	    28     4  CRC-32C of bytes 0 to 28
//	    32        blocks of the payload: 4 bytes length, 1 to 65536; 4 bytes checksum; the bytes
//	           8  the end: length 0, checksum
//
// A block's checksum is the CRC-32C of the whole payload up to its end, so that blocks can be neither left out nor
// exchanged; that of the end is of all of it. All blocks but the last are full: one payload, one form.
//
// # What a reader promises
//
//  1. It reads one snapshot and not a byte more, so that snapshots can be written one after the other.
//  2. It hands out no byte before its block's checksum held. That a snapshot is whole is known after End.
//  3. It allocates in proportion to what has arrived, whatever the bytes claim.
//  4. A header of another kind or digest, its own checksum being right, is a conflict; everything else that is wrong is
//     broken bytes. The *Error says where.
package snapshot
