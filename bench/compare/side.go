package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/millrace-go/millrace/bench/measure"
)

// Job is one run of one side, as the process that runs it is told.
type Job struct {
	Comparison string `json:"comparison"`
	Side       string `json:"side"`
	Params     Params `json:"params"`
}

// Report is what that process says.
type Report struct {
	Cost    measure.Cost      `json:"cost"`
	Answer  measure.Answer    `json:"answer"`
	Modules map[string]string `json:"modules"` // path to version, of all that the process was built with
}

// Serve does the job that arg holds, if all has its comparison and side, and writes the Report to w. It is the whole
// of a process: what a side leaves behind, its exit clears away.
func Serve(all []Comparison, arg string, w io.Writer) error {
	var job Job
	if err := json.Unmarshal([]byte(arg), &job); err != nil {
		return fmt.Errorf("compare: the job is no JSON: %w", err)
	}
	r, err := job.run(all)
	if err != nil {
		return fmt.Errorf("compare: %s, side %s: %w", job.Comparison, job.Side, err)
	}
	return json.NewEncoder(w).Encode(r)
}

func (j Job) run(all []Comparison) (Report, error) {
	cmp, err := Find(all, j.Comparison)
	if err != nil {
		return Report{}, err
	}
	side, err := cmp.side(j.Side)
	if err != nil {
		return Report{}, err
	}
	if side.Prepare == nil {
		return Report{}, fmt.Errorf("this program does not have it; %s has", side.Program)
	}
	work, err := side.Prepare(j.Params)
	if err != nil {
		return Report{}, fmt.Errorf("preparing: %w", err)
	}
	r := Report{Modules: modules()}
	r.Cost, r.Answer, err = measure.Do(work)
	return r, err
}

func modules() map[string]string {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Replace == nil {
				versions[m.Path] = m.Version
			}
		}
	}
	return versions
}
