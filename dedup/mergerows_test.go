package dedup

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/stream"
)

// A plan for rows and the one for elements say the same in every field that there is; merge and join are how they differ.
func TestLift_TakesEveryField(t *testing.T) {
	same := func(a, b claim) bool { return a.Rank == b.Rank }
	isNull := func(claim) bool { return false }
	watched := Options[claim]{
		By: []Comparator[claim]{Max(func(c claim) int { return c.Rank })}, Tie: TieLast, Keep: KeepMerge, Order: OrderWinner,
		Merge:   []Reducer[claim]{Sum(func(c *claim) *int { return &c.N })},
		NullKey: isNull, NullKeys: NullsReject, Rejects: stream.Discard[Reject[claim]]("not run"),
		Losers: stream.Discard[Loser[claim]]("not run"), Same: same, Stats: new(Stats), Resources: stream.Resources{Memory: 1 << 20},
	}
	free := Options[claim]{Keep: KeepMerge, Merge: watched.Merge, Resources: stream.Resources{Workers: 4}}
	for _, o := range []Options[claim]{watched, free} {
		p, err := newPlan("Run", o)
		require.NoError(t, err)
		require.NoError(t, spillBy(p, nil))
		rows, elements := reflect.ValueOf(*p), reflect.ValueOf(*lift(p))
		for i := range rows.NumField() {
			switch name := rows.Type().Field(i).Name; name {
			case "merge", "join":
				require.NotEqual(t, rows.Field(i).IsZero(), elements.Field(i).IsZero(), name)
			case "sizeOf": // elements reach more than rows
				require.Equal(t, p.bounded(), !elements.Field(i).IsZero(), name)
			default:
				require.Equal(t, rows.Field(i).IsZero(), elements.Field(i).IsZero(), name)
			}
		}
	}
}
