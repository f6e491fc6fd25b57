package config

import (
	"strings"

	"github.com/spf13/pflag"
)

// bind gives every key of c a flag. The flags are the one list of keys: the environment is read through them too.
func bind(flags *pflag.FlagSet, c *Config) {
	flags.StringVar(&c.Listen, "listen", c.Listen, "address to serve on; without api-keys it must be a loopback address")
	flags.StringVar(&c.Store, "store", c.Store, "where customers are kept: pebble:FOLDER, memory:, redis://…, redis+sentinel://…, redis+cluster://…")
	flags.StringVar(&c.Features, "features", c.Features, "features file (the one that ships)")
	flags.StringVar(&c.Bundles, "bundles", c.Bundles, "folder of bundles, laid out as NAME/VERSION/ (those that ship)")
	flags.StringVar(&c.Playbook, "playbook", c.Playbook, "playbook file that serves instead of the one in the store, and is read again when it changes")
	flags.StringVar(&c.Library, "library", c.Library, "ONNX Runtime's shared library (the one in the binary, or in the checkout)")
	flags.BoolVar(&c.Sample, "sample", c.Sample, "fold in a sample of customers when the store is empty")

	flags.IntVar(&c.Shards, "shards", c.Shards, "shards of a new store; 0 takes the store's own number (256 in Redis)")
	flags.DurationVar(&c.TTL, "ttl", c.TTL, "forget a customer after so long without events; 0 never (Redis only)")
	flags.DurationVar(&c.LinkTTL, "link-ttl", c.LinkTTL, "how long decisions and idempotency keys can be looked up (Redis only)")
	flags.IntVar(&c.JournalKeep, "journal-keep", c.JournalKeep, "journal records that stay in a shard")
	flags.StringVar(&c.Archive, "archive", c.Archive, "folder that journal records are copied to before they leave the store; one server of a store has it")

	flags.StringSliceVar(&c.APIKeys, "api-keys", c.APIKeys, "keys as ROLE:SHA256, ROLE being track, score or admin and SHA256 the key's digest in hex")

	flags.Var(&webhookList{list: &c.Webhooks}, "webhooks", "where proactive actions are sent to, as a YAML or JSON list; better kept in the settings file, for its secrets")

	flags.DurationVar(&c.Deadline, "deadline", c.Deadline, "how long a score may take when it does not say; later, it is answered degraded")
	flags.DurationVar(&c.StoreTimeout, "store-timeout", c.StoreTimeout, "how long events and profiles wait for the store")
	flags.DurationVar(&c.ReadTimeout, "read-timeout", c.ReadTimeout, "how long a client may take to send a request")
	flags.DurationVar(&c.WriteTimeout, "write-timeout", c.WriteTimeout, "how long a client may take to receive an answer")
	flags.DurationVar(&c.IdleTimeout, "idle-timeout", c.IdleTimeout, "how long a connection may idle")
	flags.DurationVar(&c.StopTimeout, "stop-timeout", c.StopTimeout, "how long stopping waits for requests under way")
	flags.IntVar(&c.MaxBody, "max-body", c.MaxBody, "most bytes of a request's body")
	flags.IntVar(&c.MaxInFlight, "max-in-flight", c.MaxInFlight, "most requests at once; more are turned away with 503")

	flags.StringVar(&c.LogLevel, "log-level", c.LogLevel, "debug, info, warn or error")
	flags.StringVar(&c.LogFormat, "log-format", c.LogFormat, "json or text")
}

// Register adds the flags to a command. Their values are only read by Load, because a file and the environment come below them.
func Register(flags *pflag.FlagSet) {
	c := Default()
	bind(flags, &c)
	flags.String("config", "", "YAML file of settings; the keys are the flags' names with _ for -")
}

// envName is the name of a flag in the environment.
func envName(flag string) string {
	return "HALFSTEP_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
