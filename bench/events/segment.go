package events

// Segment is a row of the table that events are joined with: what is known of a user's events of one type. It takes 48
// bytes.
type Segment struct {
	User    uint64
	Type    uint32
	Segment uint32
	Weight  float64
	Since   int64 // milliseconds of the Unix epoch, as the fields below
	Until   int64
	Seen    int64
}

// UserType is the key.
func (s Segment) UserType() UserType { return UserType{s.User, s.Type} }

// Segments makes n rows with distinct keys: all types of the most frequent users.
func Segments(n int) []Segment {
	rows := make([]Segment, n)
	for i := range rows {
		rank, kind := uint64(i/len(Types)+1), uint32(i%len(Types))
		h := Mix(uint64(i) + 1)
		rows[i] = Segment{User: userOf(rank), Type: kind, Segment: uint32(h % 1000), Weight: float64(h>>32%1000) / 1000,
			Since: start - int64(h>>40), Until: start + span, Seen: start}
	}
	return rows
}

// HashJoined is what a pair adds to the answer of a join.
func HashJoined(id uint64, segment uint32, weight float64) uint64 {
	return Mix(id ^ uint64(segment)<<32 ^ uint64(weight*1000))
}
