package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// SideCommand is the first argument of a process that runs one side; the second is the job.
const SideCommand = "side"

// Processes starts each side in a process of its own.
type Processes struct {
	Root string    // folder of the bench module
	Log  io.Writer // for what builds and sides have to say

	temp     string            // for programs; empty: not made yet
	programs map[string]string // folder to program; empty: it does not build
}

// Start runs a side: in a copy of this process, or in the program of the nested module that has it.
func (p *Processes) Start(s Side, job Job) (Report, error) {
	program, err := os.Executable()
	if s.Program != "" {
		program, err = p.build(s.Program)
	}
	if err != nil {
		return Report{}, err
	}
	arg, err := json.Marshal(job)
	if err != nil {
		return Report{}, err
	}
	var out, log bytes.Buffer
	cmd := exec.Command(program, SideCommand, string(arg))
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		return Report{}, fmt.Errorf("%w\n%s", err, log.Bytes())
	}
	var r Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return Report{}, fmt.Errorf("its report: %w", err)
	}
	return r, nil
}

// build compiles a nested module, once.
func (p *Processes) build(folder string) (string, error) {
	if p.temp == "" {
		temp, err := os.MkdirTemp("", "millrace-bench-")
		if err != nil {
			return "", err
		}
		p.temp, p.programs = temp, map[string]string{}
	}
	program, tried := p.programs[folder]
	if !tried {
		program = filepath.Join(p.temp, filepath.Base(folder))
		if filepath.Separator == '\\' {
			program += ".exe"
		}
		cmd := exec.Command("go", "build", "-C", filepath.Join(p.Root, folder), "-o", program, ".")
		cmd.Stdout, cmd.Stderr = p.Log, p.Log
		if err := cmd.Run(); err != nil {
			program = ""
		}
		p.programs[folder] = program
	}
	if program == "" {
		return "", fmt.Errorf("%s does not build: %w", folder, ErrUnavailable)
	}
	return program, nil
}

// Close removes the programs.
func (p *Processes) Close() error { return os.RemoveAll(p.temp) }
