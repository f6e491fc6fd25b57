package source

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/halfstep-ml/halfstep/features/event"
)

// customerFinder finds whose event a line of JSONL is, reading no further than it must.
type customerFinder struct {
	dec *jsontext.Decoder
	src bytes.Buffer
}

func newCustomerFinder() *customerFinder {
	return &customerFinder{dec: jsontext.NewDecoder(new(bytes.Buffer))}
}

// find returns the customer_id and, when there is none, the anonymous_id; both under Segment's names as well.
func (c *customerFinder) find(line []byte) (customer, anonymous string, err error) {
	c.src = *bytes.NewBuffer(line)
	c.dec.Reset(&c.src)
	if c.dec.PeekKind() != '{' {
		return "", "", &RowError{Message: "expected a JSON object"}
	}
	if _, err := c.dec.ReadToken(); err != nil {
		return "", "", jsonError(err)
	}
	for customer == "" && c.dec.PeekKind() != '}' {
		name, err := c.dec.ReadToken()
		if err != nil {
			return "", "", jsonError(err)
		}
		switch key := name.String(); {
		case c.dec.PeekKind() == 'n':
			err = c.dec.SkipValue()
		case key == "customer_id" || key == "userId":
			customer, err = c.text()
		case key == "anonymous_id" || key == "anonymousId":
			anonymous, err = c.text()
		default:
			err = c.dec.SkipValue()
		}
		if err != nil {
			return "", "", jsonError(err)
		}
	}
	return customer, anonymous, nil
}

func (c *customerFinder) text() (string, error) {
	switch c.dec.PeekKind() {
	case 't', 'f', '0', '{', '[':
		return "", errIDType
	}
	tok, err := c.dec.ReadToken()
	if err != nil {
		return "", err
	}
	return tok.String(), nil
}

var errIDType = errors.New("customer_id and anonymous_id: expected a string")

func jsonError(err error) error {
	if errors.Is(err, errIDType) {
		return &RowError{Message: errIDType.Error()}
	}
	if se, ok := err.(*jsontext.SyntacticError); ok {
		return &RowError{Message: fmt.Sprintf("malformed JSON at byte %d: %v", se.ByteOffset, se.Err)}
	}
	return &RowError{Message: fmt.Sprintf("malformed JSON: %v", err)}
}

// parseObject reads the JSON object of a row that a mapping is for.
func parseObject(text string) (event.Object, error) {
	dec := jsontext.NewDecoder(bytes.NewBufferString(text))
	v, err := parseValue(dec, 0)
	if err == nil && v.Kind != event.Map {
		err = &RowError{Message: "expected a JSON object"}
	}
	if err == nil && len(bytes.TrimSpace(dec.UnreadBuffer())) > 0 {
		err = &RowError{Message: "unexpected data after the JSON object"}
	}
	if _, ok := err.(*RowError); err != nil && !ok {
		err = jsonError(err)
	}
	return v.Items, err
}

func parseValue(dec *jsontext.Decoder, depth int) (event.Value, error) {
	if depth > event.MaxDepth {
		return event.Value{}, &RowError{Message: fmt.Sprintf("is nested deeper than %d levels", event.MaxDepth)}
	}
	kind := dec.PeekKind()
	tok, err := dec.ReadToken()
	if err != nil {
		return event.Value{}, err
	}
	switch kind {
	case 'n':
		return event.Value{Kind: event.Null}, nil
	case 't', 'f':
		return event.BoolValue(tok.Bool()), nil
	case '"':
		return event.StringValue(tok.String()), nil
	case '0':
		text := tok.String()
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(f, 0) {
			return event.Value{}, &RowError{Message: fmt.Sprintf("number %.40s is out of range", text)}
		}
		return event.Value{Kind: event.Number, Num: f, Str: text}, nil
	case '[':
		return parseItems(dec, depth, event.Value{Kind: event.List, Items: event.Object{}}, ']')
	}
	return parseItems(dec, depth, event.Value{Kind: event.Map, Items: event.Object{}}, '}')
}

func parseItems(dec *jsontext.Decoder, depth int, v event.Value, end jsontext.Kind) (event.Value, error) {
	for dec.PeekKind() != end {
		var f event.Field
		if v.Kind == event.Map {
			tok, err := dec.ReadToken()
			if err != nil {
				return event.Value{}, err
			}
			f.Key = tok.String()
		}
		var err error
		if f.Value, err = parseValue(dec, depth+1); err != nil {
			return event.Value{}, err
		}
		v.Items = append(v.Items, f)
	}
	_, err := dec.ReadToken()
	return v, err
}
