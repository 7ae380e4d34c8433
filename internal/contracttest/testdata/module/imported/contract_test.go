package imported

import (
	"testing"

	"github.com/millrace-go/millrace/internal/contracttest"
)

// Imports the registry, but runs a method of its own.
type runner struct{}

func (runner) Run(t *testing.T, ops contracttest.Ops) {}

func TestContract(t *testing.T) { runner{}.Run(t, contracttest.Ops{"Double": nil}) }
