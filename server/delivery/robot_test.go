package delivery

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/halfstep-ml/halfstep/server/config"
)

var shown = Issued{
	ID: "act-1", Customer: "c-42", Decision: "d", Action: "human-call", Channel: "wecom", Play: "save-churner",
	Text: "请联系客户", Reasons: []string{"30 分钟内三次查看运费", "满意度下降"},
}

func TestDingTalkMessage(t *testing.T) {
	at := time.UnixMilli(1706702400123)
	address, _, body, err := dingTalk{address: "https://robot.example/send?access_token=k", secret: "SECxyz"}.request(&shown, at)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(address)
	// printf '1706702400123\nSECxyz' | openssl dgst -sha256 -hmac SECxyz -binary | base64
	const sign = "l6aNnW5E4v6Pjcxdybt24BMgj3y6fj46q1PTFd0RYE0="
	if q := u.Query(); q.Get("timestamp") != "1706702400123" || q.Get("sign") != sign || q.Get("access_token") != "k" {
		t.Errorf("address is %s", address)
	}
	var v struct {
		Type     string `json:"msgtype"`
		Markdown struct{ Title, Text string }
	}
	if err := json.Unmarshal(body, &v); err != nil || v.Type != "markdown" || v.Markdown.Title != "待办动作：human-call" {
		t.Errorf("got %s, %v", body, err)
	}
	for _, part := range []string{"c-42", "wecom", "请联系客户", "30 分钟内三次查看运费", "满意度下降", "save-churner", "act-1"} {
		if !strings.Contains(v.Markdown.Text, part) {
			t.Errorf("%q is missing in\n%s", part, v.Markdown.Text)
		}
	}
	unsigned, _, _, err := dingTalk{address: "https://robot.example/send?access_token=k"}.request(&shown, at)
	if err != nil || unsigned != "https://robot.example/send?access_token=k" {
		t.Errorf("without a secret the address is %s, %v", unsigned, err)
	}
}

func TestWeComMessageFits(t *testing.T) {
	long := shown
	for range 50 {
		long.Reasons = append(long.Reasons, strings.Repeat("很", 500))
	}
	_, _, body, err := weCom{}.request(&long, time.Now())
	var v struct {
		Type     string `json:"msgtype"`
		Markdown struct{ Content string }
	}
	if err != nil || json.Unmarshal(body, &v) != nil || v.Type != "markdown" {
		t.Fatalf("got %s, %v", body, err)
	}
	if c := v.Markdown.Content; len(c) > 4096 || len(c) < 4000 || !utf8.ValidString(c) || strings.ContainsRune(c, utf8.RuneError) {
		t.Errorf("%d bytes, valid %v", len(c), utf8.ValidString(c))
	}
}

func TestCustomersCannotWriteMarkup(t *testing.T) {
	evil := Issued{Customer: "<@all> [click](http://evil)\n# big", Text: "`x` ![](y)\u0000", Action: "a"}
	got := text(&evil)
	for _, bad := range []string{"<@", "[", "](", "`", "\n# big", "\x00"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is still in %q", bad, got)
		}
	}
}

// TestRobotsSayNoWith200: a robot that takes no more for a while answers 200 and an errcode.
func TestRobotsSayNoWith200(t *testing.T) {
	for _, format := range []string{config.FormatDingTalk, config.FormatWeCom} {
		t.Run(format, func(t *testing.T) {
			s := newStore(t, 1)
			var asked atomic.Int32
			r := receive(t, "robot", nil)
			r.hook.Format, r.hook.Secret = format, ""
			r.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1) < 3 {
					fmt.Fprint(w, `{"errcode":45009,"errmsg":"api freq out of limit"}`)
					return
				}
				fmt.Fprint(w, `{"errcode":0,"errmsg":"ok"}`)
			})
			d := run(t, s, with(r.hook))
			holds(t, d)
			newIssuer(t, s).issue("c", "wecom")
			eventually(t, "it is taken", func() bool { return cursorOf(t, s, "robot") == cursorAt(t, s, 0) })
			if asked.Load() != 3 {
				t.Errorf("asked %d times, expected 3", asked.Load())
			}
		})
	}
}

func TestRobotAnswers(t *testing.T) {
	for reply, want := range map[string]string{
		`{"errcode":0,"errmsg":"ok"}`:                  "",
		`{"errcode":310000,"errmsg":"sign not match"}`: "310000: sign not match",
		`<html>`: "no robot",
		`{}`:     "no robot",
		``:       "no robot",
		`{"errcode":93000,"errmsg":"invalid webhook url"}`: "93000",
	} {
		err := robotAccepted([]byte(reply))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, expected %q", reply, err, want)
		}
	}
}
