// Package readmetest holds no code: its tests compile and run what README.md shows, as a program of another
// module would.
package readmetest
