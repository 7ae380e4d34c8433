package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/parquetio"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// job is one run. Its phases:
//
//	prepare   the output directory is locked, swept of what killed runs left, and looked over
//	generate  events of the seed, where no input was given
//	read      input -> parse (bad rows to the quarantine) -> dedup -> date range -> staged events/ by date
//	analyse   staged events -> sessions, counts, distinct users, heavy hitters, some of them at once
//	publish   everything that was staged takes its place
//
// No output changes before publish; an error, a panic or Ctrl-C before it leaves the previous output as it was,
// and no temp file.
type job struct {
	cfg    config
	stdin  io.Reader
	screen *os.File // for the progress bar; nil: none
	log    *slog.Logger

	stats  validate.Stats // of the parser, read by the progress bar as well
	report report

	lock       *parquetio.Staged[event] // of the output directory: nothing is staged in it
	all        *parquetio.Staged[event] // with a date range: the events of all dates, for the sessions; never committed
	events     *parquetio.Staged[event]
	sessions   *parquetio.Staged[sessionRow]
	quarantine *textFile
	publishing bool       // the previous output is no longer as it was
	mu         sync.Mutex // guards tables while steps run at once
	tables     []*stagedTable
}

func (j *job) run(ctx context.Context) error {
	started := time.Now()
	j.report.Output = j.cfg.out
	j.report.Digests = map[string]string{}
	j.report.Skipped, j.report.TopUsers, j.report.ByType = []skippedStep{}, []topUser{}, []typeUsers{} // [] in JSON
	defer j.drop()
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"prepare", j.prepare}, {"generate", j.generate}, {"read", j.read}, {"analyse", j.analyse}, {"publish", j.publish},
	}
	for _, step := range steps {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := step.do(ctx); err != nil {
			j.log.Error("job failed", "step", step.name, "error", err.Error())
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	j.report.finish(time.Since(started))
	return nil
}

// drop removes what is staged and not published: nothing after a run that went well.
func (j *job) drop() {
	for _, s := range []*parquetio.Staged[event]{j.all, j.events} {
		if s != nil {
			s.Abort()
		}
	}
	if j.sessions != nil {
		j.sessions.Abort()
	}
	j.quarantine.drop()
	for _, t := range j.tables {
		t.drop()
	}
	if j.lock != nil {
		os.RemoveAll(j.allDir())
		j.lock.Abort()
	}
}

func (j *job) skip(step, reason string) {
	j.report.Skipped = append(j.report.Skipped, skippedStep{step, reason})
	j.log.Info("step skipped", "step", step, "reason", reason)
}

// begin notes that stages start; those of one pass start together.
func (j *job) begin(stages ...string) {
	for _, name := range stages {
		j.log.Info("stage start", "stage", name)
	}
}

// done adds a line to the table of stages.
func (j *job) done(s stageReport) {
	j.report.Stages = append(j.report.Stages, s)
	j.logDone(s)
}

func (j *job) logDone(s stageReport) {
	j.log.Info("stage complete", "stage", s.Name, "in", s.In, "out", s.Out, "rejected", s.Rejected, "seconds", s.Seconds)
}

// read is the first pass, from the input to staged events.
func (j *job) read(ctx context.Context) error {
	size, err := inputBytes(j.cfg.inputs)
	if err != nil {
		return err
	}
	if j.quarantine, err = createTextFile(j.cfg.quarantine); err != nil {
		return err
	}
	j.log.Info("inputs", "files", j.cfg.inputs, "bytes", size)
	j.begin("parse")
	meters := stream.NewMeters(stream.MetersOptions{})
	rows, err := j.parse()
	if err != nil {
		return err
	}
	rows = stream.Meter(stream.WithContext(ctx, rows), meters.Stage("parse"))

	var dropped dedup.Stats
	if len(j.cfg.columns.id) == 0 {
		j.skip("dedup", "no column is mapped to id")
	} else {
		j.begin("dedup")
		rows = dedup.Run(rows, event.id, dedup.Options[event]{By: j.order(), NullKey: event.hasNoID, Stats: &dropped})
	}
	rows = stream.Meter(rows, meters.Stage("dedup"))

	j.begin("write events")
	bar := startProgress(j.screen, size, &j.stats)
	started := time.Now()
	err = j.stageEvents(ctx, rows, meters.Stage("range"))
	bar.close()
	if err != nil {
		return err
	}
	j.readDone(time.Since(started), meters.Stats(), dropped)
	return nil
}

// order says which of several rows of one id is kept: the latest ingested (or, without that column, the
// latest event time), then one whose updater is known, then the first.
func (j *job) order() []dedup.Comparator[event] {
	var order []dedup.Comparator[event]
	switch {
	case j.cfg.columns.ingested != "":
		order = append(order, dedup.LatestOpt(func(e event) stream.Opt[time.Time] { return e.Ingested }))
	case j.cfg.columns.ts != "":
		order = append(order, dedup.LatestOpt(func(e event) stream.Opt[time.Time] { return e.At }))
	}
	if j.cfg.columns.updater != "" {
		order = append(order, dedup.Present(event.hasUpdater))
	}
	return order
}

// inRange judges the row that dedup kept, so that neighbouring ranges never both hold a row of one id.
func (j *job) inRange(at time.Time) bool { return !at.Before(j.cfg.from) && at.Before(j.cfg.to) }

// readDone turns the meters of the first pass into answers and lines of the table.
func (j *job) readDone(total time.Duration, meters stream.Stats, dropped dedup.Stats) {
	parsed, kept, ranged := meters.Stages[0], meters.Stages[1], meters.Stages[2]
	a := &j.report.Answers
	a.Rows, a.Valid, a.Quarantined = j.stats.Rows(), j.stats.Valid(), j.stats.Rejected()
	j.done(newStage("parse", a.Rows, a.Valid, a.Quarantined, parsed.Above))
	if len(j.cfg.columns.id) > 0 {
		out, lost := kept.Rows, dropped.Dropped
		a.Deduplicated, a.Duplicates = &out, &lost
		j.done(newStage("dedup", a.Valid, out, lost, kept.Busy))
	}
	in, out := kept.Rows, ranged.Rows
	j.done(newStage("write events", in, out, in-out, total-kept.Above))
}

// publish puts everything in its place. Each file and each date partition is replaced as one step. Once begun
// it goes through to the end: Ctrl-C would only leave a part of the output new.
func (j *job) publish(ctx context.Context) error {
	started := time.Now()
	j.begin("publish")
	ctx, j.publishing = context.WithoutCancel(ctx), true
	published := int64(0) // outputs
	add := func(name, digest string, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		j.report.Digests[name] = digest
		published++
		return nil
	}
	result, err := j.events.Commit(ctx)
	if err := add("events", result.Digest, err); err != nil {
		return err
	}
	if j.sessions != nil {
		result, err := j.sessions.Commit(ctx)
		if err := add("sessions", result.Digest, err); err != nil {
			return err
		}
	}
	for _, t := range j.tables {
		digest, err := t.commit()
		if err := add(t.name, digest, err); err != nil {
			return err
		}
	}
	digest, err := j.quarantine.commit()
	if err := add(filepath.Base(j.cfg.quarantine), digest, err); err != nil {
		return err
	}
	j.done(newStage("publish", published, published, 0, time.Since(started)))
	return nil
}
