package features

import (
	"sort"
	"time"
	_ "time/tzdata" // zones must mean the same on every machine
)

// zone turns instants into local days and hours by a table, many times faster than time.Time does.
type zone struct {
	name   string
	from   []int64 // Unix milliseconds, ascending
	offset []int64 // milliseconds ahead of UTC, from then on
}

// newZone lists the changes of a zone's offset between 1970 and 2200.
func newZone(name string) (zone, error) {
	location, err := time.LoadLocation(name)
	if err != nil {
		return zone{}, err
	}
	z := zone{name: name}
	end := time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	for at := time.Unix(0, 0); at.Before(end); {
		local := at.In(location)
		_, seconds := local.Zone()
		z.from = append(z.from, at.UnixMilli())
		z.offset = append(z.offset, int64(seconds)*1000)
		_, next := local.ZoneBounds()
		if next.IsZero() {
			break
		}
		at = next
	}
	return z, nil
}

const (
	hourMillis = 3600 * 1000
	dayMillis  = 24 * hourMillis
)

func (z *zone) local(at int64) int64 {
	if len(z.offset) == 1 {
		return at + z.offset[0]
	}
	i := sort.Search(len(z.from), func(i int) bool { return z.from[i] > at })
	return at + z.offset[max(i-1, 0)]
}

// day is the number of local days since 1970-01-01, hour the hour of that day. Times before 1970 do not occur.
func (z *zone) day(at int64) (day int32, hour int) {
	local := z.local(at)
	return int32(local / dayMillis), int(local % dayMillis / hourMillis)
}
