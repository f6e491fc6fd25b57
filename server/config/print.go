package config

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/goccy/go-yaml"
)

const hidden = "…"

// Print is the settings as a file, with secrets hidden.
func (c Config) Print() (string, error) {
	c.Store = HidePassword(c.Store)
	keys := make([]string, len(c.APIKeys))
	for i, key := range c.APIKeys {
		role, _, _ := strings.Cut(key, ":")
		keys[i] = role + ":" + hidden
	}
	c.APIKeys = keys
	webhooks := make([]Webhook, len(c.Webhooks))
	for i := range c.Webhooks {
		webhooks[i] = c.Webhooks[i].hide()
	}
	c.Webhooks = webhooks
	text, err := yaml.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("print settings: %w", err)
	}
	return string(text), nil
}

// HidePassword returns a store's URL without what must not be seen in a log.
func HidePassword(store string) string {
	u, err := url.Parse(store)
	switch {
	case err != nil:
		scheme, _, _ := strings.Cut(store, ":")
		return scheme + ":" + hidden
	case u.User == nil:
		return store
	}
	_, rest, _ := strings.Cut(store, "@")
	return u.Scheme + "://" + hidden + "@" + rest
}
