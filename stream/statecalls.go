package stream

import (
	"errors"
	"fmt"
)

// stateCalls is what the state objects of event time do around every call from outside: they keep the first error, and let
// go of all that they held.
type stateCalls struct {
	failed error // what ended the state
	inCall error // what failed is while a call runs, and stays where one panicked
}

// errInCall is why the state named so is not to be used while one of its functions runs, nor after one of them panicked.
func errInCall(name string) error {
	return fmt.Errorf("stream: %s: the call before it did not return: a function of the caller's runs, or panicked", name)
}

// errStopped is what a sink returns whose consumer has seen enough.
var errStopped = errors.New("stream: the consumer stopped")

// run makes one call, and letGo where it fails or panics.
func (c *stateCalls) run(letGo func(), call func() error) error {
	if c.failed != nil {
		return c.failed
	}
	c.failed = c.inCall // and so it stays if it panics
	defer func() {
		if c.failed != nil {
			letGo()
		}
	}()
	c.failed = call()
	return c.failed
}
