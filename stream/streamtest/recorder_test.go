package streamtest_test

import "fmt"

// recorder is a test framework that writes down what a check reports.
type recorder struct{ text string }

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) { r.text += fmt.Sprintf(format, args...) + "\n" }
