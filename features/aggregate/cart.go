package aggregate

import (
	"encoding/binary"
	"math"
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

// maxLines bounds the different products of a cart; a further one is counted into the last line.
const maxLines = 64

type line struct {
	product  uint32
	quantity int64
	price    int64 // millionths; 0 when not known
}

// Cart is the open cart: filled by Product Added, emptied by Product Removed line by line, set to what Cart Viewed and Checkout
// Started list, and closed by Order Completed.
type Cart struct {
	lines  []line
	opened int64
	at     int64 // of the newest event that moved it
}

// Add implements Aggregate.
func (c *Cart) Add(_ *Spec, in *Input) {
	p := in.Event.Properties
	c.at = max(c.at, in.At)
	switch in.Event.Name {
	case productAdded:
		c.put(productLine(p))
	case productRemoved:
		c.remove(p)
	case cartViewed, checkoutStarted:
		products := p.Find("products")
		if products == nil || len(products.Items) == 0 {
			return
		}
		c.lines = c.lines[:0]
		for i := range products.Items {
			c.put(productLine(products.Items[i].Items))
		}
	case orderCompleted:
		c.lines = c.lines[:0]
	}
	if len(c.lines) == 0 {
		c.opened = 0
	} else if c.opened == 0 {
		c.opened = in.At
	}
}

func productLine(p event.Object) line {
	l := line{product: productHash(p), quantity: 1}
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

func (c *Cart) put(l line) {
	for i := range c.lines {
		if c.lines[i].product == l.product || i == maxLines-1 {
			c.lines[i].quantity = min(c.lines[i].quantity+l.quantity, 1e9)
			if l.price != 0 {
				c.lines[i].price = l.price
			}
			return
		}
	}
	c.lines = append(c.lines, l)
}

// remove takes a quantity off a line; without one, the whole line.
func (c *Cart) remove(p event.Object) {
	product, quantity := productHash(p), p.Find("quantity").Float()
	for i := range c.lines {
		if c.lines[i].product != product {
			continue
		}
		if quantity >= 1 && int64(quantity) < c.lines[i].quantity {
			c.lines[i].quantity -= int64(quantity)
			return
		}
		c.lines = append(c.lines[:i], c.lines[i+1:]...)
		return
	}
}

// Contents is how many pieces of how many products the cart holds, what they cost as far as prices are known, and when it was
// opened (Unix milliseconds, 0 when it is empty).
func (c *Cart) Contents() (items, lines int64, total float64, opened int64) {
	for _, l := range c.lines {
		items += l.quantity
		total += float64(float64(l.quantity) * (float64(l.price) / million))
	}
	return items, int64(len(c.lines)), total, c.opened
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

// Merge implements Aggregate: the lines of both, unless the newer one has since been emptied.
func (c *Cart) Merge(_ *Spec, other Aggregate) {
	o := other.(*Cart)
	if o.at == 0 {
		return
	}
	newer, older := c, o
	if o.at > c.at {
		newer, older = o, c
	}
	lines, opened := append([]line(nil), newer.lines...), newer.opened
	if len(lines) > 0 && len(older.lines) > 0 {
		c.lines = lines
		for _, l := range older.lines {
			c.put(l)
		}
		lines, opened = c.lines, min(opened, older.opened)
	}
	c.lines, c.opened, c.at = lines, opened, newer.at
}

// Append implements Aggregate.
func (c *Cart) Append(_ *Spec, dst []byte, base int64) []byte {
	dst = appendBefore(dst, base, c.at)
	if len(c.lines) == 0 {
		return dst
	}
	dst = appendBefore(dst, base, c.opened)
	for _, l := range c.lines {
		dst = binary.LittleEndian.AppendUint32(dst, l.product)
		dst = binary.AppendUvarint(dst, uint64(l.quantity))
		dst = binary.AppendVarint(dst, l.price)
	}
	return dst
}

// Decode implements Aggregate.
func (c *Cart) Decode(_ *Spec, r *Reader, base int64) {
	c.Reset()
	c.at = r.before(base)
	if r.Len() > 0 {
		c.opened = r.before(base)
	}
	for r.Len() > 0 && len(c.lines) < maxLines {
		l := line{product: r.Uint32(), quantity: int64(r.Uint()), price: r.Int()}
		if l.quantity < 1 || l.quantity > 1e9 || l.price == Missing {
			r.Fail()
		}
		c.lines = append(c.lines, l)
	}
	if r.Err() != nil || (c.opened != 0) != (len(c.lines) > 0) {
		r.Fail()
		c.Reset()
	}
}

// Empty implements Aggregate.
func (c *Cart) Empty() bool { return c.at == 0 }

// Reset implements Aggregate.
func (c *Cart) Reset() { *c = Cart{lines: c.lines[:0]} }
