package decide

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestZonesThatAreNoneLeaveRoomForThoseThatAre(t *testing.T) {
	var z zoneCache
	for i := range 3 * maxZones {
		require.Nil(t, z.load("Nowhere/"+strconv.Itoa(i)))
	}
	for range 2 {
		zone := z.load("Asia/Tokyo")
		require.NotNil(t, zone)
		require.Equal(t, "Asia/Tokyo", zone.String())
	}
	require.Nil(t, z.load("Local"), "of the server's own, a customer knows nothing")
}
