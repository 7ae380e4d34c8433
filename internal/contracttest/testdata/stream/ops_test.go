package stream

// Helper is in a test, so it is not exported.
func Helper(s Seq[int]) {}
