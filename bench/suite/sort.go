package suite

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math"

	"github.com/lanrat/extsort"

	"github.com/millrace-go/millrace/bench/compare"
	"github.com/millrace-go/millrace/bench/events"
	"github.com/millrace-go/millrace/bench/measure"
	"github.com/millrace-go/millrace/stream"
)

// sorting sorts eight times as much as may be in memory.
func sorting() compare.Comparison {
	const rows, memory = 32 << 20, 256 << 20
	return compare.Comparison{
		Name:  "sort",
		Title: "Sort of 2 GiB in 256 MiB",
		About: "Events of 64 bytes, sorted by time through files. extsort has no memory limit; its chunks are " +
			"cut so that the four it holds at once are 256 MiB of rows, and its rows are written by a codec made by hand " +
			"for this struct (48 bytes, fixed places), since it needs one. Ours is given the struct.",
		Cases: []compare.Case{{
			Name: "2gib", About: "limit 256 MiB", Rows: rows,
			Params: compare.Params{Events: events.Options{Users: rows / 20 * 3, Zipf: true}, Memory: memory},
			Goals: []compare.Goal{
				{Measure: "wall", A: "millrace", B: "extsort", AtMost: 1 / 1.5},
				{Measure: "wall", A: "millrace-2", B: "extsort", AtMost: 1 / 1.5}, // which has two workers as well
				{Measure: "live", A: "millrace", AtMost: memory},
				{Measure: "live", A: "millrace-2", AtMost: memory},
			},
		}},
		Sides: []compare.Side{
			{Name: "millrace", About: "stream.Sort, one worker", Prepare: overUnsorted(sortMillrace(1))},
			{Name: "millrace-2", About: "stream.Sort, two workers", Prepare: overUnsorted(sortMillrace(2))},
			{Name: "extsort", About: "extsort.Generic, 2 workers", Module: "github.com/lanrat/extsort", Prepare: overUnsorted(sortExtsort)},
		},
	}
}

func overUnsorted(run func(rows []events.Event, memory int64, o *ordered) error) func(compare.Params) (compare.Work, error) {
	return func(p compare.Params) (compare.Work, error) {
		rows, err := events.Slab(p.Events)
		if err != nil {
			return nil, err
		}
		return func() (a measure.Answer, err error) {
			var o ordered
			err = run(rows, p.Memory, &o)
			o.times.Digest += o.rows
			return o.times, err
		}, nil
	}
}

// ordered is the answer of a sort by time: the times in their order, and the rows in any, since extsort may exchange
// rows of one millisecond.
type ordered struct {
	times measure.Answer
	rows  uint64
}

func (o *ordered) take(e events.Event) {
	o.times.Next(uint64(e.At))
	o.rows += events.Mix(e.ID^uint64(e.Ingested)) + e.User*uint64(e.Updater+1) + uint64(len(e.TypeName))
}

func sortMillrace(workers int) func(rows []events.Event, memory int64, o *ordered) error {
	return func(rows []events.Event, memory int64, o *ordered) error {
		r := stream.Resources{Memory: memory, Workers: workers}
		sorted := stream.Sort(stream.Of(rows...), events.Event.Time, stream.SortOptions{Resources: r})
		for e, err := range sorted {
			if err != nil {
				return err
			}
			o.take(e)
		}
		return nil
	}
}

func sortExtsort(rows []events.Event, memory int64, o *ordered) error {
	in := make(chan events.Event, 1024)
	go func() {
		defer close(in)
		for i := range rows {
			in <- rows[i]
		}
	}()
	config := extsort.DefaultConfig()
	config.ChunkSize = max(1, int(memory/(4*64)))
	sorter, out, failed := extsort.Generic(in, decodeEvent, encodeEvent, byTimeOfEvent, config)
	go sorter.Sort(context.Background())
	for e := range out {
		o.take(e)
	}
	return <-failed
}

func byTimeOfEvent(a, b events.Event) int { return cmp.Compare(a.At, b.At) }

const eventBytes = 48

func encodeEvent(e events.Event) ([]byte, error) {
	b := make([]byte, 0, eventBytes)
	b = binary.LittleEndian.AppendUint64(b, e.ID)
	b = binary.LittleEndian.AppendUint64(b, e.User)
	b = binary.LittleEndian.AppendUint32(b, e.Type)
	b = binary.LittleEndian.AppendUint32(b, e.Updater)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.At))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.Ingested))
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(e.Amount)), nil
}

func decodeEvent(b []byte) (events.Event, error) {
	if len(b) != eventBytes {
		return events.Event{}, errors.New("sort: a row of another length")
	}
	e := events.Event{
		ID: binary.LittleEndian.Uint64(b), User: binary.LittleEndian.Uint64(b[8:]),
		Type: binary.LittleEndian.Uint32(b[16:]), Updater: binary.LittleEndian.Uint32(b[20:]),
		At: int64(binary.LittleEndian.Uint64(b[24:])), Ingested: int64(binary.LittleEndian.Uint64(b[32:])),
		Amount: math.Float64frombits(binary.LittleEndian.Uint64(b[40:])),
	}
	if int(e.Type) >= len(events.Types) {
		return events.Event{}, errors.New("sort: a type that does not exist")
	}
	e.TypeName = events.Types[e.Type]
	return e, nil
}
