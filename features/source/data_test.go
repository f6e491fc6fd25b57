package source_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/halfstep-ml/halfstep/features/event"
	"github.com/halfstep-ml/halfstep/features/source"
)

// dataset is the path of a real data file. Without the data the test is skipped, but never in CI.
func dataset(t testing.TB, name string) string {
	t.Helper()
	folder := os.Getenv("HALFSTEP_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "datasets")
	}
	if _, err := os.Stat(folder); err != nil && os.Getenv("CI") == "" {
		t.Skip("no real data: set HALFSTEP_DATA to the folder that holds it")
	}
	return filepath.Join(folder, name)
}

func shipped(t testing.TB, name string) *source.Mapping {
	t.Helper()
	m, err := source.ShippedMapping(name)
	require.NoError(t, err)
	return m
}

// tally is what a test keeps of a data set.
type tally struct {
	names     map[string]int
	customers map[string]bool // by the scan
	stats     source.Stats
}

// read runs both stages, with two decoders.
func read(t testing.TB, m *source.Mapping, each func(*event.Event), paths ...string) tally {
	t.Helper()
	s, err := source.Open(paths, source.Options{Mapping: m})
	require.NoError(t, err)
	type piece struct {
		customer string
		raw      []byte
	}
	pieces := make(chan []piece, 8)
	out := tally{names: map[string]int{}, customers: map[string]bool{}}
	var mu sync.Mutex
	var work sync.WaitGroup
	for range 2 {
		work.Go(func() {
			d := s.NewDecoder()
			var events []event.Event
			for batch := range pieces {
				mu.Lock()
				for _, p := range batch {
					var err error
					events, err = d.Decode(p.raw, events[:0])
					if !assert.NoError(t, err) {
						continue
					}
					for i := range events {
						if events[i].Key() != p.customer {
							t.Errorf("the scan says %s, the event %s", p.customer, events[i].Key())
						}
						out.names[events[i].Name]++
						if each != nil {
							each(&events[i])
						}
					}
					d.Reset()
				}
				mu.Unlock()
			}
		})
	}
	var batch []piece
	require.NoError(t, s.Scan(context.Background(), func(r source.Row) error {
		out.customers[string(r.Customer)] = true
		batch = append(batch, piece{string(r.Customer), append([]byte(nil), r.Raw...)})
		if len(batch) == 512 {
			pieces <- batch
			batch = nil
		}
		return nil
	}))
	pieces <- batch
	close(pieces)
	work.Wait()
	out.stats = s.Stats()
	return out
}

func TestOnlineRetailOneEventAnInvoice(t *testing.T) {
	orders := map[string]event.Event{}
	var refunded, revenue float64
	got := read(t, shipped(t, "online_retail"), func(e *event.Event) {
		id := e.Properties.Find("order_id").Text()
		if id == "536365" || id == "C536379" {
			kept := *e
			kept.Properties = e.Properties.Clone()
			orders[id] = kept
		}
		if e.Name == "Order Completed" {
			revenue += e.Properties.Find("revenue").Float()
		} else {
			refunded += e.Properties.Find("total").Float()
		}
	}, dataset(t, "online_retail_events.csv.zst"))

	assert.EqualValues(t, 541_909, got.stats.Rows)
	assert.EqualValues(t, 135_080, got.stats.NoCustomer)
	assert.Equal(t, 4_372, len(got.customers))
	// 18,536 invoices of known customers, of which 542806 is torn in two by another.
	assert.Equal(t, map[string]int{"Order Completed": 18_537, "Order Refunded": 3_654}, got.names)
	assert.InDelta(t, 8_911_407.90, revenue, 0.01)
	assert.InDelta(t, 611_342.09, refunded, 0.01)

	first := orders["536365"]
	assert.Equal(t, "17850", first.CustomerID)
	assert.EqualValues(t, 1_291_191_960_000, first.At, "08:26 in London")
	assert.Equal(t, 139.12, first.Properties.Find("revenue").Float())
	products := first.Properties.Find("products").Items
	require.Len(t, products, 7)
	assert.JSONEq(t, `{"product_id":"85123A","name":"WHITE HANGING HEART T-LIGHT HOLDER","price":2.55,"quantity":6}`, string(products[0].AppendJSON(nil)))
	assert.Equal(t, 27.5, orders["C536379"].Properties.Find("total").Float())
}

func TestGA4KeepsClearOfItsTraps(t *testing.T) {
	var revenue float64
	coupons, carts, priced := 0, 0, 0
	got := read(t, shipped(t, "ga4"), func(e *event.Event) {
		switch e.Name {
		case "Order Completed":
			revenue += e.Properties.Find("revenue").Float()
			if e.Properties.Find("coupon") != nil {
				coupons++
			}
		case "Checkout Started":
			carts += len(e.Properties.Find("products").Items)
		case "Product Added":
			if p := e.Properties.Find("price"); p != nil {
				priced++
				assert.False(t, e.Properties.Find("quantity") == nil, "a price stands with a quantity")
			}
		case event.PageViewed, "Page Left", "Page Scrolled", "Visit Started":
			if e.Properties.Find("path").Text() == "/ordercompleted.html" {
				t.Errorf("%s tells of the purchase before it happens", e.Name)
			}
		}
	}, dataset(t, "ga4_events_2020-12-19_2021-01-24.csv.zst"))

	assert.EqualValues(t, 1_280_387, got.stats.Rows)
	assert.Equal(t, 105_399, len(got.customers))
	assert.EqualValues(t, 0, got.stats.Unmatched)
	assert.EqualValues(t, 1_215+1_077+649+178, got.stats.Skipped)
	assert.Equal(t, map[string]int{
		"Page Viewed": 423_819 - 1_215, "Page Left": 274_298 - 1_077, "Page Scrolled": 142_153 - 649, "Visit Started": 127_426 - 178,
		"First Visit": 98_942, "Product Viewed": 93_411, "Promotion Viewed": 57_499, "Product Added": 19_595, "Cart Viewed": 19_056,
		"Checkout Started": 11_960, "Product Clicked": 11_375, "Search": 8_355, "Checkout Step Completed": 4_047, "Promotion Clicked": 3_135,
		"Payment Info Entered": 2_851, "Order Completed": 1_216, "Shipping Fee Viewed": got.names["Shipping Fee Viewed"],
		"Refund Policy Viewed": got.names["Refund Policy Viewed"], "Link Clicked": 298, "Product List Viewed": 7,
	}, got.names)
	assert.GreaterOrEqual(t, got.names["Shipping Fee Viewed"], 662)
	assert.GreaterOrEqual(t, got.names["Refund Policy Viewed"], 491)
	assert.Equal(t, 793, coupons)
	assert.Equal(t, 7_811+1_224+614, priced)
	assert.Positive(t, revenue)
	assert.Greater(t, carts, 11_960)
}

func TestTaobaoTurns(t *testing.T) {
	var negative, neutral, positive int
	got := read(t, shipped(t, "taobao_ssa"), func(e *event.Event) {
		switch e.Enriched.Find("sentiment").Float() {
		case -1:
			negative++
		case 0:
			neutral++
		case 1:
			positive++
		}
		if e.CustomerID == "taobao_ssa_clothes_dev-1" {
			assert.Equal(t, e.CustomerID, e.Properties.Find("conversation_id").Text())
		}
	}, dataset(t, "taobao_ssa_clothes_train.txt.zst"), dataset(t, "taobao_ssa_clothes_dev.txt.zst"), dataset(t, "taobao_ssa_clothes_test.txt.zst"))

	assert.Equal(t, map[string]int{event.MessageReceived: 123_242, event.MessageSent: 131_570}, got.names)
	assert.Equal(t, 10_000, len(got.customers))
	assert.Equal(t, []int{12_978, 148_407, 93_427}, []int{negative, neutral, positive})
}

func TestJDataActions(t *testing.T) {
	ids := map[string]bool{}
	got := read(t, shipped(t, "jdata"), func(e *event.Event) { ids[e.CustomerID+" "+e.ID] = true },
		dataset(t, "jdata_action_head_201602.csv.zst"), dataset(t, "jdata_action_head_201603.csv.zst"), dataset(t, "jdata_action_head_201604.csv.zst"))

	assert.Equal(t, map[string]int{
		"Product Viewed": 12_023 + 11_403 + 10_800, "Product Added": 443 + 681 + 425, "Product Removed": 175 + 210 + 205,
		"Order Completed": 38 + 126 + 36, "Product Added to Wishlist": 80 + 64 + 79, "Product Clicked": 17_240 + 17_515 + 18_454,
	}, got.names)
	assert.Equal(t, 89_997, len(ids), "rows that are equal happened twice")
	assert.True(t, got.customers["266079"], "the user id without its decimal point")
}
