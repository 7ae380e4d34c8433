package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/millrace-go/millrace/validate"
)

// progress draws a bar on a terminal while the input is read: rows, rows per second, bytes, and the time left
// where the size of the input is known. Elsewhere it draws nothing.
type progress struct {
	stop chan struct{}
	done chan struct{}
}

// startProgress follows stats until close is called. total is the size of the input in bytes; 0: unknown.
func startProgress(out *os.File, total int64, stats *validate.Stats) *progress {
	p := &progress{stop: make(chan struct{}), done: make(chan struct{})}
	if out == nil || !term.IsTerminal(int(out.Fd())) {
		close(p.done)
		return p
	}
	go p.follow(out, total, stats)
	return p
}

func (p *progress) follow(out io.Writer, total int64, stats *validate.Stats) {
	defer close(p.done)
	size := total
	if size == 0 {
		size = -1 // a spinner
	}
	bar := progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(out),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetPredictTime(total > 0),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(24),
	)
	started := time.Now()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			_ = bar.Finish()
			return
		case <-tick.C:
			rows := stats.Rows()
			bar.Describe(fmt.Sprintf("%d rows, %.0f rows/s", rows, float64(rows)/time.Since(started).Seconds()))
			_ = bar.Set64(stats.BytesRead())
		}
	}
}

// close removes the bar. It can be called once.
func (p *progress) close() {
	close(p.stop)
	<-p.done
}
