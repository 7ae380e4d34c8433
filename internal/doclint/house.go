package doclint

// Third-party code by the rooms that were let to use it. The module's own dependency policy stands in the
// contributing guide: a new entry here needs a decision note.
const (
	backoff     = "github.com/cenkalti/backoff/v5"
	arrow       = "github.com/apache/arrow/go/v17"
	compress    = "github.com/klauspost/compress"
	hyperloglog = "github.com/axiomhq/hyperloglog"
	progressbar = "github.com/schollz/progressbar/v3"
	xexp        = "golang.org/x/exp"
	xsys        = "golang.org/x/sys"
	xterm       = "golang.org/x/term"
)

// House returns the floors of this module, from the ground up.
func House() []Floor {
	// What the rooms side by side above stream stand on. None of them imports another.
	ground := []string{"internal/...", "stream", "stream/fold"}
	return []Floor{
		{Room: "internal", Rooms: []string{"internal/..."}},
		{Room: "internal/atomicfile", Rooms: []string{"internal/..."}, Modules: []string{xsys}},
		{Room: "internal/spill", Rooms: []string{"internal/..."}, Modules: []string{compress, xsys}},
		{Room: "internal/parquet", Rooms: []string{"internal/..."}, Modules: []string{arrow, compress, xsys}},
		{Room: "internal/contracttest", Rooms: []string{"internal/...", "stream", "stream/streamtest"}},
		{Room: "internal/roomerr", Rooms: []string{"internal/...", "stream"}, Modules: []string{backoff, compress, xexp, xsys}},
		{Room: "internal/statetest", Rooms: []string{"internal/...", "stream"}, Modules: []string{backoff, compress, xexp, xsys}},
		{Room: "internal/spilltest", Rooms: []string{"internal/...", "stream"}, Modules: []string{backoff, compress, xexp, xsys}},

		{Room: "stream", Rooms: []string{"internal/..."}, Modules: []string{backoff, compress, xexp, xsys}},
		{Room: "stream/fold", Rooms: []string{"internal/...", "stream"}, Modules: []string{compress, xexp, xsys}},
		{Room: "stream/streamtest", Rooms: []string{"internal/...", "stream"}, Modules: []string{compress, xsys}},

		{Room: "dedup", Rooms: ground, Modules: []string{compress, xsys}},
		{Room: "session", Rooms: ground},
		{Room: "sketch", Rooms: ground, Modules: []string{hyperloglog}},
		{Room: "validate", Rooms: ground, Modules: []string{compress}},
		{Room: "parquetio", Rooms: ground, Modules: []string{arrow, compress, xsys}},
		{Room: "parquetio/arrowio", Rooms: append(ground, "parquetio"), Modules: []string{arrow, compress, xsys}},

		// The programs are built from public packages only, as a user's would be.
		{
			Room: "examples",
			Rooms: []string{
				"stream/...", "dedup", "session", "sketch", "validate", "parquetio/...", "examples/...",
			},
			Modules: []string{compress, progressbar, xsys, xterm},
		},
	}
}
