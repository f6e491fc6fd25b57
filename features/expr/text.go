package expr

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/halfstep-ml/halfstep/features/event"
)

// textTest asks a yes-or-no question of a string. A missing string answers no.
func textTest[T any](name string, a, b code[T]) code[T] {
	text := a.asText()
	if name == "matches" {
		pattern, _ := b.text(nil)
		matches := regexp.MustCompile(pattern).MatchString
		return truthCode(func(in *T) bool {
			s, ok := text(in)
			return ok && matches(s)
		})
	}
	test := map[string]func(s, t string) bool{
		"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix,
	}[name]
	if t, ok := constantString(b); ok {
		return truthCode(func(in *T) bool {
			s, ok := text(in)
			return ok && test(s, t)
		})
	}
	other := b.asText()
	return truthCode(func(in *T) bool {
		s, ok := text(in)
		if !ok {
			return false
		}
		t, ok := other(in)
		return ok && test(s, t)
	})
}

func textFunction[T any](name string, args []code[T]) code[T] {
	text := args[0].asText()
	switch name {
	case "lowerAscii":
		return textCode(func(in *T) (string, bool) {
			s, ok := text(in)
			return lowerASCII(s), ok
		})
	case "trim":
		return textCode(func(in *T) (string, bool) {
			s, ok := text(in)
			return strings.TrimSpace(s), ok
		})
	}
	separator := args[1].asText()
	return listCode(func(in *T) []string {
		s, ok := text(in)
		by, also := separator(in)
		if !ok || !also {
			return nil
		}
		return strings.Split(s, by)
	})
}

// lowerASCII leaves letters beyond ASCII as they are, and allocates only when there is something to lower.
func lowerASCII(s string) string {
	upper := func(c rune) bool { return 'A' <= c && c <= 'Z' }
	if strings.IndexFunc(s, upper) < 0 {
		return s
	}
	out := []byte(s)
	for i, c := range out {
		if upper(rune(c)) {
			out[i] = c + 'a' - 'A'
		}
	}
	return string(out)
}

// toText writes numbers the shortest way that reads back as the same, and those of an event as the event wrote them.
func toText[T any](c code[T]) code[T] {
	if c.typ == String {
		return c
	}
	value := c.asValue()
	return textCode(func(in *T) (string, bool) {
		v := value(in)
		switch v.Kind {
		case event.String:
			return v.Str, true
		case event.Number:
			if v.Str != "" {
				return v.Str, true
			}
			return formatNumber(v.Num), true
		case event.Bool:
			return strconv.FormatBool(v.Num != 0), true
		}
		return "", false
	})
}

// formatNumber spells out what JSON would: exponents only where the digits would be too many.
func formatNumber(x float64) string {
	if size := max(x, -x); size != 0 && (size < 1e-6 || size >= 1e21) {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// size counts the characters of a string, the elements of a list or the keys of a map.
func size[T any](c code[T]) code[T] {
	switch c.typ {
	case String:
		text := c.text
		return numberCode(func(in *T) float64 { return sizeOf(textValue(text(in))) })
	case Strings:
		list := c.list
		return numberCode(func(in *T) float64 { return float64(len(list(in))) })
	}
	if ref := c.ref; ref != nil {
		return numberCode(func(in *T) float64 {
			if v := ref(in); v != nil {
				return sizeOf(*v)
			}
			return sizeOf(event.Value{})
		})
	}
	value := c.asValue()
	return numberCode(func(in *T) float64 { return sizeOf(value(in)) })
}

func sizeOf(v event.Value) float64 {
	switch v.Kind {
	case event.String:
		return float64(utf8.RuneCountInString(v.Str))
	case event.List, event.Map:
		return float64(len(v.Items))
	}
	return numberOf(nil)
}
