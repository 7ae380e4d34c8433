package parquetio

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Result says what a run put into a dataset.
type Result struct {
	Partitions []PartitionResult // what was committed, sorted by path
	Rows       int64             // of all Partitions
	Bytes      int64             // of their data files
	Digest     string            // over all partitions and their contents, hexadecimal: the same rows give the same digest
}

// PartitionResult says what became of one partition.
type PartitionResult struct {
	Partition Partition // its name
	Path      string    // its directory
	Rows      int64     // in its data file
	Bytes     int64     // of its data files
	SHA256    string    // of its data file, hexadecimal; empty for a partition without rows
	Replaced  bool      // there was an earlier version
	Changed   bool      // its content differs from the earlier version's; true if there was none
}

func (r *Result) add(p PartitionResult) {
	r.Partitions = append(r.Partitions, p)
	r.Rows += p.Rows
	r.Bytes += p.Bytes
}

// finish sorts the partitions and computes the digest.
func (r *Result) finish() {
	slices.SortFunc(r.Partitions, func(a, b PartitionResult) int { return strings.Compare(a.Partition.path, b.Partition.path) })
	h := sha256.New()
	for _, p := range r.Partitions {
		fmt.Fprintf(h, "%s\t%d\t%s\n", p.Partition.path, p.Rows, p.SHA256)
	}
	r.Digest = hex.EncodeToString(h.Sum(nil))
}
