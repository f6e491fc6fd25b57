package config

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// The formats of a webhook's messages.
const (
	FormatJSON     = "json"     // the action, signed
	FormatDingTalk = "dingtalk" // a message of a DingTalk group robot
	FormatWeCom    = "wecom"    // a message of a WeCom group robot
)

// Webhook is an address that proactive actions are sent to.
type Webhook struct {
	Name string `yaml:"name"` // its place in the journal is kept under it
	URL  string `yaml:"url"`
	// Secret signs the messages. As whsec_ and Base64 it is a key of Standard Webhooks; a DingTalk robot may have none, a WeCom robot
	// has none.
	Secret      string        `yaml:"secret"`
	Channels    []string      `yaml:"channels,omitempty"` // empty: all
	Format      string        `yaml:"format"`
	Timeout     time.Duration `yaml:"timeout"` // of one attempt
	MaxAttempts int           `yaml:"max_attempts"`
}

const (
	maxWebhooks       = 32
	maxWebhookTimeout = 15 * time.Second
	minSecret         = 16
	maxAttempts       = 50
)

// UnmarshalYAML lays what the file says over the defaults.
func (w *Webhook) UnmarshalYAML(unmarshal func(any) error) error {
	type plain Webhook
	read := plain{Format: FormatJSON, Timeout: 5 * time.Second, MaxAttempts: 12}
	if err := unmarshal(&read); err != nil {
		return err
	}
	*w = Webhook(read)
	return nil
}

var webhookName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// checkWebhooks says through expect what is wrong with the webhooks.
func (c *Config) checkWebhooks(expect func(ok bool, key, format string, args ...any)) {
	expect(len(c.Webhooks) <= maxWebhooks, "webhooks", "got %d, expected at most %d", len(c.Webhooks), maxWebhooks)
	names := map[string]bool{}
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		key := func(field string) string { return fmt.Sprintf("webhooks[%d].%s", i, field) }
		expect(webhookName.MatchString(w.Name), key("name"), "got %.70q, expected at most 64 of a-z, 0-9, _ and -", w.Name)
		expect(!names[w.Name], key("name"), "%q is there twice, expected a name of its own", w.Name)
		names[w.Name] = true
		u, err := url.Parse(w.URL) // what is wrong with it must not be shown: keys stand in it
		expect(err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "", key("url"), "expected https://HOST/PATH or http://HOST/PATH")
		expect(w.Timeout > 0 && w.Timeout <= maxWebhookTimeout, key("timeout"), "got %v, expected more than 0 and at most %v", w.Timeout, maxWebhookTimeout)
		expect(w.MaxAttempts >= 1 && w.MaxAttempts <= maxAttempts, key("max_attempts"), "got %d, expected 1 to %d", w.MaxAttempts, maxAttempts)
		switch w.Format {
		case FormatJSON:
			expect(len(w.Secret) >= minSecret, key("secret"), "expected at least %d characters to sign with", minSecret)
			encoded, standard := strings.CutPrefix(w.Secret, "whsec_")
			_, err := base64.StdEncoding.DecodeString(encoded)
			expect(!standard || err == nil, key("secret"), "expected Base64 behind whsec_")
		case FormatDingTalk:
		case FormatWeCom:
			expect(w.Secret == "", key("secret"), "expected none: a WeCom robot is known by the key in its url")
		default:
			expect(false, key("format"), "got %q, expected json, dingtalk or wecom", w.Format)
		}
	}
}

// hide returns the webhook without what must not be seen: a robot's key stands in the query of its address, and other services put
// theirs into the path.
func (w Webhook) hide() Webhook {
	if w.Secret != "" {
		w.Secret = hidden
	}
	if u, err := url.Parse(w.URL); err == nil {
		w.URL = u.Scheme + "://" + u.Host + "/" + hidden
	} else {
		w.URL = hidden
	}
	return w
}

// webhookList is the flag of the webhooks: a YAML list, which JSON is too.
type webhookList struct {
	list *[]Webhook
	text string
}

// String is what was set, so that it can be set again.
func (l *webhookList) String() string { return l.text }

// Type is what the help calls the value.
func (l *webhookList) Type() string { return "list" }

// Set replaces the list.
func (l *webhookList) Set(text string) error {
	var list []Webhook
	if err := yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&list); err != nil {
		return fmt.Errorf("expected a list of webhooks as in the settings file: %s", yaml.FormatError(err, false, false))
	}
	*l.list, l.text = list, text
	return nil
}
