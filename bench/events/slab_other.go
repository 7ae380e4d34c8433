//go:build !unix

package events

// allocate takes the rows from the heap, where there is no mmap: live heaps and peaks then include them.
func allocate(n int) ([]Event, error) { return make([]Event, n), nil }
