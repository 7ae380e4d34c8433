package stream

import (
	"bytes"

	"github.com/millrace-go/millrace/internal/atomicfile"
)

// SetFaults injects failures into the commits and files of a checkpoint.
func (c *Checkpoint) SetFaults(f atomicfile.Faults) { c.faults = f }

// CheckpointBytes writes a checkpoint's frame.
func CheckpointBytes(config uint64, position int64, finished bool, marks, files map[string]int64, states map[string]State) ([]byte, error) {
	var b bytes.Buffer
	err := writeCheckpoint(&b, checkpointHead{config, position, finished, marks, files}, states)
	return b.Bytes(), err
}

// RestoreCheckpoint reads a checkpoint's frame, and writes again what it read.
func RestoreCheckpoint(b []byte, o CheckpointOptions) ([]byte, error) {
	head, err := readCheckpoint(bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		return nil, err
	}
	return CheckpointBytes(head.config, head.position, head.finished, head.marks, head.files, o.States)
}
