//go:build !race

package parquetio

// raceEnabled: the race detector makes everything ten times slower; tests of plain computation do less.
const raceEnabled = false
