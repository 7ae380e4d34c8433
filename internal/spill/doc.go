// Package spill keeps rows on disk that do not fit in memory, and gives them back as they were or not at all.
//
// It answers: an operator has reached its memory bound; where do its rows go, so that they come back in order, so
// that a broken disk is an error and never a wrong row, and so that nothing is left when the run ends, however it
// ends?
//
//	dir := spill.NewDir(resources.TempDir)
//	defer dir.Close()
//	store, err := spill.NewStore(dir, codec, 0)
//	if err != nil {
//		return err
//	}
//	part := store.AddPart()
//	for i := range rows {
//		if err := store.Append(part, &rows[i]); err != nil {
//			return err
//		}
//	}
//	if err := store.Finish(part); err != nil {
//		return err
//	}
//	for r := store.Read(part); ; {
//		var row Row
//		if ok, err := r.Next(&row); err != nil || !ok {
//			return err
//		}
//		...
//	}
//
// # The words
//
// A directory ([Dir]) is what one run of one operator has for itself. A store ([Store]) is one file in it. A part is
// a sequence of rows in a store: a sorted run, a radix partition. A block is what is written at once: rows of one
// part, encoded, compressed where that is worth it, and checksummed. Blocks of different parts lie in the file in the order in which they
// became full; the index of a part says which are its, where, and of what checksum. An index of more than a few blocks
// lies in the file too, in blocks of its own: a tree, whose root stays in memory.
//
// # Guarantees
//
//  1. Rows come back in order of Append, each equal to what was appended as far as the codec makes it so, or the
//     reader returns an *Error that names the file. A flipped bit, a lost or short write, a cut file, a block in
//     another's place: each is found by a checksum that the reader knows already, before a byte is decoded. That of
//     the root is in memory, and a block of the index has those of the blocks below it.
//  2. Nothing is on disk before the first file. Close removes the directory with all that is in it, also after
//     errors; it can be called again.
//  3. A killed process leaves its directory. The next run that spills into the same parent removes it: a directory
//     is live while its lock file is locked, and the system drops the lock however a process ends. A live run's
//     directory is never touched, of this process or another. Where the system or the file system has no locks
//     (plan9, js, wasip1, some network file systems) leftovers stay.
//  4. Lengths are believed only where they agree with the index; what is allocated to read a block is what the index
//     says was written.
//
// A file that is deleted while a run has it open does no harm on unix: its rows still come back; on Windows it cannot
// be deleted. A directory that is deleted under a run is an error from the next NewStore.
//
// # Cost
//
// Of a part that is being filled, one buffer of a block's size, and of its index up to 768 bytes a level, which are
// one below 32 blocks, two below 1,024, three below 32,768; of a finished part, 24 bytes for each of up to 4 blocks, and
// otherwise the root, of about a hundred bytes, however many blocks there are. A reader holds a block, and on its way through
// the index up to 1.5 KiB a level. Store.Buffered, ReadSize and IndexSize say it in bytes. There is one open file per store
// and one per directory. The bytes on disk are for the run that wrote them and no other: their format is not kept between
// releases.
package spill
