// Package hugepages asks the kernel for large pages behind large arrays that are read at random.
//
// It answers: what does a lookup in a hash table of 128 MiB cost beside its cache miss? In pages of 4 KiB the table has
// 32,768 of them, so that most lookups translate an address that the processor does not remember, and each page is
// faulted in by itself when it is first touched. (Decision note 0019 has what the hint gained.)
//
//	slots := make([]slot, n)
//	hugepages.Advise(slots)
//
// It is a hint, given before the array is first touched. Linux follows it where transparent huge pages are not
// switched off; elsewhere, and under the tag purego, nothing happens. What an array has that is never touched may
// become resident with what is. The hint stays with the addresses when the array is gone: what else the program's heap
// puts there later may get large pages as well.
package hugepages
