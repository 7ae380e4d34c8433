// Package hugepages asks the kernel for large pages behind large arrays that are read at random.
//
// It answers: why does a hash table of 128 MiB take twice as long per key as one of 1 MiB, even where its cache misses
// overlap? Part of it is the translation of addresses: in pages of 4 KiB such a table has 32,768 of them, more than any
// processor remembers, and each is faulted in by itself when it is first touched.
//
//	slots := make([]slot, n)
//	hugepages.Advise(slots)
//
// It is a hint, given before the array is first touched. Linux follows it where transparent huge pages are not
// switched off; elsewhere, and under the tag purego, nothing happens. What an array has that is never touched may become
// resident with what is. The hint stays with the addresses when the array is gone: what else the program's heap puts there later may
// get large pages as well.
package hugepages
