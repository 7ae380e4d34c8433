package fold

// need refuses a caller's mistake by name.
func need(isNil bool, fn, param string) {
	if isNil {
		panic("fold: " + fn + ": nil " + param)
	}
}
