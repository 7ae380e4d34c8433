// Package table numbers keys: each distinct key gets the next dense index, in order of insertion.
package table
