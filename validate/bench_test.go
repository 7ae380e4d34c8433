package validate

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// benchEvent is the row of the benchmarks: six fields of about 200 bytes, as a click stream writes them.
type benchEvent struct {
	ID         string
	UserID     int64
	Type       string
	At         time.Time
	IngestedAt time.Time
	UpdatedBy  stream.Opt[string]
	Amount     float64
}

func benchSchema(t testing.TB) *Schema[benchEvent] {
	return build[benchEvent](t,
		String("event_id", func(e *benchEvent) *string { return &e.ID }).Required(),
		Int("user_id", func(e *benchEvent) *int64 { return &e.UserID }).Required().Range(1, 1<<62),
		String("type", func(e *benchEvent) *string { return &e.Type }).Required().Enum("click", "view", "purchase", "scroll"),
		Time("event_time", func(e *benchEvent) *time.Time { return &e.At }).Required(),
		Time("ingested_at", func(e *benchEvent) *time.Time { return &e.IngestedAt }).Required(),
		OptString("updated_by", func(e *benchEvent) *stream.Opt[string] { return &e.UpdatedBy }).NullTokens("null"),
		Float("amount", func(e *benchEvent) *float64 { return &e.Amount }),
	)
}

// benchInput writes n rows; one in a hundred is a broken line, five in a hundred have a wrong type.
func benchInput(n int, comma bool) (raw []byte, valid int) {
	rng := rand.New(rand.NewPCG(7, 7))
	types := []string{"click", "view", "purchase", "scroll"}
	var b bytes.Buffer
	at := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	if comma {
		b.WriteString("event_id,user_id,type,event_time,ingested_at,updated_by,amount,page\n")
	}
	for i := range n {
		at = at.Add(time.Duration(rng.IntN(1000)) * time.Millisecond)
		user := strconv.Itoa(1 + rng.IntN(1_000_000))
		dice := rng.IntN(100)
		if dice >= 1 && dice < 6 {
			user = "x" + user
		}
		quoted := user
		if dice >= 1 && dice < 6 {
			quoted = `"` + user + `"`
		}
		id := "e-" + strconv.FormatUint(rng.Uint64(), 16)
		ts, in := at.Format("2006-01-02T15:04:05.000Z"), at.Add(time.Second).Format("2006-01-02T15:04:05.000Z")
		amount := strconv.FormatFloat(float64(rng.IntN(100000))/100, 'f', 2, 64)
		typ := types[rng.IntN(4)]
		var row string
		if comma {
			row = id + "," + user + "," + typ + "," + ts + "," + in + ",svc-" + strconv.Itoa(i%7) + "," + amount + ",/p/" + user
		} else {
			row = `{"event_id":"` + id + `","user_id":` + quoted + `,"type":"` + typ + `","event_time":"` + ts +
				`","ingested_at":"` + in + `","updated_by":"svc-` + strconv.Itoa(i%7) + `","amount":` + amount + `,"page":"/p/` + user + `"}`
		}
		if dice == 0 {
			row = row[:len(row)/2]
		}
		if dice >= 6 {
			valid++
		}
		b.WriteString(row)
		b.WriteByte('\n')
	}
	return b.Bytes(), valid
}

func BenchmarkNDJSON(b *testing.B) {
	const rows = 20000
	raw, valid := benchInput(rows, false)
	s := benchSchema(b)
	run := func(b *testing.B, f func() int) {
		require.Equal(b, valid, f())
		b.ReportAllocs()
		b.SetBytes(int64(len(raw)))
		for b.Loop() {
			f()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
	}
	b.Run("schema", func(b *testing.B) {
		run(b, func() int {
			n, err := drain(s.NDJSON(bytes.NewReader(raw), Options{Quarantine: stream.Discard[Reject]("benchmark")}))
			require.NoError(b, err)
			return n
		})
	})
	b.Run("encoding_json", func(b *testing.B) {
		run(b, func() (n int) {
			for line := range bytes.Lines(raw) {
				var e struct {
					ID         string    `json:"event_id"`
					UserID     int64     `json:"user_id"`
					Type       string    `json:"type"`
					At         time.Time `json:"event_time"`
					IngestedAt time.Time `json:"ingested_at"`
					UpdatedBy  *string   `json:"updated_by"`
					Amount     float64   `json:"amount"`
				}
				if json.Unmarshal(line, &e) == nil {
					n++
				}
			}
			return n
		})
	})
}

func BenchmarkCSV(b *testing.B) {
	const rows = 20000
	raw, valid := benchInput(rows, true)
	s := benchSchema(b)
	run := func(b *testing.B, f func() int) {
		require.Equal(b, valid, f())
		b.ReportAllocs()
		b.SetBytes(int64(len(raw)))
		for b.Loop() {
			f()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
	}
	b.Run("schema", func(b *testing.B) {
		run(b, func() int {
			n, err := drain(s.CSV(bytes.NewReader(raw), Options{Quarantine: stream.Discard[Reject]("benchmark")}))
			require.NoError(b, err)
			return n
		})
	})
	b.Run("encoding_csv", func(b *testing.B) {
		run(b, func() (n int) {
			r := csv.NewReader(bytes.NewReader(raw))
			r.FieldsPerRecord = -1
			r.ReuseRecord = true
			r.Read()
			for {
				rec, err := r.Read()
				if err == io.EOF {
					return n
				}
				if err != nil || len(rec) != 8 {
					continue
				}
				var e benchEvent
				var err1, err2, err3, err4 error
				e.ID, e.Type = rec[0], rec[2]
				e.UserID, err1 = strconv.ParseInt(rec[1], 10, 64)
				e.At, err2 = time.Parse(time.RFC3339, rec[3])
				e.IngestedAt, err3 = time.Parse(time.RFC3339, rec[4])
				e.Amount, err4 = strconv.ParseFloat(rec[6], 64)
				if err1 == nil && err2 == nil && err3 == nil && err4 == nil {
					n++
				}
			}
		})
	})
}
