package sketch_test

import (
	"testing"

	"github.com/millrace-go/millrace/internal/contracttest"
)

// No function of this package takes or returns a stream: sketches are added to, and enter streams as folds.
// The first that does must be named here.
func TestContract(t *testing.T) { contracttest.Run(t, contracttest.Ops{}) }
