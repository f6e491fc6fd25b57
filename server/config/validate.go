package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/halfstep-ml/halfstep/features/event"
)

// Validate says everything that is wrong, each with the key it is about and what was expected.
func (c *Config) Validate() error {
	var errs []error
	expect := func(ok bool, key, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
		}
	}
	scheme, _, found := strings.Cut(c.Store, ":")
	expect(found && slices.Contains(storeSchemes, scheme), "store", "got %q, expected a URL that begins with one of %s:",
		scheme, strings.Join(storeSchemes, ":, "))
	expect(c.Shards >= 0 && c.Shards <= 8192, "shards", "got %d, expected 0 to 8192", c.Shards)
	expect(c.TTL >= 0, "ttl", "got %v, expected 0 or more", c.TTL)
	expect(c.LinkTTL > 0, "link_ttl", "got %v, expected more than 0", c.LinkTTL)
	expect(c.JournalKeep > 0, "journal_keep", "got %d, expected at least 1", c.JournalKeep)
	expect(c.Deadline > 0, "deadline", "got %v, expected more than 0", c.Deadline)
	expect(c.StoreTimeout > 0, "store_timeout", "got %v, expected more than 0", c.StoreTimeout)
	expect(c.ReadTimeout > 0, "read_timeout", "got %v, expected more than 0", c.ReadTimeout)
	expect(c.WriteTimeout > c.StoreTimeout, "write_timeout", "got %v, expected more than store_timeout (%v)", c.WriteTimeout, c.StoreTimeout)
	expect(c.IdleTimeout > 0, "idle_timeout", "got %v, expected more than 0", c.IdleTimeout)
	expect(c.StopTimeout > 0, "stop_timeout", "got %v, expected more than 0", c.StopTimeout)
	expect(c.MaxBody >= 1024 && c.MaxBody <= event.MaxBatchBytes, "max_body", "got %d, expected 1024 to %d", c.MaxBody, event.MaxBatchBytes)
	expect(c.MaxInFlight > 0, "max_in_flight", "got %d, expected at least 1", c.MaxInFlight)
	expect(slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel), "log_level", "got %q, expected debug, info, warn or error", c.LogLevel)
	expect(c.LogFormat == "json" || c.LogFormat == "text", "log_format", "got %q, expected json or text", c.LogFormat)
	c.checkWebhooks(expect)
	keys, err := c.Keys()
	if err != nil {
		errs = append(errs, err)
	}
	local, err := loopback(c.Listen)
	if err != nil {
		errs = append(errs, err)
	} else if len(keys) == 0 {
		expect(local, "listen", "%s can be reached by others; configure api_keys first, or listen on 127.0.0.1", c.Listen)
	}
	return errors.Join(errs...)
}

var storeSchemes = []string{"pebble", "memory", "redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"}

// loopback says whether only this machine can reach an address.
func loopback(listen string) (bool, error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false, fmt.Errorf("listen: got %q, expected HOST:PORT", listen)
	}
	if host == "localhost" {
		return true, nil
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback(), nil
}
