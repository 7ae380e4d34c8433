//go:build purego

package stream_test

// pure is the tag purego.
const pure = true
