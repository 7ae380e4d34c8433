package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// answers are what the job found out. A nil answer is one whose step was skipped.
type answers struct {
	Rows            int64          `json:"rows"`              // read, without headers and blank lines
	Valid           int64          `json:"valid"`             // parsed
	Quarantined     int64          `json:"quarantined"`       // rejected with their reasons; rows = valid + quarantined
	Deduplicated    *int64         `json:"deduplicated"`      // rows left after dedup
	Duplicates      *int64         `json:"duplicates"`        // rows dropped by it; valid = deduplicated + duplicates
	UserTypeGroups  *int64         `json:"user_type_groups"`  // distinct (user, type), a null user being one user
	DistinctUsers   *distinctUsers `json:"distinct_users"`    // null users left out
	Sessions        *int64         `json:"sessions"`          // of non-null users
	SessionsTotalMS *int64         `json:"sessions_total_ms"` // sum of last minus first event
}

type distinctUsers struct {
	Exact     int64  `json:"exact"`
	Estimated uint64 `json:"estimated"` // by HLL
}

// stageReport is one line of the table.
type stageReport struct {
	Name          string  `json:"name"`
	In            int64   `json:"in"`
	Out           int64   `json:"out"`
	Rejected      int64   `json:"rejected"` // quarantined, dropped as duplicates, without a user: in the words of the stage
	Seconds       float64 `json:"seconds"`  // the stage's own, without waiting for the stage before it
	RowsPerSecond float64 `json:"rows_per_second"`
}

func newStage(name string, in, out, rejected int64, d time.Duration) stageReport {
	s := stageReport{Name: name, In: in, Out: out, Rejected: rejected, Seconds: d.Seconds()}
	if d > 0 {
		s.RowsPerSecond = float64(in) / d.Seconds()
	}
	return s
}

type skippedStep struct {
	Step   string `json:"step"`
	Reason string `json:"reason"`
}

// report is all a run prints. Answers, digests and skipped are the same on every run over the same input;
// the rest is this run's.
type report struct {
	Answers    answers           `json:"answers"`
	Digests    map[string]string `json:"digests"` // SHA-256 of each output, by its path in the output directory
	Skipped    []skippedStep     `json:"skipped"`
	TopUsers   []topUser         `json:"top_users"` // heavy hitters, by Count-Min
	ByType     []typeUsers       `json:"distinct_users_by_type"`
	Stages     []stageReport     `json:"stages"`
	Bottleneck string            `json:"bottleneck"` // the stage with the most seconds
	PeakMemory int64             `json:"peak_memory_bytes"`
	Seconds    float64           `json:"seconds"`
	Output     string            `json:"output"`
}

type topUser struct {
	User  string `json:"user"`
	Count uint64 `json:"count"` // never below the true count
}

type typeUsers struct {
	Type      string `json:"type"`
	Estimated uint64 `json:"estimated"`
}

func (r *report) finish(total time.Duration) {
	r.Seconds = total.Seconds()
	r.PeakMemory = peakMemory()
	slowest := 0.0
	for _, s := range r.Stages {
		if s.Seconds > slowest {
			slowest, r.Bottleneck = s.Seconds, s.Name
		}
	}
}

func (r *report) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

func (r *report) writeText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "stage\tin\tout\trejected\tseconds\trows/s\t\n")
	for _, s := range r.Stages {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%.3f\t%.0f\t\n", s.Name, s.In, s.Out, s.Rejected, s.Seconds, s.RowsPerSecond)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(w, "skipped %s: %s\n", s.Step, s.Reason)
	}
	fmt.Fprintf(w, "\nbottleneck %s, %.2f s in all, peak memory %.0f MiB\n\n", r.Bottleneck, r.Seconds, float64(r.PeakMemory)/(1<<20))

	a := r.Answers
	fmt.Fprintf(w, "rows %d = valid %d + quarantined %d\n", a.Rows, a.Valid, a.Quarantined)
	if a.Deduplicated != nil {
		fmt.Fprintf(w, "deduplicated %d, duplicates dropped %d\n", *a.Deduplicated, *a.Duplicates)
	}
	if a.UserTypeGroups != nil {
		fmt.Fprintf(w, "groups by (user, type) %d\n", *a.UserTypeGroups)
	}
	if a.DistinctUsers != nil {
		fmt.Fprintf(w, "distinct users %d, estimated %d\n", a.DistinctUsers.Exact, a.DistinctUsers.Estimated)
	}
	if a.Sessions != nil {
		fmt.Fprintf(w, "sessions %d, total length %v\n", *a.Sessions, time.Duration(*a.SessionsTotalMS)*time.Millisecond)
	}
	for _, u := range r.ByType {
		fmt.Fprintf(w, "distinct users of %q: about %d\n", u.Type, u.Estimated)
	}
	for _, u := range r.TopUsers {
		fmt.Fprintf(w, "top user %q: at most %d events\n", u.User, u.Count)
	}
	fmt.Fprintf(w, "\ndigests (equal on every run over the same input)\n")
	names := make([]string, 0, len(r.Digests))
	for name := range r.Digests {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(w, "%s  %s\n", r.Digests[name], name)
	}
	_, err := fmt.Fprintf(w, "output in %s\n", r.Output)
	return err
}
