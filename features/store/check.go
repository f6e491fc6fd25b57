package store

import "errors"

// check refuses what no driver could store in a way that can be read again.
func (c *Change) check() error {
	switch {
	case c.ID == "":
		return errors.New("id is empty, expected a customer's id")
	case c.Erase && (c.State != nil || len(c.Records) > 0 || len(c.Timers) > 0 || len(c.Links) > 0):
		return errors.New("an erasure carries a state, records, timers or links, expected none")
	case !c.Erase && c.State == nil:
		return errors.New("state is nil, expected the customer's new state")
	}
	for _, t := range c.Timers {
		if t.Name == "" {
			return errors.New("a timer's name is empty")
		}
	}
	return nil
}

// size is about what a change weighs on its way, in bytes.
func (c *Change) size() int {
	n := len(c.ID) + len(c.State) + len(c.Tombstone)
	for _, r := range c.Records {
		n += len(r.Data)
	}
	for _, t := range c.Timers {
		n += len(t.Payload)
	}
	return n
}
