package live

import (
	"testing"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/models"
)

func TestEventsWithoutTextCostNothing(t *testing.T) {
	state := features.Default().NewState()
	r := enricher{texts: make([]*models.TextModel, 3)} // using one of them would panic
	for _, e := range []event.Event{
		{Name: "Product Viewed", Properties: event.Object{{Key: "text", Value: event.StringValue("a review")}}},
		{Name: event.MessageSent, Properties: event.Object{{Key: "text", Value: event.StringValue("hello")}}},
		{Name: event.MessageReceived},
	} {
		if n := testing.AllocsPerRun(100, func() { r.enrich(&e, state) }); n != 0 || e.Enriched != nil {
			t.Errorf("%s: %v allocations, enriched %v", e.Name, n, e.Enriched)
		}
	}
}
