package config

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"
)

// Load puts the settings together: flags that were given, over the environment, over the file, over the defaults. The file is named by
// --config or HALFSTEP_CONFIG. The error names the key and where it was set.
func Load(flags *pflag.FlagSet, lookup func(string) (string, bool)) (Config, error) {
	c := Default()
	path, err := flags.GetString("config")
	if err != nil {
		return Config{}, fmt.Errorf("flags without --config: %w", err)
	}
	if from, ok := lookup(envName("config")); ok && path == "" {
		path = from
	}
	if path != "" {
		if err := readFile(path, &c); err != nil {
			return Config{}, err
		}
	}
	if err := overlay(flags, lookup, &c); err != nil {
		return Config{}, err
	}
	return c, c.Validate()
}

func readFile(path string, c *Config) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	defer file.Close()
	err = yaml.NewDecoder(file, yaml.Strict()).Decode(c)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %s", path, yaml.FormatError(err, false, true))
	}
	return nil
}

// overlay lays the environment and then the flags over what the file said.
func overlay(flags *pflag.FlagSet, lookup func(string) (string, bool), c *Config) error {
	bound := pflag.NewFlagSet("", pflag.ContinueOnError)
	bind(bound, c)
	var errs []error
	bound.VisitAll(func(f *pflag.Flag) {
		if value, ok := lookup(envName(f.Name)); ok {
			if err := set(f, value); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", envName(f.Name), err))
			}
		}
		if given := flags.Lookup(f.Name); given != nil && given.Changed {
			if err := set(f, text(given.Value)); err != nil {
				errs = append(errs, fmt.Errorf("--%s: %w", f.Name, err))
			}
		}
	})
	return errors.Join(errs...)
}

// set replaces a value; a list too, to which Set alone would append.
func set(f *pflag.Flag, value string) error {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		if err := list.Replace(nil); err != nil {
			return err
		}
		if value == "" {
			return nil
		}
	}
	return f.Value.Set(value)
}

// text is a flag's value in the form that Set reads.
func text(v pflag.Value) string {
	if list, ok := v.(pflag.SliceValue); ok {
		joined := ""
		for i, item := range list.GetSlice() {
			if i > 0 {
				joined += ","
			}
			joined += item
		}
		return joined
	}
	return v.String()
}
