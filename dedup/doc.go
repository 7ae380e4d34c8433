// Package dedup keeps one row per key: the best one, by rules you can read.
package dedup
