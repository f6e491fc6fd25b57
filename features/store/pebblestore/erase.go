package pebblestore

import (
	"context"
	"strings"

	"github.com/halfstep-ml/halfstep/features/store"
)

// erase adds to the batch the removal of a customer's timers and links, of the database and of the batch itself.
func (c *commit) erase(hash store.IDHash) error {
	ctx := context.Background()
	prefix := string(timerKey(hash, ""))
	err := c.d.scan(ctx, []byte(prefix), after([]byte(prefix)), func(key, value []byte) (bool, error) {
		if _, ok := c.timers[string(key)]; ok {
			return true, nil
		}
		t, err := decodeTimer(string(key[len(prefix):]), value)
		c.timers[string(key)] = t.next
		return true, err
	})
	if err != nil {
		return err
	}
	for key, next := range c.timers {
		name, ok := strings.CutPrefix(key, prefix)
		if ok && next != cancelled {
			c.delete(dueKey(next, hash, name))
			c.delete([]byte(key))
			c.timers[key] = cancelled
		}
	}
	return c.eraseLinks(hash)
}

// eraseLinks leaves the rows that order links by age: they hold the hash alone, and go with the journal.
func (c *commit) eraseLinks(hash store.IDHash) error {
	prefix := hashLinkKey(hash, "")
	err := c.d.scan(context.Background(), prefix, after(prefix), func(key, _ []byte) (bool, error) {
		c.links[hash] = append(c.links[hash], string(key[len(prefix):]))
		return true, nil
	})
	for _, link := range c.links[hash] {
		c.delete(linkKey(link))
		c.delete(hashLinkKey(hash, link))
	}
	delete(c.links, hash)
	return err
}
