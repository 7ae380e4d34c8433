package stream

import (
	"context"
	"log/slog"
)

// logStart tells the Logger that a run begins.
func (r *meterRun) logStart() {
	if l := r.stage.meters.opts.Logger; l != nil {
		l.LogAttrs(context.Background(), slog.LevelInfo, "stage started", slog.String("stage", r.stage.name))
	}
}

// logEnd tells it how the run has ended. An error is an error where it began, and news below that.
func (r *meterRun) logEnd() {
	l := r.stage.meters.opts.Logger
	if l == nil {
		return
	}
	level, text := slog.LevelInfo, "stage completed"
	attrs := []slog.Attr{
		slog.String("stage", r.stage.name),
		slog.Int64("rows", r.totalRows),
		slog.Duration("took", r.last.Sub(r.started)),
	}
	if r.totalBytes > 0 {
		attrs = append(attrs, slog.Int64("bytes", r.totalBytes))
	}
	switch r.outcome {
	case runStopped:
		text = "stage stopped by its consumer"
	case runPanicked:
		level, text = slog.LevelError, "stage ended by a panic"
	case runFailed:
		if level, text = slog.LevelError, "stage failed"; r.fromAbove {
			level, text = slog.LevelInfo, "stage ended by an error from above"
		}
		attrs = append(attrs, slog.Any("error", r.err))
	}
	l.LogAttrs(context.Background(), level, text, attrs...)
}
