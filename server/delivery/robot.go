package delivery

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a robot's message in bytes: WeCom refuses more than 4,096, DingTalk a body of more than 20,000.
const (
	maxWeCom    = 4096
	maxDingTalk = 16_000
	maxTitle    = 100
	maxField    = 800
)

// dingTalk posts to a DingTalk group robot. With a secret the address is signed as the robot's setting "sign" asks.
type dingTalk struct{ address, secret string }

func (d dingTalk) request(one *Issued, at time.Time) (string, http.Header, []byte, error) {
	address := d.address
	if d.secret != "" {
		u, err := url.Parse(address)
		if err != nil {
			return "", nil, nil, hideAddress(err)
		}
		timestamp := strconv.FormatInt(at.UnixMilli(), 10)
		query := u.Query()
		query.Set("timestamp", timestamp)
		query.Set("sign", dingTalkSign(timestamp, d.secret))
		u.RawQuery = query.Encode()
		address = u.String()
	}
	body, err := json.Marshal(map[string]any{
		"msgtype":  "markdown",
		"markdown": map[string]string{"title": cut(title(one), maxTitle), "text": cut(text(one), maxDingTalk)},
	})
	return address, http.Header{}, body, err
}

// dingTalkSign is the sign parameter before it is escaped for the address.
func dingTalkSign(timestamp, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (dingTalk) accepted(reply []byte) error { return robotAccepted(reply) }

// weCom posts to a WeCom group robot, whose address holds its key.
type weCom struct{ address string }

func (w weCom) request(one *Issued, _ time.Time) (string, http.Header, []byte, error) {
	body, err := json.Marshal(map[string]any{
		"msgtype":  "markdown",
		"markdown": map[string]string{"content": cut(text(one), maxWeCom)},
	})
	return w.address, http.Header{}, body, err
}

func (weCom) accepted(reply []byte) error { return robotAccepted(reply) }

// robotAccepted reads the answer of a robot, which says 200 whatever it thinks of a message.
func robotAccepted(reply []byte) error {
	var said struct {
		Code    *int64 `json:"errcode"`
		Message string `json:"errmsg"`
	}
	if err := json.Unmarshal(reply, &said); err != nil || said.Code == nil {
		return fmt.Errorf("the answer is no robot's, expected errcode: %.100q", reply)
	}
	if *said.Code != 0 {
		return fmt.Errorf("errcode %d: %.200s", *said.Code, said.Message)
	}
	return nil
}

func title(one *Issued) string { return "待办动作：" + plain(one.Action) }

// text is an action for people, in the Markdown that both kinds of robots read.
func text(one *Issued) string {
	var b strings.Builder
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(&b, "> %s：%s\n\n", label, plain(value))
		}
	}
	fmt.Fprintf(&b, "### %s\n\n", title(one))
	line("客户", one.Customer)
	line("渠道", one.Channel)
	line("内容", one.Text)
	for _, reason := range one.Reasons {
		line("依据", reason)
	}
	line("规则", one.Play)
	line("编号", one.ID)
	return b.String()
}

// plain takes from a value what Markdown or the robots would read as more than text: links, mentions, tags, lines. Customers write some
// of these values.
func plain(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("[]<>`@*#|\\!", r):
			return r - '!' + '！' // the same sign in full width
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, cut(value, maxField))
}

// cut shortens a text to so many bytes, between characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := limit - len("…")
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
