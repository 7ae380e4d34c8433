// Package streamtest tests operators, sources and sinks of streams: yours, and the ones of this module.
package streamtest
