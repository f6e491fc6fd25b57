package redisstore

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestConnectUnderstandsURLs(t *testing.T) {
	single := func(t *testing.T, url string) *redis.Options {
		t.Helper()
		client, err := connect(url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		return client.(*redis.Client).Options()
	}
	if o := single(t, "redis://ann:p%40ss@host:7000/3?read_timeout=200ms&pool_size=5"); o.Addr != "host:7000" || o.Username != "ann" ||
		o.Password != "p@ss" || o.DB != 3 || o.ReadTimeout != 200*time.Millisecond || o.PoolSize != 5 || o.TLSConfig != nil {
		t.Errorf("single server: %+v", o)
	}
	if o := single(t, "rediss://host"); o.Addr != "host:6379" || o.TLSConfig == nil || o.ReadTimeout != ioTimeout || o.ContextTimeoutEnabled {
		t.Errorf("encrypted, with defaults: %+v", o)
	}
	if o := single(t, "redis://[::1]:7000"); o.Addr != "[::1]:7000" {
		t.Errorf("IPv6: %s", o.Addr)
	}
	if o := single(t, "redis+sentinel://ann:secret@s1:1,s2/main/2?sentinel_password=other"); o.Addr != "FailoverClient" ||
		o.Password != "secret" || o.Username != "ann" || o.DB != 2 || o.ReadTimeout != ioTimeout {
		t.Errorf("sentinel: %+v", o)
	}
	client, err := connect("rediss+cluster://:secret@h1:1,h2:2,h3?read_timeout=2s")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	o := client.(*redis.ClusterClient).Options()
	if got := strings.Join(o.Addrs, " "); got != "h1:1 h2:2 h3:6379" || o.Password != "secret" || o.ReadTimeout != 2*time.Second ||
		o.TLSConfig == nil || o.TLSConfig.ServerName != "" {
		t.Errorf("cluster: %s, %+v", got, o)
	}
}

func TestConnectRefusesURLs(t *testing.T) {
	for url, want := range map[string]string{
		"":                                       "expected redis://",
		"host:6379":                              "expected redis://",
		"http://host":                            `scheme is "http"`,
		"redis+ring://host":                      `scheme is "redis+ring"`,
		"redis+://host":                          `scheme is "redis+"`,
		"redis://":                               "a host is empty",
		"redis://a,b":                            "2 hosts",
		"redis+cluster://a,,b":                   "a host is empty",
		"redis+cluster://a/3":                    "database 0 only",
		"redis+sentinel://a,b":                   "name of the master is missing",
		"redis+sentinel://a/main/x":              "database",
		"redis://secret:secret@host/x":           "database",
		"redis://secret:secret@host:port":        "port",
		"redis://host?pool_sise=3":               "pool_sise",
		"redis://host?read_timeout=soon":         "read_timeout",
		"redis+cluster://host?read_only=true":    "reads masters only",
		"redis://host?a=%zz":                     "parameters",
		"redis+sentinel://a/m?master_name=x":     "master_name",
		"redis+sentinel://a/m?replica_only=true": "reads masters only",
		"redis+sentinel://a/m?context_timeout_enabled=true": "context_timeout_enabled",
	} {
		client, err := connect(url)
		if err == nil {
			t.Errorf("%q is accepted", url)
			_ = client.Close()
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, expected %q", url, err, want)
		}
	}
}

func FuzzConnect(f *testing.F) {
	f.Add("redis://ann:secret@host:7000/3?read_timeout=200ms")
	f.Add("rediss+sentinel://a:1,b:2/main/1")
	f.Add("redis+cluster://a,b,[::1]:3?pool_size=2")
	f.Fuzz(func(t *testing.T, url string) {
		target, err := parse(url)
		if err != nil {
			return
		}
		if len(target.hosts) == 0 || target.hosts[0] == "" {
			t.Errorf("%q has hosts %q", url, target.hosts)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("1526919030474-55")
	f.Add("0-1")
	f.Fuzz(func(t *testing.T, id string) {
		c, err := cursor(id)
		if err != nil {
			return
		}
		back, err := streamID(c)
		if err != nil {
			t.Fatalf("%q becomes cursor %q: %v", id, c, err)
		}
		if again, _ := cursor(back); again != c {
			t.Errorf("%q becomes %q, back %q, again %q", id, c, back, again)
		}
	})
}

func FuzzLinked(f *testing.F) {
	f.Add("customer of an earlier release")
	f.Add("\x001526919030474-55\x00customer")
	f.Add("\x001526919030474-0\x00customer")
	f.Add("\x000-0\x00customer")
	f.Fuzz(func(t *testing.T, value string) {
		id, after := linked(value)
		if after == "" {
			if id != value {
				t.Errorf("%q is read as a link to %q that leads nowhere", value, id)
			}
			return
		}
		first, customer, _ := strings.Cut(strings.TrimPrefix(value, "\x00"), "\x00")
		if at, err := cursor(first); err != nil || after >= at || id != customer {
			t.Errorf("%q leads to %q after %q, expected just before %q, %v", value, id, after, at, err)
		}
	})
}

func FuzzTimer(f *testing.F) {
	f.Add("1526919030474:payload")
	f.Fuzz(func(t *testing.T, value string) {
		if got, err := timer("c", "n", value); err == nil && !strings.HasSuffix(value, ":"+string(got.Payload)) {
			t.Errorf("%q has payload %q", value, got.Payload)
		}
	})
}
