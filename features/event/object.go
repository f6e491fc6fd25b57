package event

import "github.com/go-json-experiment/json/jsontext"

// DecodeObject reads the JSON object that comes next, within the limits of an event's properties; field names it in errors, which are
// of type *FieldError.
func DecodeObject(dec *jsontext.Decoder, field string) (Object, error) {
	d := decoder{dec: dec}
	o, err := d.object(field)
	if err != nil {
		return nil, syntaxError(err)
	}
	return o, nil
}
