// Clickstream is the main job: a dirty stream of events in; clean, deduplicated, sessionized, counted and
// partitioned Parquet out. It is built from the public packages only.
//
//	go run ./examples/clickstream
//
// generates a million events and processes them; -h tells how to run it over files of your own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	cfg, err := parseFlags(args, getenv, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		printError(stderr, err)
		return exitCode(err)
	}
	// A read of stdin that waits for input would outlast a cancelled context.
	if closer, ok := stdin.(io.Closer); ok {
		defer context.AfterFunc(ctx, func() { closer.Close() })()
	}
	logTo := io.Discard
	if cfg.log {
		logTo = stderr
	}
	j := &job{cfg: cfg, stdin: stdin, log: slog.New(slog.NewJSONHandler(logTo, nil))}
	j.screen, _ = stderr.(*os.File)
	if err := j.run(ctx); err != nil {
		if ctx.Err() != nil && !j.publishing {
			fmt.Fprintln(stderr, "clickstream: interrupted; the previous output is as it was")
			return exitInterrupted
		}
		printError(stderr, err)
		return exitCode(err)
	}
	print := j.report.writeText
	if cfg.json {
		print = j.report.writeJSON
	}
	if err := print(stdout); err != nil {
		printError(stderr, err)
		return exitIO
	}
	return exitOK
}
