package streamtest

import (
	"fmt"

	"github.com/millrace-go/millrace/stream"
)

// given is how many outputs a run over the first inputs gave.
type given struct{ inputs, outputs int }

// readsAhead demands of a streaming operator that each output comes as soon as the inputs it is made of were read
// (E10): over a live source, one that asks for more holds the output back until something else happens.
//
// What suffices for an output is known from the runs over the first inputs. Where only a sample of those was
// made, the least one that is known counts, so that a violation is real all the same.
func (c *operatorCheck[In, Out]) readsAhead() {
	if !c.o.Streaming || c.base.foreign {
		return
	}
	src := c.all()
	var asked []int // elements asked for when each output came
	s := step{kind: "full run", at: -1}
	o := c.playSeq(s, src, patient(), func() stream.Seq[Out] {
		seq := c.op(src.Seq())
		return func(yield func(Out, error) bool) {
			seq(func(v Out, err error) bool {
				if err == nil {
					asked = append(asked, src.Counts().Pulls)
				}
				return yield(v, err)
			})
		}
	})
	if c.hung || !o.returned {
		return
	}
	n := len(asked)
	at := 0
	for _, g := range c.prefixes {
		for ; at < min(g.outputs, n); at++ {
			if asked[at] > g.inputs+c.o.ReadAhead {
				c.found.add(RuleAhead, step{"output", at, n}, "it came after %s, %s",
					c.read(asked[at]), c.suffices(g.inputs))
			}
		}
	}
}

// read says what was read when that many elements had been asked for: the last one may have been the end.
func (c *operatorCheck[In, Out]) read(asked int) string {
	if n := len(c.inputs); asked > n {
		return plural(n, "input") + " and their end"
	}
	return plural(asked, "input")
}

func (c *operatorCheck[In, Out]) suffices(inputs int) string {
	text := fmt.Sprintf("%d suffice", inputs)
	if inputs == 1 {
		text += "s"
	}
	if c.o.ReadAhead > 0 {
		text += fmt.Sprintf(", and CheckOptions.ReadAhead allows %d more", c.o.ReadAhead)
	}
	return text
}
