package stream

import "errors"

// ResumeOptions adjusts Resume. The zero value is right for most.
type ResumeOptions struct {
	// Every is how many elements lie between two commits; 0: 65,536. A commit costs a snapshot of all states and
	// some milliseconds of waiting for the disk; what was done since the last one is done again after a crash.
	Every int

	// Finish is called after the last element: to flush states into the output. The job is then finished, and
	// Resume does nothing when it is called again. Nil: the end of the source is not the end of the job; the next
	// run continues where the source has grown.
	Finish func() error
}

// Resume runs a job from the position of its checkpoint to the end of its source, and commits on the way. open
// returns the elements of the source from a position on: with SkipExactly, or by seeking. Positions count the
// elements that open(0) yields, so they must be the same in every run. step does the work of one element: it pushes
// into the states of the checkpoint and writes to its files.
//
// Nothing is lost and nothing done twice, as far as the states and files of the checkpoint go: what step did since
// the last commit is undone by opening the checkpoint again. What it does elsewhere it may do again. Operators that gather
// elements, such as Aggregate, Sort and Join, have no place in open: what they hold is in no checkpoint. Push into
// Windows, Scans and the like in step.
//
// A source that has become shorter than the position ends the job with an error of class ErrSourceChanged where open says
// so, as SkipExactly does. Skip does not, and Resume cannot know: the end of a source is where open ends.
//
// Order: step sees the elements in the order of the source.
// Memory: that of the states.
// Termination: only if the source ends.
// Errors: that of step or Finish, as it is: nothing is committed, and the states are not to be used any more, for
// step may have stopped half-way. An error of the source comes after a commit of what was done before it, so that
// the next run begins at the element that failed; so does the end of a context. A wrong option is an *OptionError.
func Resume[T any](open func(position int64) Seq[T], cp *Checkpoint, step func(v T) error, opts ResumeOptions) error {
	needFunc(open == nil, "Resume", "open")
	needFunc(cp == nil, "Resume", "checkpoint")
	needFunc(step == nil, "Resume", "step")
	every := int64(opts.Every)
	switch {
	case every < 0:
		return &OptionError{Package: "stream", Func: "Resume", Option: "Every", Got: opts.Every, Want: "0 or positive"}
	case every == 0:
		every = 1 << 16
	}
	if cp.Finished() {
		return nil
	}
	position := cp.Position()
	s := open(position)
	needSeq(s, "Resume")
	for v, err := range s {
		if err != nil {
			if failed := commitNew(cp, position); failed != nil {
				return errors.Join(err, failed)
			}
			return err
		}
		if err := step(v); err != nil {
			return err
		}
		if position++; position-cp.Position() >= every {
			if err := cp.Commit(position); err != nil {
				return err
			}
		}
	}
	if opts.Finish == nil {
		return commitNew(cp, position)
	}
	if err := opts.Finish(); err != nil {
		return err
	}
	return cp.Finish(position)
}

// commitNew commits unless nothing was done since the last commit.
func commitNew(cp *Checkpoint, position int64) error {
	if position == cp.Position() {
		return nil
	}
	return cp.Commit(position)
}
