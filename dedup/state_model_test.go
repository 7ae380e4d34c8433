package dedup_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// The model of a State keeps all rows of a key and looks for the best of them each time: what was held before and what
// is held after a row are compared, and that is the verdict, the change, and the row that comes out.

// stateProgram is a random run of a State: rows, with calls of Advance between them.
type stateProgram struct {
	program
	s        dedup.StateOptions[reading] // without Options and sinks
	advances map[int]int                 // before the row of this number: to this minute
}

func isTombstone(r reading) bool { return r.Serial%5 == 3 }

// drawStateProgram draws a program. Whatever is positional goes by the order of the rows.
func drawStateProgram(t *rapid.T) stateProgram {
	p := stateProgram{program: drawProgram(t), advances: map[int]int{}}
	for i := range p.rows {
		p.rows[i].At = rapid.IntRange(0, 4).Draw(t, "spread") + i*rapid.IntRange(0, 1).Draw(t, "pace")/2
	}
	if rapid.Bool().Draw(t, "hasTTL") {
		p.s.TTL = time.Duration(rapid.IntRange(1, 6).Draw(t, "ttl")) * time.Minute
		p.s.At = reading.Time
		p.s.Refresh = rapid.SampledFrom([]dedup.Refresh{dedup.RefreshCreate, dedup.RefreshWrite, dedup.RefreshAny}).Draw(t, "refresh")
		p.s.Disorder = time.Duration(rapid.SampledFrom([]int{0, 1, 2, 5, -1}).Draw(t, "disorder")) * time.Minute
		if p.s.Disorder < 0 {
			p.s.Disorder = math.MaxInt64
		}
		if rapid.Bool().Draw(t, "advances") {
			for range rapid.IntRange(0, 4).Draw(t, "times") {
				p.advances[rapid.IntRange(0, len(p.rows)).Draw(t, "before")] = rapid.IntRange(0, 12).Draw(t, "to")
			}
		}
	}
	p.s.Hold = rapid.Bool().Draw(t, "hold")
	if rapid.IntRange(0, 2).Draw(t, "hasTombstones") == 0 {
		p.s.Tombstone = isTombstone
	}
	return p
}

// eager says that rows survive at once.
func (p stateProgram) eager() bool {
	return p.o.Keep == dedup.KeepBest && len(p.rules) == 0 && p.o.Tie != dedup.TieLast && !p.s.Hold && p.s.Tombstone == nil
}

// stateResult is what came out of a run. Rows are named by their serial number.
type stateResult struct {
	verdicts []dedup.Verdict
	out      []int // what survived, in order
	changes  []string
	late     []int
	rejected []int
	sizes    []int // keys alive after each row
	tied     bool  // it ended with a *TieError
}

// generation is the rows of a key since it began anew.
type generation struct {
	name  string // "null" for all null keys
	alive bool   // rows of its key are its rows
	rows  []reading
	at    []int // positions
	lives int   // minute from which it lives
	spent bool  // under KeepNone: repeated
}

// model runs the program.
func (p stateProgram) model() (r stateResult) {
	var gens []*generation
	watermark := math.MinInt
	ttl, disorder := int(p.s.TTL/time.Minute), int(p.s.Disorder/time.Minute)
	winner := func(g *generation) int { // index in g.rows
		best := -1
		for i := range g.rows {
			if best < 0 {
				best = i
			} else if c := p.better(g.rows[i], g.rows[best]); c < 0 || c == 0 && p.o.Tie == dedup.TieLast {
				best = i
			}
		}
		return best
	}
	ambiguous := func(g *generation) bool {
		w := winner(g)
		return p.o.Tie == dedup.TieFail && slices.ContainsFunc(g.rows, func(other reading) bool {
			return p.better(other, g.rows[w]) == 0 && other.Serial != g.rows[w].Serial && !(p.o.Same != nil && p.o.Same(other, g.rows[w]))
		})
	}
	place := func(g *generation) int {
		if p.o.Order == dedup.OrderWinner {
			return g.at[winner(g)]
		}
		return g.at[0]
	}
	change := func(kind string, row reading) { r.changes = append(r.changes, fmt.Sprint(kind, row.Serial)) }
	// leave lets the generations go that are over by when.
	leave := func(when int) bool {
		var over, rest []*generation
		for _, g := range gens {
			if ttl > 0 && g.lives+ttl <= when || when == math.MaxInt {
				over = append(over, g)
			} else {
				rest = append(rest, g)
			}
		}
		gens = rest
		if p.eager() {
			return true
		}
		over = slices.DeleteFunc(over, func(g *generation) bool { return g.spent })
		slices.SortStableFunc(over, func(a, b *generation) int {
			if ttl > 0 && a.lives != b.lives {
				return cmp.Compare(a.lives, b.lives)
			}
			return cmp.Compare(place(a), place(b))
		})
		if ttl == 0 && slices.ContainsFunc(over, ambiguous) {
			r.tied = true
			return false
		}
		for _, g := range over {
			if ambiguous(g) {
				r.tied = true
				return false
			}
			r.out = append(r.out, g.rows[winner(g)].Serial)
		}
		return true
	}
	advance := func(to int) bool {
		if ttl == 0 || to <= watermark {
			return true
		}
		watermark = to
		return leave(to)
	}
	take := func(i int, row reading) (v dedup.Verdict, ok bool) {
		if ttl > 0 {
			if p.s.Disorder != math.MaxInt64 && !advance(row.At-disorder) {
				return 0, false
			}
			if row.At < watermark {
				r.late = append(r.late, row.Serial)
				return dedup.VerdictLate, true
			}
		}
		name := fmt.Sprintf("key %q %d", row.Sensor, row.Port)
		isTomb := p.s.Tombstone != nil && isTombstone(row)
		if row.Null && p.o.NullKey != nil {
			switch p.o.NullKeys {
			case dedup.NullsReject:
				r.rejected = append(r.rejected, row.Serial)
				return dedup.VerdictRejected, true
			case dedup.NullsDistinct:
				if isTomb {
					return dedup.VerdictUnknown, true
				}
				change("+I", row)
				if p.eager() {
					r.out = append(r.out, row.Serial)
				}
				gens = append(gens, &generation{name: "a null", rows: []reading{row}, at: []int{i}, lives: row.At})
				return dedup.VerdictNullKey, true
			}
			name = "null"
		}
		at := slices.IndexFunc(gens, func(g *generation) bool { return g.alive && g.name == name })
		if at >= 0 && ttl > 0 && row.At >= gens[at].lives+ttl {
			gens[at].alive = false
			at = -1
		}
		if isTomb {
			if at < 0 {
				return dedup.VerdictUnknown, true
			}
			if g := gens[at]; !g.spent {
				change("-D", g.rows[winner(g)])
			}
			gens = slices.Delete(gens, at, at+1)
			return dedup.VerdictDeleted, true
		}
		if at < 0 {
			gens = append(gens, &generation{name: name, alive: true, rows: []reading{row}, at: []int{i}, lives: row.At})
			change("+I", row)
			if p.eager() {
				r.out = append(r.out, row.Serial)
			}
			return dedup.VerdictNew, true
		}
		g := gens[at]
		was := winner(g)
		held := g.rows[was]
		v = dedup.VerdictDuplicate
		if p.o.Same != nil && !p.o.Same(row, held) {
			v = dedup.VerdictConflict
		}
		switch {
		case p.o.Keep == dedup.KeepNone:
			if !g.spent {
				change("-D", held)
			}
			g.spent = true
		default:
			g.rows, g.at = append(g.rows, row), append(g.at, i)
			if p.o.Tie == dedup.TieFail && p.better(row, held) == 0 && !(p.o.Same != nil && p.o.Same(row, held)) {
				v = dedup.VerdictConflict
				if len(p.rules) == 0 && (ttl == 0 || p.eager()) { // no later row settles it, nor is one over before it
					r.tied = true
					return 0, false
				}
			}
			if winner(g) != was {
				v = dedup.VerdictReplaced
				if p.s.Retract {
					change("-U", held)
				}
				change("+U", row)
			}
		}
		if p.s.Refresh == dedup.RefreshAny || p.s.Refresh == dedup.RefreshWrite && v == dedup.VerdictReplaced {
			g.lives = max(g.lives, row.At)
		}
		return v, true
	}
	for i := range len(p.rows) + 1 {
		if to, ok := p.advances[i]; ok && !advance(to) {
			return r
		}
		if i == len(p.rows) {
			break
		}
		v, ok := take(i, p.rows[i])
		if !ok {
			return r
		}
		r.verdicts = append(r.verdicts, v)
		alive := 0
		for _, g := range gens {
			if g.alive && (ttl == 0 || g.lives+ttl > watermark) {
				alive++
			}
		}
		r.sizes = append(r.sizes, alive)
	}
	leave(math.MaxInt)
	return r
}

// stateOptions are the options of a program with sinks that write to r.
func (p stateProgram) stateOptions(r *stateResult) dedup.StateOptions[reading] {
	o := p.s
	o.Options = p.options()
	if o.NullKeys == dedup.NullsReject {
		o.Rejects = func(x dedup.Reject[reading]) error {
			r.rejected = append(r.rejected, x.Row.Serial)
			return nil
		}
	}
	if o.TTL > 0 {
		o.Late = func(l stream.Late[reading]) error {
			r.late = append(r.late, l.Event.Serial)
			return nil
		}
		if !p.eager() {
			o.Expired = func(row reading) error {
				r.out = append(r.out, row.Serial)
				return nil
			}
		}
	}
	return o
}

func (r *stateResult) changed(c dedup.Change[reading]) error {
	r.changes = append(r.changes, fmt.Sprintf("%v%d", c.Kind, c.Row.Serial))
	return nil
}

// text is what is compared of two runs.
func (r stateResult) text() string {
	return strings.Join([]string{
		fmt.Sprint("verdicts ", r.verdicts), fmt.Sprint("out ", r.out), fmt.Sprint("changes ", r.changes), fmt.Sprint("late ", r.late),
		fmt.Sprint("rejected ", r.rejected), fmt.Sprint("sizes ", r.sizes), fmt.Sprint("tied ", r.tied),
	}, "\n")
}
