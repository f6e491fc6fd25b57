package decide

import (
	"sync"
	"sync/atomic"
	"time"
)

// zones keeps the time zones that customers are in: to load one reads a file.
var zones zoneCache

// maxZones is above the number of names there are; wrong ones are not kept beyond it.
const maxZones = 1024

type zoneCache struct {
	known sync.Map // name -> *time.Location, nil for a name of none
	size  atomic.Int64
}

// load finds a zone, nil when there is none of the name.
func (z *zoneCache) load(name string) *time.Location {
	if known, ok := z.known.Load(name); ok {
		return known.(*time.Location)
	}
	if z.size.Load() >= maxZones {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		zone = nil
	}
	if _, loaded := z.known.LoadOrStore(name, zone); !loaded {
		z.size.Add(1)
	}
	return zone
}
