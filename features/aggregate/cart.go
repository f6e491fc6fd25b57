package aggregate

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/halfstep-ml/halfstep/features/event"
)

// The events that move the open cart.
const (
	productAdded    = "Product Added"
	productRemoved  = "Product Removed"
	cartViewed      = "Cart Viewed"
	checkoutStarted = "Checkout Started"
	orderCompleted  = "Order Completed"
)

// CartEvents are the events that a cart listens to.
var CartEvents = []string{productAdded, productRemoved, cartViewed, checkoutStarted, orderCompleted}

// What can be read of a cart.
const (
	CartItems = iota // pieces
	CartLines        // different products
	CartTotal        // price times quantity, of the lines whose price is known
	CartAge          // since the first piece of the open cart was added, in units of the output's scale; missing when empty
)

// maxLines bounds the different products of a cart; further ones are left out.
const (
	maxLines    = 64
	maxQuantity = 1e9 // pieces of one product
)

type line struct {
	product  uint32
	quantity int64
	price    int64 // millionths; 0 when not known
	at       int64 // when the product was first put in
}

// Cart is the open cart: filled by Product Added, emptied by Product Removed line by line, set to what Cart Viewed and Checkout
// Started list, and closed by Order Completed. What was put in before the newest order went with that order, even when it arrives
// after it.
type Cart struct {
	lines   []line // ascending by product
	ordered int64  // the time of the newest order; 0 when there was none
}

// Add implements Aggregate.
func (c *Cart) Add(_ *Spec, in *Input) {
	p := in.Event.Properties
	switch in.Event.Name {
	case productAdded:
		c.put(productLine(p, in.At))
	case productRemoved:
		c.remove(p)
	case cartViewed, checkoutStarted:
		if products := p.Find("products"); products != nil && len(products.Items) > 0 {
			c.replace(products.Items, in.At)
		}
	case orderCompleted:
		c.ordered = max(c.ordered, in.At)
		c.lines = slices.DeleteFunc(c.lines, func(l line) bool { return l.at <= c.ordered })
	}
}

// replace makes the cart hold the listed products; those it held before keep their time.
func (c *Cart) replace(products event.Object, at int64) {
	before := Cart{lines: slices.Clone(c.lines)}
	c.lines = c.lines[:0]
	for i := range products {
		l := productLine(products[i].Items, at)
		if j, held := before.find(l.product); held {
			l.at = before.lines[j].at
		}
		c.put(l)
	}
}

func productLine(p event.Object, at int64) line {
	l := line{product: productHash(p), quantity: 1, at: at}
	if q := p.Find("quantity").Float(); q >= 1 {
		l.quantity = int64(math.Round(min(q, 1e6)))
	}
	if v := Fixed(p.Find("price").Float()); v != Missing {
		l.price = v
	}
	return l
}

func productHash(p event.Object) uint32 {
	for _, key := range [...]string{"product_id", "sku", "id", "name"} {
		if v := p.Find(key); v != nil {
			switch v.Kind {
			case event.String:
				return uint32(xxhash.Sum64String(v.Str))
			case event.Number:
				if v.Str != "" {
					return uint32(xxhash.Sum64String(v.Str))
				}
				return uint32(xxhash.Sum64String(strconv.FormatFloat(v.Num, 'f', -1, 64)))
			}
		}
	}
	return 0
}

func (c *Cart) find(product uint32) (int, bool) {
	return slices.BinarySearchFunc(c.lines, product, func(l line, p uint32) int { return cmp.Compare(l.product, p) })
}

func (c *Cart) put(l line) {
	i, held := c.find(l.product)
	switch {
	case l.at <= c.ordered:
	case held:
		c.lines[i].quantity = min(c.lines[i].quantity+l.quantity, maxQuantity)
		if l.price != 0 {
			c.lines[i].price = l.price
		}
	case len(c.lines) < maxLines:
		c.lines = slices.Insert(c.lines, i, l)
	}
}

// remove takes a quantity off a line; without one, the whole line.
func (c *Cart) remove(p event.Object) {
	product, quantity := productHash(p), p.Find("quantity").Float()
	i, held := c.find(product)
	switch {
	case !held:
	case quantity >= 1 && int64(quantity) < c.lines[i].quantity:
		c.lines[i].quantity -= int64(quantity)
	default:
		c.lines = slices.Delete(c.lines, i, i+1)
	}
}

// Contents is how many pieces of how many products the cart holds, what they cost as far as prices are known, and when it was
// opened (Unix milliseconds, 0 when it is empty).
func (c *Cart) Contents() (items, lines int64, total float64, opened int64) {
	for _, l := range c.lines {
		items += l.quantity
		total += float64(float64(l.quantity) * (float64(l.price) / million))
		if opened == 0 || l.at < opened {
			opened = l.at
		}
	}
	return items, int64(len(c.lines)), total, opened
}

// Read implements Aggregate.
func (c *Cart) Read(s *Spec, now Instant, out []float32) {
	items, lines, total, opened := c.Contents()
	for _, o := range s.Outputs {
		v := missing
		switch o.Pick {
		case CartItems:
			v = float32(items)
		case CartLines:
			v = float32(lines)
		case CartTotal:
			v = float32(total)
		case CartAge:
			if opened != 0 {
				v = float32(float64(now.Millis-opened) / o.Scale)
			}
		}
		out[o.Column] = v
	}
}

// Merge implements Aggregate. A product in both carts counts once, as it stands in the cart that it was put into later.
func (c *Cart) Merge(_ *Spec, other Aggregate) {
	o := other.(*Cart)
	all := append(slices.Clone(c.lines), o.lines...)
	slices.SortFunc(all, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.product, b.product), cmp.Compare(b.at, a.at), cmp.Compare(b.quantity, a.quantity), cmp.Compare(b.price, a.price))
	})
	all = slices.CompactFunc(all, func(a, b line) bool { return a.product == b.product })
	c.ordered = max(c.ordered, o.ordered)
	all = slices.DeleteFunc(all, func(l line) bool { return l.at <= c.ordered })
	c.lines = append(c.lines[:0], all[:min(len(all), maxLines)]...)
}

// Append implements Aggregate.
func (c *Cart) Append(_ *Spec, dst []byte, base int64) []byte {
	if c.ordered == 0 {
		dst = append(dst, 0)
	} else {
		dst = binary.AppendUvarint(dst, uint64(base-c.ordered)+1)
	}
	for _, l := range c.lines {
		dst = binary.LittleEndian.AppendUint32(dst, l.product)
		dst = binary.AppendUvarint(dst, uint64(l.quantity))
		dst = binary.AppendVarint(dst, l.price)
		dst = appendBefore(dst, base, l.at)
	}
	return dst
}

// Decode implements Aggregate.
func (c *Cart) Decode(_ *Spec, r *Reader, base int64) {
	c.Reset()
	if back := r.Uint(); back > maxAge {
		r.Fail()
	} else if back > 0 {
		c.ordered = base - int64(back) + 1
	}
	for r.Len() > 0 && len(c.lines) < maxLines {
		l := line{product: r.Uint32(), quantity: int64(min(r.Uint(), math.MaxInt64)), price: r.Int(), at: r.before(base)}
		if n := len(c.lines); l.quantity < 1 || l.quantity > maxQuantity || l.price == Missing || l.at <= c.ordered || n > 0 && c.lines[n-1].product >= l.product {
			r.Fail()
		}
		c.lines = append(c.lines, l)
	}
	if r.Err() != nil || c.Empty() {
		r.Fail()
		c.Reset()
	}
}

// Empty implements Aggregate.
func (c *Cart) Empty() bool { return c.ordered == 0 && len(c.lines) == 0 }

// Reset implements Aggregate.
func (c *Cart) Reset() { *c = Cart{lines: c.lines[:0]} }
