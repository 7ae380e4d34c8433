package mentioned

import (
	"testing"

	"github.com/millrace-go/millrace/internal/contracttest"
)

// Calls Run, but from no test.
func contract(t *testing.T) { contracttest.Run(t, nil) }
