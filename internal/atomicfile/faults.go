package atomicfile

// Op names a step at which a file system can fail.
type Op string

// The steps, in the order of a replacement.
const (
	OpCreate  Op = "create"
	OpWrite   Op = "write"
	OpSync    Op = "sync"
	OpRename  Op = "rename"
	OpSyncDir Op = "syncdir"
	OpRemove  Op = "remove"
)

// Faults injects failures: it is asked before each step, and a non-nil error is what the step then returns. A
// write that fails so has written the first half of its bytes, as a full disk does. Nil injects nothing.
// A Faults that kills the process stands for a crash at that step.
type Faults func(op Op, path string) error

// Check asks the injector, if there is one.
func (f Faults) Check(op Op, path string) error {
	if f == nil {
		return nil
	}
	return f(op, path)
}

// DiskFull is a Faults under which every write fails with err once n of them have succeeded.
func DiskFull(n int, err error) Faults {
	return func(op Op, _ string) error {
		if op != OpWrite {
			return nil
		}
		if n > 0 {
			n--
			return nil
		}
		return err
	}
}
