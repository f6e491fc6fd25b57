package app

import (
	"io"
	"log/slog"

	"github.com/halfstep-ml/halfstep/server/config"
)

// NewLogger makes the log that the settings ask for. They were validated.
func NewLogger(c *config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel))
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}
