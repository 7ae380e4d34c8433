package measure

import (
	"errors"
	"runtime"
	"testing"
	"time"
)

func TestAnswer(t *testing.T) {
	var a, b, c, d Answer
	for _, h := range []uint64{1, 2, 3} {
		a.Add(h)
		b.Next(h)
	}
	for _, h := range []uint64{3, 1, 2} {
		c.Add(h)
		d.Next(h)
	}
	if a != c {
		t.Errorf("Add counts the order: %+v, %+v", a, c)
	}
	if b == d {
		t.Errorf("Next does not count the order: %+v, %+v", b, d)
	}
}

var kept []byte

func TestDo_sees_what_the_work_takes(t *testing.T) {
	const held, pause = 32 << 20, 30 * time.Millisecond
	cost, answer, err := Do(func() (a Answer, err error) {
		kept = make([]byte, held)
		for i := range kept {
			kept[i] = 1
		}
		runtime.GC()
		time.Sleep(pause)
		kept = nil
		a.Add(5)
		return a, nil
	})
	if err != nil || answer != (Answer{Rows: 1, Digest: 5}) {
		t.Fatalf("Do = %+v, %v", answer, err)
	}
	if cost.Wall < pause.Seconds() || cost.AllocBytes < held || cost.Allocs == 0 || cost.GCs == 0 {
		t.Errorf("too little: %+v", cost)
	}
	if cost.Live < held || cost.Live > 2*held {
		t.Errorf("live heap is %d, want about %d", cost.Live, held)
	}
	if cost.Peak != 0 && cost.OwnPeak() < held*9/10 {
		t.Errorf("own peak is %d, want %d or more", cost.OwnPeak(), held)
	}
}

func TestDo_forwards_the_error(t *testing.T) {
	broken := errors.New("broken")
	if _, _, err := Do(func() (Answer, error) { return Answer{}, broken }); !errors.Is(err, broken) {
		t.Errorf("Do = %v, want %v", err, broken)
	}
}
