package streamtest_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/stream/streamtest"
)

func TestScript_Table(t *testing.T) {
	disk := errors.New("disk")
	type script = streamtest.Script[string]
	type counts = streamtest.ScriptCounts
	for name, tt := range map[string]struct {
		src    *script
		stop   int // break after this many pairs; 0: never
		values []string
		err    error
		thrown any
		exited bool
		counts counts
	}{
		"values":           {src: &script{Values: []string{"a", "b"}}, values: []string{"a", "b"}, counts: counts{Starts: 1, Pulls: 3, Values: 2, Ends: 1, Cleanups: 1}},
		"empty":            {src: &script{}, counts: counts{Starts: 1, Pulls: 1, Ends: 1, Cleanups: 1}},
		"stopped":          {src: &script{Values: []string{"a", "b"}}, stop: 1, values: []string{"a"}, counts: counts{Starts: 1, Pulls: 1, Values: 1, Stops: 1, Cleanups: 1}},
		"error_first":      {src: &script{Values: []string{"a"}, Err: disk}, err: disk, counts: counts{Starts: 1, Pulls: 1, Faults: 1, Cleanups: 1}},
		"error_between":    {src: &script{Values: []string{"a", "b"}, At: 1, Err: disk}, values: []string{"a"}, err: disk, counts: counts{Starts: 1, Pulls: 2, Values: 1, Faults: 1, Cleanups: 1}},
		"error_last":       {src: &script{Values: []string{"a"}, At: 1, Err: disk}, values: []string{"a"}, err: disk, counts: counts{Starts: 1, Pulls: 2, Values: 1, Faults: 1, Cleanups: 1}},
		"error_never_come": {src: &script{Values: []string{"a"}, At: 2, Err: disk}, values: []string{"a"}, counts: counts{Starts: 1, Pulls: 2, Values: 1, Ends: 1, Cleanups: 1}},
		"panic":            {src: &script{Values: []string{"a"}, At: 1, Panic: "boom"}, values: []string{"a"}, thrown: "boom", counts: counts{Starts: 1, Pulls: 2, Values: 1, Faults: 1, Cleanups: 1}},
		"goexit":           {src: &script{Goexit: true}, exited: true, counts: counts{Starts: 1, Pulls: 1, Faults: 1, Cleanups: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			src := tt.src
			var values []string
			var failed error
			var thrown any
			returned := false
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer func() { thrown = recover() }()
				for v, err := range src.Seq() {
					if err != nil {
						failed = err
						continue
					}
					if values = append(values, v); len(values) == tt.stop {
						break
					}
				}
				returned = true
			}()
			<-done
			require.Equal(t, tt.values, values)
			require.Equal(t, tt.err, failed)
			require.Equal(t, tt.thrown, thrown)
			require.Equal(t, tt.exited, !returned && thrown == nil)
			require.Equal(t, tt.counts, src.Counts())
		})
	}
}

func TestScript_SingleUse(t *testing.T) {
	src := &streamtest.Script[int]{Values: []int{1}, SingleUse: true}
	streamtest.Equal(t, src.Seq(), 1)
	streamtest.WantError(t, src.Seq(), stream.ErrConsumed)
	require.Equal(t, 2, src.Counts().Cleanups)
}
