package streamtest

import "fmt"

// Rule names one line of the stream contract, as the package documentation of stream numbers it.
type Rule string

// The rules a check can find broken.
const (
	RuleErrorLast      Rule = "E1 error last"           // nothing is yielded after an error pair
	RuleErrorForwarded Rule = "E1 error forwarded"      // an error of the source comes out, errors.Is holds
	RuleZero           Rule = "E2 zero beside error"    // the value beside an error is the zero value
	RuleStop           Rule = "E4 stop"                 // after a break nothing is yielded, nothing is read
	RuleCleanup        Rule = "E4 cleanup"              // the source's deferred clean-up has run, once
	RuleGoroutines     Rule = "E4 goroutines"           // no goroutine is left when the loop ends
	RuleTempFiles      Rule = "E4 temp files"           // no temp file is left when the loop ends
	RuleRerun          Rule = "E6 second run"           // a second run gives the same, or ErrConsumed
	RulePanic          Rule = "E7 panic"                // panics and Goexit come out at the consumer
	RuleGoroutine      Rule = "E7 consumer's goroutine" // yield is called on the goroutine that loops
	RuleRepeat         Rule = "E9 repeatable"           // same input, same output
	RuleLazy           Rule = "E10 lazy"                // nothing is read before the first pull
	RuleAhead          Rule = "E10 read ahead"          // a streaming operator reads no more than an output needs
	RuleFault          Rule = "faults answered"         // a fault of the temp directory is an error, or does no harm
	RuleBorrow         Rule = "borrowed memory"         // what was lent is given back, what was given stays
	RuleHealthy        Rule = "healthy run"             // without faults, the operator ends without an error
	RuleHang           Rule = "no hang"                 // every run ends
)

// Violation is one broken rule. Checks collect all of them; the same rule broken at many positions is one
// Violation, told at the first position. Rules about runs that differ (E6, E7, E9), about lost errors and about faults are told
// once for each kind of step.
type Violation struct {
	Rule   Rule   // the rule that is broken
	Step   string // what the kit was doing, "error at input 2 of 24"
	Detail string // what it saw and what it wanted
	More   int    // further times that the same was seen
}

// Error says which rule was broken, at which step, and how.
func (v *Violation) Error() string {
	more := ""
	if v.More > 0 {
		more = fmt.Sprintf(" (and in %s)", plural(v.More, "more place"))
	}
	return fmt.Sprintf("%s: %s: %s%s", v.Rule, v.Step, v.Detail, more)
}

// step is one thing the kit does to an operator: a kind, and a position where the kind has one.
type step struct {
	kind string // "break at output", "error at input"
	at   int    // position; -1: none
	of   int    // number of positions
}

func (s step) String() string {
	if s.at < 0 {
		return s.kind
	}
	return fmt.Sprintf("%s %d of %d", s.kind, s.at, s.of)
}

// findings collects violations, one for each rule; where it matters how a rule is broken, one for each kind of step.
type findings struct {
	list  []*Violation
	index map[findingKey]*Violation
}

type findingKey struct {
	rule Rule
	kind string
}

func (f *findings) add(rule Rule, s step, format string, args ...any) {
	key := findingKey{rule, ""}
	switch rule {
	case RuleErrorForwarded, RuleRerun, RulePanic, RuleRepeat, RuleFault, RuleBorrow:
		key.kind = s.kind
	}
	if v := f.index[key]; v != nil {
		v.More++
		return
	}
	v := &Violation{Rule: rule, Step: s.String(), Detail: fmt.Sprintf(format, args...)}
	if f.index == nil {
		f.index = make(map[findingKey]*Violation)
	}
	f.index[key] = v
	f.list = append(f.list, v)
}

func (f *findings) errors() []error {
	if len(f.list) == 0 {
		return nil
	}
	errs := make([]error, len(f.list))
	for i, v := range f.list {
		errs[i] = v
	}
	return errs
}
