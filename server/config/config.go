// Package config is what an operator can set: one struct, its defaults in one place, read from a YAML file, the environment and flags.
package config

import (
	"time"

	"github.com/halfstep-ml/halfstep/features/event"
)

// Config is every setting. The yaml names are the keys of the file; of them come the environment (store_timeout is
// HALFSTEP_STORE_TIMEOUT) and the flags (--store-timeout).
type Config struct {
	Listen   string `yaml:"listen"`
	Store    string `yaml:"store"`    // URL
	Features string `yaml:"features"` // file; empty: the one that ships
	Bundles  string `yaml:"bundles"`  // folder; empty: those that ship
	Playbook string `yaml:"playbook"` // file; empty: the one in the store
	Library  string `yaml:"library"`  // ONNX Runtime; empty: found
	Sample   bool   `yaml:"sample"`

	Shards      int           `yaml:"shards"`
	TTL         time.Duration `yaml:"ttl"`
	LinkTTL     time.Duration `yaml:"link_ttl"`
	JournalKeep int           `yaml:"journal_keep"`
	Archive     string        `yaml:"archive"` // folder; empty: none

	APIKeys []string `yaml:"api_keys"` // role:sha256 of the key in hex

	Webhooks []Webhook `yaml:"webhooks"`

	Deadline     time.Duration `yaml:"deadline"`
	StoreTimeout time.Duration `yaml:"store_timeout"`
	ReadTimeout  time.Duration `yaml:"read_timeout"`
	WriteTimeout time.Duration `yaml:"write_timeout"`
	IdleTimeout  time.Duration `yaml:"idle_timeout"`
	StopTimeout  time.Duration `yaml:"stop_timeout"`
	MaxBody      int           `yaml:"max_body"`
	MaxInFlight  int           `yaml:"max_in_flight"`

	LogLevel  string `yaml:"log_level"`
	LogFormat string `yaml:"log_format"`
}

// Default is what serves when nothing is set.
func Default() Config {
	return Config{
		Listen:       "127.0.0.1:8080",
		Store:        "pebble:./data",
		Sample:       true,
		LinkTTL:      30 * 24 * time.Hour,
		JournalKeep:  100_000,
		Deadline:     50 * time.Millisecond,
		StoreTimeout: 5 * time.Second,
		ReadTimeout:  10 * time.Second,
		WriteTimeout: 30 * time.Second,
		IdleTimeout:  2 * time.Minute,
		StopTimeout:  20 * time.Second,
		MaxBody:      event.MaxBatchBytes,
		MaxInFlight:  512,
		LogLevel:     "info",
		LogFormat:    "json",
	}
}
