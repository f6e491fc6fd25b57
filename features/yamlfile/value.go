package yamlfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Scalar is the text of a scalar as it was written, whatever type YAML would make of it.
func Scalar(n ast.Node) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(s.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// Text reads a scalar that must not be empty.
func (d *Document) Text(e Entry) string {
	s, ok := Scalar(e.Value)
	if !ok || s == "" {
		d.Fail(e.Value, "%s: expected text", e.Key)
		return ""
	}
	return s
}

// Flag reads true or false.
func (d *Document) Flag(e Entry) bool {
	s, _ := Scalar(e.Value)
	b, err := strconv.ParseBool(s)
	if err != nil {
		d.Fail(e.Value, "%s: expected true or false", e.Key)
	}
	return b
}

// Integer reads a whole number from least to most.
func (d *Document) Integer(e Entry, least, most int) int {
	s, _ := Scalar(e.Value)
	n, err := strconv.Atoi(s)
	switch wrong := err != nil || n < least || n > most; {
	case wrong && least == most:
		d.Fail(e.Value, "%s: expected %d", e.Key, least)
		return least
	case wrong:
		d.Fail(e.Value, "%s: expected a whole number from %d to %d", e.Key, least, most)
		return least
	}
	return n
}

// Names reads a list of different names.
func (d *Document) Names(e Entry) []string {
	var out []string
	for _, n := range d.List(e.Value, e.Key) {
		s, ok := Scalar(n)
		switch {
		case !ok || s == "":
			d.Fail(n, "%s: expected a name", e.Key)
		case slices.Contains(out, s):
			d.Fail(n, "%s: %s stands there twice", e.Key, s)
		default:
			out = append(out, s)
		}
	}
	return out
}

// Duration reads a duration from least to most.
func (d *Document) Duration(e Entry, least, most time.Duration) time.Duration {
	s, _ := Scalar(e.Value)
	v, err := ParseDuration(s)
	switch {
	case err != nil:
		d.Fail(e.Value, "%s: %v", e.Key, err)
	case v < least || v > most:
		d.Fail(e.Value, "%s: expected a duration from %s to %s, got %s", e.Key, FormatDuration(least), FormatDuration(most), s)
	default:
		return v
	}
	return least
}

// ParseDuration takes Go's durations and whole days ("7d"), above 0 and up to 3660 days.
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 3660 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("expected a duration such as 30m, 1h or 7d, got %q", s)
}

// FormatDuration writes a duration the short way that ParseDuration takes.
func FormatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
