package app

import (
	"fmt"
	"time"

	"github.com/halfstep-ml/halfstep/features/source/sample"
)

// Welcome is what a newcomer can try: an event, a score and a profile.
func (a *App) Welcome() string {
	customer := "c-42"
	if a.sampled {
		customer = sampleCustomer()
	}
	url := "http://" + a.Addr()
	return fmt.Sprintf(`halfstep serves on %[1]s. Try, in another terminal:
  curl -s %[1]s/events -d '{"event":"Product Added","customer_id":"%[2]s","properties":{"product_id":"mug","price":9.5,"quantity":2}}'
  curl -s %[1]s/score -d '{"customer_id":"%[2]s","channel":"web","page":"/cart"}'
  curl -s %[1]s/customers/%[2]s
`, url, customer)
}

// sampleCustomer is somebody of the sample.
func sampleCustomer() string {
	for e, err := range sample.Events(time.Time{}) {
		if err == nil {
			return e.CustomerID
		}
	}
	return ""
}
