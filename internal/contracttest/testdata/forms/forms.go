// Package forms has every form in which a stream can stand in a signature.
package forms

import (
	"context"
	"iter"

	st "github.com/millrace-go/millrace/stream"
)

// Event is no stream.
type Event struct{ ID int }

// Open is a named function type that returns a stream.
type Open[T any] func(ctx context.Context) st.Seq[T]

// Opens builds on Open, which is declared elsewhere: order must not matter.
type Opens = []Open[Event]

// Options holds a stream in a struct, which is not looked into.
type Options struct{ Source st.Seq[int] }

// State is an exported type, hidden is not.
type (
	State[T any]   struct{}
	hidden         struct{}
	Pair[K, V any] struct{}
)

func Returns() st.Seq[int]                             { return nil }
func Takes(s st.Seq[int]) int                          { return 0 }
func Variadic(s ...st.Seq[int])                        {}
func Spelled(s iter.Seq2[int, error])                  {}
func TakesFunc(open func() st.Seq[int]) error          { return nil }
func ReturnsFunc() func(st.Seq[int]) st.Seq[int]       { return nil }
func TakesNamed(open Open[int])                        {}
func TakesAlias(opens Opens)                           {}
func Pointer(s *st.Seq[int])                           {}
func Channel(c <-chan st.Seq[int])                     {}
func Mapped(m map[string]st.Seq[int])                  {}
func Nested(s st.Seq[st.Seq[int]])                     {}
func Callback(f func(day string, s st.Seq[int]) error) {}
func (State[T]) Run(s st.Seq[T]) st.Seq[T]             { return s }
func (*State[T]) RunPointer(s st.Seq[T])               {}
func (p *Pair[K, V]) Both() (st.Seq[K], error)         { return nil, nil }

var Variable = func(s st.Seq[int]) st.Seq[int] { return s }
var Typed Open[int]

// None of these counts.
func NotAnError(s iter.Seq2[int, string]) {}
func Plain(s iter.Seq[int])               {}
func Other(o Options, e Event)            {}
func Opt(o st.Opt[int])                   {}
func unexported(s st.Seq[int])            {}
func (hidden) Run(s st.Seq[int])          {}
func (State[T]) run(s st.Seq[T])          {}
func (State[T]) Add(v T)                  {}

var variable = func(s st.Seq[int]) {}
