package stream

import (
	"reflect"
	"strings"
)

// nullKey compiles how a null key of type K is told: an Opt in it, at any depth of structs and arrays, is not present.
// It is nil where K has no Opt.
func nullKey[K any]() func(*K) bool {
	test := nullTest(reflect.TypeFor[K]())
	if test == nil {
		return nil
	}
	return func(k *K) bool { return test(reflect.ValueOf(k).Elem()) }
}

var optPath = reflect.TypeFor[Opt[int]]().PkgPath()

func nullTest(t reflect.Type) func(reflect.Value) bool {
	switch {
	case t.Kind() == reflect.Array:
		elem := nullTest(t.Elem())
		if elem == nil {
			return nil
		}
		return func(v reflect.Value) bool {
			for i := range v.Len() {
				if elem(v.Index(i)) {
					return true
				}
			}
			return false
		}
	case t.Kind() != reflect.Struct:
		return nil
	case t.PkgPath() == optPath && strings.HasPrefix(t.Name(), "Opt["):
		value := nullTest(t.Field(0).Type)
		return func(v reflect.Value) bool {
			return optState(v.Field(1).Uint()) != optPresent || value != nil && value(v.Field(0))
		}
	}
	var fields []int
	var tests []func(reflect.Value) bool
	for i := range t.NumField() {
		if test := nullTest(t.Field(i).Type); test != nil {
			fields, tests = append(fields, i), append(tests, test)
		}
	}
	if len(tests) == 0 {
		return nil
	}
	return func(v reflect.Value) bool {
		for i, test := range tests {
			if test(v.Field(fields[i])) {
				return true
			}
		}
		return false
	}
}
