package rowcodec

import (
	"bytes"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// The first byte of a time.
const (
	zoneUTC byte = iota
	zoneLocal
	zoneOther
)

func appendTime(dst []byte, t time.Time) []byte {
	loc := t.Location()
	zone := zoneOther
	switch loc {
	case time.UTC:
		zone = zoneUTC
	case time.Local:
		zone = zoneLocal
	}
	dst = append(dst, zone)
	dst = appendUint(dst, zigzag(t.Unix()))
	dst = appendUint(dst, uint64(t.Nanosecond()))
	if zone == zoneOther {
		zones.remember(loc)
		abbreviation, east := t.Zone()
		dst = appendText(dst, loc.String())
		dst = appendText(dst, abbreviation)
		dst = appendUint(dst, zigzag(int64(east)))
	}
	return dst
}

func appendText(dst []byte, s string) []byte { return append(appendUint(dst, uint64(len(s))), s...) }

func takeTime(src []byte) (t time.Time, rest []byte, err *Error) {
	zone, rest, err := takeFlag(src, zoneOther)
	if err != nil {
		return t, src, err
	}
	sec, n := takeUint(rest)
	if n == 0 {
		return t, rest, badUint(rest)
	}
	rest = rest[n:]
	nsec, n := takeUint(rest)
	if n == 0 {
		return t, rest, badUint(rest)
	}
	if nsec >= 1e9 {
		return t, rest, broken("time has %d nanoseconds", nsec)
	}
	rest = rest[n:]
	t = time.Unix(unzigzag(sec), int64(nsec))
	switch zone {
	case zoneUTC:
		return t.UTC(), rest, nil
	case zoneLocal:
		return t, rest, nil
	}
	return takeZone(t, rest)
}

// takeZone reads the location of t.
func takeZone(t time.Time, src []byte) (time.Time, []byte, *Error) {
	name, rest, err := takeText(src)
	if err != nil {
		return t, src, err
	}
	abbreviation, after, err := takeText(rest)
	if err != nil {
		return t, rest, err
	}
	rest = after
	x, n := takeUint(rest)
	if n == 0 {
		return t, rest, badUint(rest)
	}
	east := unzigzag(x)
	// A loaded zone has 32 bits for its offset and ends its abbreviation with a 0; a fixed one has an int.
	if int64(int(east)) != east || string(name) != string(abbreviation) && (int64(int32(east)) != east || bytes.IndexByte(abbreviation, 0) >= 0) {
		return t, rest, broken("no zone is %q, %d seconds east of UTC", abbreviation, east)
	}
	return zones.apply(t, name, abbreviation, int(east)), rest[n:], nil
}

// knownZones are the locations that this process has written, so that they come back as themselves, and those it
// made of bytes, so that not every row makes its own.
//
// Invariants:
//
//  1. written holds what values held, never what bytes claim: made is looked at after it, so that no bytes can
//     put a fixed zone in the place of a location of the program.
//  2. Both stop growing at maxZones. A location may hold some kilobytes, and a table of the world has about 600
//     names, most of which no program mixes.
type knownZones struct {
	known   sync.Map     // *time.Location: struct{}, read on each Append
	written atomic.Value // []*time.Location, in order of arrival, replaced as a whole
	made    sync.Map     // zoneKey: *time.Location
	nmade   int
	mu      sync.Mutex // guards changes of all of them
}

type zoneKey struct {
	name, abbreviation string
	east               int // seconds
}

const (
	maxZones    = 256
	maxZoneName = 64 // bytes: longer names are not kept
)

var zones knownZones

func (z *knownZones) remember(loc *time.Location) {
	if _, ok := z.known.Load(loc); ok {
		return
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	list, _ := z.written.Load().([]*time.Location)
	if _, ok := z.known.Load(loc); ok || len(list) >= maxZones {
		return
	}
	z.written.Store(append(list[:len(list):len(list)], loc))
	z.known.Store(loc, struct{}{})
}

// apply gives t the location that was written under that name and has that zone then, or one that has only that
// zone.
func (z *knownZones) apply(t time.Time, name, abbreviation []byte, east int) time.Time {
	list, _ := z.written.Load().([]*time.Location)
	for _, loc := range list {
		if loc.String() != string(name) {
			continue
		}
		at := t.In(loc)
		if a, e := at.Zone(); a == string(abbreviation) && e == east {
			return at
		}
	}
	key := zoneKey{string(name), string(abbreviation), east}
	if loc, ok := z.made.Load(key); ok {
		return t.In(loc.(*time.Location))
	}
	loc := key.location()
	if len(name) <= maxZoneName && len(abbreviation) <= maxZoneName {
		z.mu.Lock()
		defer z.mu.Unlock()
		if z.nmade < maxZones {
			z.nmade++
			z.made.Store(key, loc)
		}
	}
	return t.In(loc)
}

// location makes a location of one zone. Only a table of time zones can give it another name than the zone's:
// version 1 of the format of RFC 8536, with one type and no transition.
func (k zoneKey) location() *time.Location {
	if k.name == k.abbreviation {
		return time.FixedZone(k.name, k.east)
	}
	b := make([]byte, 44, 44+6+len(k.abbreviation)+1)
	copy(b, "TZif")
	binary.BigEndian.PutUint32(b[36:], 1) // types
	binary.BigEndian.PutUint32(b[40:], uint32(len(k.abbreviation)+1))
	b = binary.BigEndian.AppendUint32(b, uint32(int32(k.east)))
	b = append(b, 0, 0) // no daylight saving; the abbreviation begins at 0
	b = append(append(b, k.abbreviation...), 0)
	loc, err := time.LoadLocationFromTZData(k.name, b)
	if err != nil {
		return time.FixedZone(k.abbreviation, k.east)
	}
	return loc
}
