// Package parquetio reads and writes Parquet files as streams of Go structs, and publishes datasets partition
// by partition.
//
// It answers: how does a Go service put a stream into files that other engines read, and read theirs back, so
// that a crash, a re-run or a full disk never shows anybody half a result?
//
//	type Click struct {
//		ID   int64              `parquet:"id"`
//		User string             `parquet:"user"`
//		At   time.Time          `parquet:"at"`
//		Page stream.Opt[string] `parquet:"page"`
//	}
//
//	daily, err := parquetio.NewDataset[Click]("clicks", parquetio.DatasetOptions{})
//	...
//	result, err := daily.Overwrite(ctx, clicks, func(c Click) parquetio.Partition { return parquetio.Day(c.At) },
//		parquetio.OverwriteOptions[Click]{Requested: parquetio.Days(from, to)})
//	for click, err := range daily.Read(parquetio.Day(from)) {
//		...
//	}
//
// # Structs and columns
//
// Each exported field is a column. The tag parquet:"name" names it, otherwise the field's own name does;
// parquet:"-" leaves it out. Fields of embedded structs count as the struct's own.
//
//	Go                          Parquet
//	bool                        BOOLEAN
//	int8, int16, int32          INT32 (annotated with their width)
//	int, int64                  INT64
//	uint8 .. uint64, uint       INT32, INT64, annotated as unsigned
//	float32, float64            FLOAT, DOUBLE
//	string                      BYTE_ARRAY, string
//	[]byte                      BYTE_ARRAY
//	time.Time                   INT64, timestamp in UTC, microseconds
//	  ",timestamp(millis)"      ... in milliseconds; also (micros), (nanos)
//	  ",date"                   INT32, date: days of UTC
//	*V, stream.Opt[V]           the column of V, optional
//
// A string is UTF-8: one that is not is a *ValueError when it is written, with row and column; a []byte takes any
// bytes. What other writers put into a string column is read as it is.
//
// A named type counts as its kind. A nil pointer, and an Opt that is Null or Missing, are written as null. Times
// are cut to their unit, towards the past, and come back in UTC. Other types (slices, maps, named struct fields)
// are refused, by a *SchemaError with the field's path, before anything is read or written.
//
// Reading is wider: integers of another width if the value fits, unsigned into signed and back, float32 into
// float64, decimals and UUIDs into string, any stored bytes into string or []byte, dates, timestamps of every
// unit and the old INT96 ones into time.Time. What does not fit is a *ValueError with row and column, never a
// changed value. Columns that T does not name are not read.
//
// # The words
//
// A row group is the unit in which a file is written. A dataset is a directory of partitions (Hive's layout,
// date=2026-01-02); a partition's manifest names its data files, and its rename is the commit. A leftover is
// what a dead writer leaves.
//
// # Guarantees
//
//  1. Write replaces a file as one step: on any error, panic or crash the file is what it was before
//     (an error of the very last step apart: see there).
//  2. Overwrite changes nothing unless every data file of the run is whole and on disk. Then partitions are
//     replaced one by one, each as one step: a reader of this package sees all of the old rows or all of the
//     new ones, also when the writer is killed. Across partitions there is no common step. Replacing writes no
//     rows any more, but it makes directories, writes manifests and renames, which can still fail (a full disk, a
//     missing permission, a path beyond the system's length). Overwrite then ends with a *CommitError: the
//     partitions in Committed are new, Failed is old or new as a whole, those after it are old. The same run
//     again repairs it, since what was committed gives the same bytes.
//  3. The requested range decides what is replaced: a requested partition without rows is committed empty, a
//     row outside is an error or goes to a sink, never silently elsewhere. (Rebuild has no way to see it: what
//     its build function yields for a partition is that partition.)
//  4. The same rows and options give the same bytes: no clock, no randomness, no version of ours in a file. Data
//     files are named by their content, so that a re-run changes nothing.
//  5. After a kill, leftovers are in no reader's way. The next run on a dataset removes them; what Write leaves,
//     one temp file beside its path, the next Write to that path (not on Windows: see there). Readers that go by
//     the file pattern */*.parquet instead of the manifests see exactly the committed files, except while a
//     commit is running and, after a kill inside one, until the next run.
//  6. One writer at a time: a second one gets a *ConflictError. Readers need no lock.
//  7. Any bytes in a file give rows or an error, never a panic or a hang. A data file of a dataset is held against
//     the SHA-256 of its manifest before its first row: damage is an error, never a wrong row. A single file
//     has the checks that its writer left in it: lengths, row counts, page checksums where there are any, and those
//     of zstd; damage between them (in the footer, say) can show as other rows. Compare FileResult.SHA256.
//  8. A partition is what its manifest says. A directory without one is a leftover: readers pass over it, and the
//     next run on the dataset removes its data files.
//
// # Cost
//
// Read holds one page per column, before and after decompression, its dictionary, and 1024 rows; columns not in
// T cost nothing. Write holds the rows of one row group (131,072, at most 64 MiB) and one column of it encoded.
// Overwrite holds Resources.Memory of rows (256 MiB if not said) and spools what is more, in a temp file; beside
// it one row group; per partition less than a kilobyte, about 13 once it has a row group on disk; two open files. Rows leave and come in order. Nothing is
// read before the first pull, everything runs on the caller's goroutine.
//
// # When not to use it
//
// For nested data, encrypted files, predicates pushed into the file, or object stores: not in this version. To
// query files rather than to move them through Go, an embedded SQL engine is faster. Writing stands for now on
// the column writers of arrow/go/v17: a program that links the Parquet package of arrow-go/v18 as well does not
// link (duplicate symbols).
//
// # Non-obvious
//
//   - A partition's columns are not added to the rows and fields are not taken out of them: a data file is
//     complete without its path. Engines that read the path as columns prefer it over the file's column.
//   - The empty string as a partition value is null, as in Hive.
//   - Missing and Null are one in a file. An Opt comes back Missing only where the file lacks the column.
//   - What is written here carries no page checksums yet (arrow's writer has none); with Zstd, the default, each
//     page's frame has one, which is verified.
//   - A commit costs about five syncs to disk per partition: tens of milliseconds each on some machines.
//   - Importing this package replaces the zstd codec of arrow/go/v17's Parquet in the process by one that keeps
//     its encoders. The bytes are the same.
//   - The temp file of Write lies beside its target, so the disk needs room for both.
package parquetio
