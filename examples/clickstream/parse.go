package main

import (
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"time"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
	"github.com/millrace-go/millrace/validate"
)

// generate writes the events of the seed as a file of NDJSON where no input was given. The file is an input,
// not an output: it stays where it is whatever happens to the job.
func (j *job) generate(ctx context.Context) error {
	if len(j.cfg.inputs) > 0 {
		return nil
	}
	started := time.Now()
	j.begin("generate")
	path := filepath.Join(j.cfg.out, inputName, "events.ndjson")
	f, err := createTextFile(path)
	if err != nil {
		return err
	}
	defer f.drop()
	made, err := streamtest.WriteNDJSON(contextWriter{ctx, f}, streamtest.EventOptions{Seed: j.cfg.seed, N: j.cfg.events})
	if err != nil {
		return err
	}
	if _, err := f.commit(); err != nil {
		return err
	}
	j.cfg.inputs = []string{path}
	j.done(newStage("generate", 0, int64(made.Lines), 0, time.Since(started)))
	return nil
}

// contextWriter fails once its context is done.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c contextWriter) Write(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}

// parse opens the input as events; bad rows go to the quarantine file with all their errors.
func (j *job) parse() (stream.Seq[event], error) {
	format, err := inputFormat(j.cfg)
	if err != nil {
		return nil, err
	}
	opts := validate.Options{Quarantine: j.reject, Limit: j.limit(), Stats: &j.stats}
	if format == "tsv" {
		opts.Dialect.Comma = '\t'
	}
	if !j.cfg.mapped {
		schema, err := generatedSchema()
		if err != nil {
			return nil, err
		}
		return stream.Map(open(j, schema, format, opts), generatedRow.event), nil
	}
	schema, err := mappedSchema(j.cfg.columns, j.cfg.layouts, format)
	if err != nil {
		return nil, err
	}
	return stream.Map(open(j, schema, format, opts), eventOf(j.cfg.columns)), nil
}

func open[T any](j *job, schema *validate.Schema[T], format string, opts validate.Options) stream.Seq[T] {
	if len(j.cfg.inputs) == 1 && j.cfg.inputs[0] == "-" {
		opts.Name = "stdin"
		switch format {
		case "ndjson":
			return schema.NDJSON(j.stdin, opts)
		case "tsv":
			return schema.CSV(j.stdin, opts)
		}
		return schema.Read(j.stdin, opts)
	}
	switch format {
	case "ndjson":
		return schema.NDJSONFiles(j.cfg.inputs, opts)
	case "tsv":
		return schema.CSVFiles(j.cfg.inputs, opts)
	}
	return schema.ReadFiles(j.cfg.inputs, opts) // finds out the delimiter, and where need be the format
}

// limit is the bound on bad rows. A ratio of 0 allows none at all; in a Limit it would mean no bound.
func (j *job) limit() validate.Limit {
	if j.cfg.maxBad == 0 {
		const none = 1e-300
		return validate.Limit{MaxRatio: none, MinRows: 1}
	}
	return validate.Limit{MaxRatio: j.cfg.maxBad, MinRows: max(j.cfg.minRows, 1)}
}

// reject writes one bad row to the quarantine.
func (j *job) reject(r validate.Reject) error {
	// A path below the output directory is written relative to it, so that the same run elsewhere gives the same
	// bytes.
	if rel, err := filepath.Rel(j.cfg.out, r.Source); err == nil && filepath.IsLocal(rel) {
		r.Source = filepath.ToSlash(rel)
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = j.quarantine.Write(append(line, '\n'))
	return err
}
