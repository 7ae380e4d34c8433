package stream

// needSeq and needFunc refuse a caller's mistake at construction, by name (contract E11).

func needSeq[T any](s Seq[T], fn string) {
	if s == nil {
		panic("stream: " + fn + ": nil sequence")
	}
}

func needFunc(isNil bool, fn, param string) {
	if isNil {
		panic("stream: " + fn + ": nil " + param)
	}
}
