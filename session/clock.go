package session

import "math"

// clock keeps the watermark: the time before which no event is expected. With several sources it is that of the one
// farthest behind, idle ones left out; it never goes back, whatever a source does that comes to life again.
//
//	source     0: 12:40    1: 12:05    2: 11:30, idle        watermark 12:05
type clock struct {
	sources   []source
	disorder  int64   // nanoseconds
	follows   bool    // events move the clock of their source to disorder before their time
	watermark instant // math.MinInt64: none yet
	floor     instant // an event before it is late in any case: what was flushed lies there
}

// source is one of the inputs that a clock waits for.
type source struct {
	at   instant // no event of it before is expected; math.MinInt64: nothing is known
	idle bool    // nobody waits for it until it is heard of again
}

func newClock(sources int, disorder int64, follows bool) clock {
	c := clock{sources: make([]source, max(sources, 1)), disorder: disorder, follows: follows, watermark: math.MinInt64, floor: math.MinInt64}
	for i := range c.sources {
		c.sources[i].at = math.MinInt64
	}
	return c
}

// event hears of an event of a source, and reports whether the watermark moved.
func (c *clock) event(from int, at instant) bool {
	s := &c.sources[from]
	was := s.idle
	s.idle = false
	if c.follows && at >= math.MinInt64+instant(c.disorder) && at-instant(c.disorder) > s.at {
		s.at = at - instant(c.disorder)
	} else if !was {
		return false
	}
	return c.move()
}

// advance hears that no event of a source is before to, and reports whether the watermark moved.
func (c *clock) advance(from int, to instant) bool {
	s := &c.sources[from]
	s.idle = false
	s.at = max(s.at, to)
	return c.move()
}

// advanceAll hears that no event at all is before to, and reports whether the watermark moved. Who is idle stays so.
func (c *clock) advanceAll(to instant) bool {
	for i := range c.sources {
		c.sources[i].at = max(c.sources[i].at, to)
	}
	moved := to > c.watermark
	c.watermark = max(c.watermark, to)
	return c.move() || moved
}

// rest hears that a source has nothing to say for now, and reports whether the watermark moved.
func (c *clock) rest(from int) bool {
	c.sources[from].idle = true
	return c.move()
}

// move lets the watermark follow the sources, and reports whether it moved.
func (c *clock) move() bool {
	least, some := never, false
	for i := range c.sources {
		if s := &c.sources[i]; !s.idle {
			least, some = min(least, s.at), true
		}
	}
	if !some || least <= c.watermark {
		return false
	}
	c.watermark = least
	return true
}

// raise moves the watermark, and what is late in any case, to at or beyond.
func (c *clock) raise(at instant) {
	c.watermark = max(c.watermark, at)
	c.floor = c.watermark
	for i := range c.sources {
		c.sources[i].at = max(c.sources[i].at, c.watermark)
	}
}
