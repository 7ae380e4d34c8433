//go:build purego

package sortkey

import "reflect"

func readString[K any](k K) string { return reflect.ValueOf(k).String() }

func readFloat[K any](k K) float64 { return reflect.ValueOf(k).Float() }

func readInt[K any](k K) int64 { return reflect.ValueOf(k).Int() }

func readUint[K any](k K) uint64 { return reflect.ValueOf(k).Uint() }
