package features

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/halfstep-ml/halfstep/features/aggregate"
	"github.com/halfstep-ml/halfstep/features/event"
)

// Bounds of what is remembered of a conversation; what goes beyond is left out.
const (
	maxSaid       = 200 // code points of a message
	maxIntents    = 8
	maxIntentName = 64 // bytes
	maxModelName  = 96 // bytes
)

// Conversation is what was said last in a customer's visit, in order of arrival.
type Conversation struct {
	Message string   // what the customer said last, its beginning; empty when nothing
	Reply   string   // what they were told after that, its beginning; empty when nothing
	Intents []Intent // what the customer's last message was read as asking for, as the event has them
	Model   string   // that read the intents, as in intent@1; empty when it is not known
}

// Intent is something that a customer seems to want.
type Intent struct {
	Name  string
	Score float32 // 0 to 1
}

// conversation is a Conversation in memory that is used again.
type conversation struct {
	at             int64 // when something was said last, either way; Unix milliseconds
	message, reply []byte
	intents        []Intent
	model          string
}

// Conversation fills c with what was said last, and says whether the visit that it was said in still lasts at now.
func (s *State) Conversation(now int64, c *Conversation) bool {
	said := &s.conversation
	c.Intents = c.Intents[:0]
	if said.empty() || now-s.lastAt > s.set.sessionGap {
		c.Message, c.Reply, c.Model = "", "", ""
		return false
	}
	c.Message, c.Reply, c.Model = string(said.message), string(said.reply), said.model
	c.Intents = append(c.Intents, said.intents...)
	return true
}

func (c *conversation) empty() bool {
	return len(c.message) == 0 && len(c.reply) == 0 && len(c.intents) == 0
}

func (c *conversation) reset() {
	c.at, c.message, c.reply, c.intents, c.model = 0, c.message[:0], c.reply[:0], c.intents[:0], ""
}

// hear takes in a message from or to the customer. A new message of theirs is a new question: what was read in the last one, and the
// reply to it, are over.
func (c *conversation) hear(e *event.Event, at int64) {
	text := e.Properties.Find("text").Text()
	switch e.Name {
	case event.MessageReceived:
		c.reset()
		c.message = append(c.message, beginning(text)...)
		c.want(e.Enriched)
	case event.MessageSent:
		c.reply = append(c.reply[:0], beginning(text)...)
	}
	if c.at = at; c.empty() {
		c.at = 0
	}
}

// want keeps the intents that a model read, in the order they have in the event.
func (c *conversation) want(enriched event.Object) {
	found := enriched.Find("intents")
	if found == nil || found.Kind != event.Map {
		return
	}
	for i := range found.Items {
		f := &found.Items[i]
		if len(c.intents) == maxIntents {
			break
		}
		if score := float32(f.Num); f.Kind == event.Number && sensible(f.Key, score) {
			c.intents = append(c.intents, Intent{Name: strings.Clone(f.Key), Score: score})
		}
	}
	if len(c.intents) == 0 {
		return
	}
	if model := enriched.Path([]string{"models", "intent"}).Text(); len(model) <= maxModelName {
		c.model = strings.Clone(model)
	}
}

func sensible(intent string, score float32) bool {
	return intent != "" && len(intent) <= maxIntentName && score >= 0 && score <= 1
}

// beginning cuts a text after maxSaid code points.
func beginning(text string) string {
	if len(text) <= maxSaid {
		return text
	}
	n := 0
	for i := range text {
		if n++; n > maxSaid {
			return text[:i]
		}
	}
	return text
}

// merge takes what was said later.
func (c *conversation) merge(o *conversation) {
	if o.empty() || !c.empty() && c.at >= o.at {
		return
	}
	c.at, c.message, c.reply, c.model = o.at, append(c.message[:0], o.message...), append(c.reply[:0], o.reply...), o.model
	c.intents = append(c.intents[:0], o.intents...)
}

// append encodes the time, the two texts and the model, each with its length, and then each intent: its name with its length, and its
// score, 4 bytes.
func (c *conversation) append(dst []byte) []byte {
	if c.empty() {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(c.at))
	dst = appendBytes(dst, c.message)
	dst = appendBytes(dst, c.reply)
	dst = append(binary.AppendUvarint(dst, uint64(len(c.model))), c.model...)
	for _, in := range c.intents {
		dst = append(binary.AppendUvarint(dst, uint64(len(in.Name))), in.Name...)
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(in.Score))
	}
	return dst
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func (c *conversation) decode(r *aggregate.Reader, lastAt int64) {
	text := func(limit int) []byte {
		b := r.Bytes(int(min(r.Uint(), maxStateBytes)))
		if utf8.RuneCount(b) > limit || !utf8.Valid(b) {
			r.Fail()
		}
		return b
	}
	c.at = int64(min(r.Uint(), 1<<50))
	c.message, c.reply = append(c.message[:0], text(maxSaid)...), append(c.reply[:0], text(maxSaid)...)
	c.model = string(text(maxModelName))
	for r.Len() > 0 && r.Err() == nil {
		in := Intent{Name: string(text(maxIntentName)), Score: math.Float32frombits(r.Uint32())}
		if !sensible(in.Name, in.Score) || len(c.intents) == maxIntents {
			r.Fail()
		}
		c.intents = append(c.intents, in)
	}
	if c.at > lastAt || c.empty() || c.model != "" && len(c.intents) == 0 {
		r.Fail()
	}
}
