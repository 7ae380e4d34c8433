// Package atomicfile replaces a file as one step: whoever opens the path sees the old bytes or the new ones,
// never a part of either, and after a crash the same holds.
//
//	f, err := atomicfile.Create("out/events.parquet")
//	if err != nil {
//		return err
//	}
//	defer f.Abort() // does nothing after Commit
//	... write to f ...
//	return f.Commit()
//
// # Words
//
// A temp file is what a writer fills: a file of the target's own directory (so that the rename never crosses a
// file system) named ".millrace-*.tmp". A live temp file has a writer; a leftover is one whose writer died.
//
// # Guarantees
//
//  1. Until Commit the target is untouched. Commit is fsync of the temp file, rename over the target, fsync of
//     the directory; if one of the first two fails the temp file is removed and the target is untouched.
//  2. Abort and Close remove the temp file; both can be called again, and after Commit, and then do nothing.
//  3. A killed process leaves at most its temp files. Sweep removes those of a directory whose writer is gone,
//     and never a live one: a live writer holds an exclusive advisory lock on its temp file, which the system
//     drops when the process ends, however it ends. On Windows an open file cannot be removed, which serves as
//     well. SweepTarget does so for the temp files of one target, and needs no lock around it; on Windows it
//     removes nothing. Where neither exists (plan9, js, wasip1, solaris, aix) neither removes anything.
//  4. TryLock takes an exclusive lock between processes; a second taker gets ErrLocked at once, and a killed
//     holder's lock is free. It serves directories whose temp files are closed and opened again meanwhile.
//
// On Windows the directory is not synced (the system has no such call); the rename is still one step.
package atomicfile
