package registered

import (
	"testing"

	ct "github.com/millrace-go/millrace/internal/contracttest"
)

func TestContract(t *testing.T) { ct.Run(t, ct.Ops{"Double": nil}) }
