package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/millrace-go/millrace/stream"
)

// Exit codes: one per thing that a caller would do something else about.
const (
	exitOK          = 0
	exitFailure     = 1   // none of the below
	exitUsage       = 2   // a flag, a variable or a column mapping is wrong; nothing was started
	exitMissing     = 3   // an input does not exist
	exitThreshold   = 4   // too many bad rows
	exitCorrupt     = 5   // an input cannot be what it claims to be (a truncated gzip, say)
	exitIO          = 6   // reading or writing failed (a full disk, a missing permission)
	exitInterrupted = 130 // Ctrl-C or SIGTERM
)

// usageError is a mistake of the caller, found before anything was started.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// exitCode classifies err by the error classes of package stream.
func exitCode(err error) int {
	var (
		usage  *usageError
		option *stream.OptionError
		path   *fs.PathError
		link   *os.LinkError
		call   *os.SyscallError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage), errors.As(err, &option):
		return exitUsage
	case errors.Is(err, stream.ErrMissing):
		return exitMissing
	case errors.Is(err, stream.ErrThreshold):
		return exitThreshold
	case errors.Is(err, stream.ErrCorrupt), errors.Is(err, stream.ErrSchema):
		return exitCorrupt
	case errors.As(err, &path), errors.As(err, &link), errors.As(err, &call), errors.Is(err, io.ErrShortWrite):
		return exitIO
	}
	return exitFailure
}

// printError writes what went wrong. The message of too many bad rows has the first of them, with their
// positions and reasons.
func printError(w io.Writer, err error) {
	fmt.Fprintf(w, "clickstream: %v\n", err)
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintln(w, "Run with -h for the flags.")
	}
}
