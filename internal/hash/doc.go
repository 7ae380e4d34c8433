// Package hash turns any comparable key into a stable 64-bit hash, and says when two keys are one.
package hash
