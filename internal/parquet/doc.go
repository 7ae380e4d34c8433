// Package parquet is the Parquet format below parquetio: it knows files, row groups, columns and pages, and
// nothing of structs or streams.
//
// Reading is our own, from the footer to the values, because a reader must survive any bytes: every length is
// checked against the bytes there are before it is used, every page's checksum and every row group's row count
// is verified, and there are no goroutines. Writing stands for now on arrow/go v17's column writers (writer.go);
// nothing outside this package sees that.
//
//	f, err := parquet.Open(r, size)        // the footer
//	rd, err := f.Reader([]int{0, 3}, 1024) // two columns, 1024 rows at a time
//	for {
//		n, err := rd.Next() // io.EOF at the end
//		... rd.Vector(0).I64[:n]
//	}
//
// # Words
//
// A column is a leaf of the schema; it is flat if it stands at the top level and does not repeat. A column chunk
// is one column of one row group: a sequence of pages, the first of which may be a dictionary. A page holds
// definition levels (which rows are null) and then values in one of the encodings. A Vector holds one column of
// one batch, a slot per row.
//
// # Guarantees
//
//  1. Any bytes give rows or an *Error, never a panic, and never a loop without progress.
//  2. Memory: the footer, and per column read one page before and one after decompression, its dictionary and
//     one batch. A page says how large it becomes; that claim is believed only as far as its codec can expand
//     the bytes that are there, and never past MaxPage.
//  3. Rows are delivered only as whole row groups agree: a column that ends early, or has values left, is an
//     error, as is a file whose row groups do not add up to its row count.
//  4. Strings are copies, cut from blocks of at most 64 KiB; the values of a dictionary are shared.
//  5. The same rows and options are written as the same bytes.
//
// # Limits of this version
//
// Nested columns (lists, maps, structs), encrypted files and the LZO codec are refused with an *Error of kind
// Unsupported; other columns of the same file can be read. Indexes and Bloom filters are not used.
package parquet
