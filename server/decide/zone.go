package decide

import (
	"sync"
	"sync/atomic"
	"time"
)

// zones keeps the time zones that customers are in: to load one reads a file.
var zones zoneCache

// maxZones is above the number of names there are. Customers' apps may send others, so that as many wrong ones are kept apart, and
// those beyond are looked for each time.
const maxZones = 1024

type zoneCache struct {
	known  sync.Map // name -> *time.Location, nil for a name of none
	zones  atomic.Int64
	absent atomic.Int64
}

// load finds a zone, nil when there is none of the name.
func (z *zoneCache) load(name string) *time.Location {
	if known, ok := z.known.Load(name); ok {
		return known.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	size := &z.zones
	if err != nil || name == "Local" {
		zone, size = nil, &z.absent
	}
	if size.Load() >= maxZones {
		return zone
	}
	if _, loaded := z.known.LoadOrStore(name, zone); !loaded {
		size.Add(1)
	}
	return zone
}
