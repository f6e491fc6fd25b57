package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// load runs Load as a command would: args are flags, env is the environment, file is the content of the settings file.
func load(t *testing.T, file string, env map[string]string, args ...string) (Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	Register(flags)
	if file != "" {
		path := filepath.Join(t.TempDir(), "halfstep.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return Load(flags, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
}

func TestPrecedence(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        map[string]string
		args       []string
		want       time.Duration
	}{
		{"default", "", nil, nil, 50 * time.Millisecond},
		{"file over default", "deadline: 60ms\n", nil, nil, 60 * time.Millisecond},
		{"environment over file", "deadline: 60ms\n", map[string]string{"HALFSTEP_DEADLINE": "70ms"}, nil, 70 * time.Millisecond},
		{"flag over environment", "deadline: 60ms\n", map[string]string{"HALFSTEP_DEADLINE": "70ms"}, []string{"--deadline=80ms"}, 80 * time.Millisecond},
		{"flag of the default's value counts too", "deadline: 60ms\n", nil, []string{"--deadline=50ms"}, 50 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := load(t, c.file, c.env, c.args...)
			if err != nil || got.Deadline != c.want {
				t.Errorf("got %v, %v, expected %v", got.Deadline, err, c.want)
			}
		})
	}
}

const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func TestListsReplaceEachOther(t *testing.T) {
	got, err := load(t, "api_keys: ['track:"+digest+"', 'score:"+digest+"']\n", nil, "--api-keys=admin:"+digest)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := got.Keys()
	if err != nil || len(keys) != 1 || keys[0].Role != Admin {
		t.Errorf("got %v, %v, expected one admin key", keys, err)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        map[string]string
		want       []string
	}{
		{"unknown key", "listen: 127.0.0.1:1\nlisten_on: x\n", nil, []string{"[2:1]", "listen_on"}},
		{"wrong type", "max_body: many\n", nil, []string{"[1:", "max_body"}},
		{"environment", "", map[string]string{"HALFSTEP_DEADLINE": "soon"}, []string{"HALFSTEP_DEADLINE", "soon"}},
		{"store", "store: mysql://x\n", nil, []string{"store", "mysql", "pebble"}},
		{"body limit", "max_body: 999999999\n", nil, []string{"max_body", "512000"}},
		{"key", "api_keys: ['track:abc']\n", nil, []string{"api_keys[0]", "sha256sum"}},
		{"role", "api_keys: ['root:" + digest + "']\n", nil, []string{"api_keys[0]", "track, score or admin"}},
		{"open to others without keys", "listen: 0.0.0.0:8080\n", nil, []string{"listen", "api_keys"}},
		{"open to others without a host", "listen: ':8080'\n", nil, []string{"listen", "api_keys"}},
		{"two at once", "deadline: 0s\nmax_in_flight: 0\n", nil, []string{"deadline", "max_in_flight"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(t, c.file, c.env)
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, expected it to mention %q", err, want)
				}
			}
		})
	}
}

func TestOpenWithKeys(t *testing.T) {
	if _, err := load(t, "listen: 0.0.0.0:8080\napi_keys: ['admin:"+digest+"']\n", nil); err != nil {
		t.Error(err)
	}
}

func TestPrintHidesSecretsAndReadsBack(t *testing.T) {
	c := Default()
	c.Store, c.APIKeys = "redis://user:hunter2@db:6379/0", []string{"admin:" + digest}
	text, err := c.Print()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", digest} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is shown in\n%s", secret, text)
		}
	}
	text, err = Default().Print()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, text, nil); err != nil {
		t.Errorf("what was printed does not load: %v\n%s", err, text)
	}
}

const webhooks = `webhooks:
  - {name: crm, url: 'https://crm.example/in/token-in-path?k=token-in-query', secret: 'sixteen letters!', channels: [sms], timeout: 2s, max_attempts: 3}
  - {name: group, url: 'https://robot.example/send?access_token=robot-token', format: dingtalk, secret: SEC-of-robot}
`

func TestWebhooks(t *testing.T) {
	got, err := load(t, webhooks, nil)
	if err != nil || len(got.Webhooks) != 2 {
		t.Fatalf("got %+v, %v", got.Webhooks, err)
	}
	crm, group := got.Webhooks[0], got.Webhooks[1]
	if crm.Format != FormatJSON || crm.Timeout != 2*time.Second || crm.MaxAttempts != 3 || crm.Channels[0] != "sms" {
		t.Errorf("got %+v", crm)
	}
	if group.Format != FormatDingTalk || group.Timeout != 5*time.Second || group.MaxAttempts != 12 {
		t.Errorf("defaults are %+v", group)
	}
	text, err := got.Print()
	if err != nil || !strings.Contains(text, "crm.example") {
		t.Errorf("printed %s, %v", text, err)
	}
	for _, secret := range []string{"sixteen", "token", "SEC-of"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is shown in\n%s", secret, text)
		}
	}
}

func TestWebhooksOfTheEnvironment(t *testing.T) {
	env := map[string]string{"HALFSTEP_WEBHOOKS": `[{"name":"a","url":"http://a.example/","secret":"sixteen letters!"}]`}
	got, err := load(t, webhooks, env)
	if err != nil || len(got.Webhooks) != 1 || got.Webhooks[0].Name != "a" || got.Webhooks[0].MaxAttempts != 12 {
		t.Errorf("got %+v, %v", got.Webhooks, err)
	}
	got, err = load(t, webhooks, env, "--webhooks=[]")
	if err != nil || len(got.Webhooks) != 0 {
		t.Errorf("the flag leaves %+v, %v", got.Webhooks, err)
	}
}

func TestWrongWebhooksAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		"{name: a b, url: 'http://x/', secret: 'sixteen letters!'}":                              "webhooks[0].name",
		"{name: a, url: 'ftp://x/', secret: 'sixteen letters!'}":                                 "webhooks[0].url",
		"{name: a, url: 'http://x/', secret: short}":                                             "webhooks[0].secret",
		"{name: a, url: 'http://x/', secret: 'whsec_no base64 at all'}":                          "webhooks[0].secret",
		"{name: a, url: 'http://x/', format: wecom, secret: any}":                                "webhooks[0].secret",
		"{name: a, url: 'http://x/', format: slack}":                                             "dingtalk",
		"{name: a, url: 'http://x/', format: wecom, timeout: 1h}":                                "webhooks[0].timeout",
		"{name: a, url: 'http://x/', format: wecom, max_attempts: -1}":                           "webhooks[0].max_attempts",
		"{name: a, url: 'http://x/', format: wecom, retries: 1}":                                 "retries",
		"{name: a, url: 'http://x/', format: wecom}, {name: a, url: 'http://x/', format: wecom}": "webhooks[1].name",
	} {
		for from, err := range map[string]error{
			"file":        failure(load(t, "webhooks: ["+text+"]\n", nil)),
			"environment": failure(load(t, "", map[string]string{"HALFSTEP_WEBHOOKS": "[" + text + "]"})),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s in the %s: got %v, expected it to mention %s", text, from, err, want)
			}
		}
	}
}

func failure(_ Config, err error) error { return err }
