package streamtest_test

import (
	"slices"
	"testing"

	"github.com/millrace-go/millrace/internal/contracttest"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

func TestContract(t *testing.T) {
	judge := contracttest.Exempt("judges streams, and is judged itself by the catalogue of broken ones")
	contracttest.Run(t, contracttest.Ops{
		"Events": func(t *testing.T) {
			streamtest.CheckSource(t, func() stream.Seq[streamtest.Event] {
				return streamtest.Events(streamtest.EventOptions{N: 200})
			})
			streamtest.CheckSourceWith(t, func() stream.Seq[streamtest.Event] {
				return streamtest.Events(streamtest.EventOptions{Users: -1})
			}, streamtest.CheckOptions[streamtest.Event]{Fails: true})
		},
		"Script.Seq": func(t *testing.T) {
			streamtest.CheckSource(t, (&streamtest.Script[int]{Values: numbers(0, 20)}).Seq)
		},
		"Check":            judge,
		"CheckWith":        judge,
		"Violations":       judge,
		"CheckSource":      judge,
		"CheckSourceWith":  judge,
		"SourceViolations": judge,
		"CheckSink":        judge,
		"CheckSinkWith":    judge,
		"SinkViolations":   judge,
		"Allocs":           judge,
		"Model":            judge,
		"ModelWith":        judge,
		"Mismatch":         judge,
		"CheckFaults":      judge,
		"CheckFaultsWith":  judge,
		"FaultViolations":  judge,
		"CheckBorrow":      judge,
		"CheckBorrowWith":  judge,
		"BorrowViolations": judge,
		"CheckOwned":       judge,
		"OwnedViolations":  judge,
		"Borrowed": func(t *testing.T) {
			streamtest.CheckSource(t, func() stream.Seq[[]int] {
				return stream.Map(streamtest.Borrowed([]int{1, 2}, nil, []int{3}), slices.Clone)
			})
		},
		"Equal":     equal(streamtest.Equal[int]),
		"Unordered": equal(streamtest.Unordered[int]),
		"Want": equal(func(t streamtest.TB, s stream.Seq[int], want ...int) {
			streamtest.Want(t, s, streamtest.WantOptions{}, want...)
		}),
		"WantError": contracttest.Exempt("succeeds only where the stream fails, so no error can come back; TestWant_Table has its cases"),
	})
}

// equal checks an assertion as a sink: its report is its error.
func equal(assert func(streamtest.TB, stream.Seq[int], ...int)) func(*testing.T) {
	return func(t *testing.T) {
		streamtest.CheckSink(t, func(s stream.Seq[int]) (string, error) {
			var failed error
			var r recorder
			assert(&r, func(yield func(int, error) bool) {
				for v, err := range s {
					if failed = err; !yield(v, err) {
						return
					}
				}
			}, 1, 2, 3)
			return r.text, failed
		}, 1, 2, 3)
	}
}
