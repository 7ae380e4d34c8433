//go:build purego

package rowcodec

import "reflect"

// The twin of address_unsafe.go for those who allow no unsafe: every row is walked by reflection. The bytes are
// the same; a row costs several times more and may allocate.

func appendRow[T any](n *node, dst []byte, v *T) ([]byte, *Error) {
	return byReflection{}.append(n, dst, reflect.ValueOf(v).Elem())
}

func decodeRow[T any](n *node, src []byte, v *T) ([]byte, *Error) {
	return byReflection{}.decode(n, src, reflect.ValueOf(v).Elem())
}

func heldRow[T any](n *node, v *T) int64 {
	return byReflection{}.held(n, reflect.ValueOf(v).Elem())
}
