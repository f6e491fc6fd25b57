package redisstore

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// The time a connection may take, unless the URL says otherwise: go-redis would wait for five seconds.
const (
	dialTimeout = time.Second
	ioTimeout   = time.Second
)

// target is a store URL taken apart.
type target struct {
	deployment string // "", "sentinel" or "cluster"
	hosts      []string
	master     string // the name of the master, for sentinels
	rest       string // the URL in the form that go-redis parses, with the first host alone
	query      url.Values
}

// connect returns a client for a store's URL:
//
//	redis://[user:password@]host[:port][/db]                          one server
//	redis+sentinel://[user:password@]host[:port],…/master[/db]        a master that sentinels watch
//	redis+cluster://[user:password@]host[:port],…                     a cluster, found through any of its nodes
//
// With rediss in place of redis, connections are encrypted. User and password are those of the servers; sentinels that want a
// login of their own get it by ?sentinel_username=…&sentinel_password=…. The other parameters are go-redis's options in
// snake case, such as ?pool_size=50&read_timeout=200ms. Errors never show the URL, because it holds a password.
func connect(rawURL string) (redis.UniversalClient, error) {
	t, err := parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	var client redis.UniversalClient
	switch t.deployment {
	case "sentinel":
		client, err = t.sentinel()
	case "cluster":
		client, err = t.cluster()
	default:
		client, err = t.single()
	}
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", withoutURL(err))
	}
	return client, nil
}

// withoutURL strips what net/url puts around an error: the whole URL.
func withoutURL(err error) error {
	if urlErr := (*url.Error)(nil); errors.As(err, &urlErr) {
		return urlErr.Err
	}
	return err
}

func parse(rawURL string) (target, error) {
	scheme, rest, ok := strings.Cut(rawURL, "://")
	if !ok {
		return target{}, errors.New("expected redis://, rediss://, redis+sentinel:// or redis+cluster://")
	}
	base, deployment, _ := strings.Cut(scheme, "+")
	known := deployment == "" && !strings.HasSuffix(scheme, "+") || deployment == "sentinel" || deployment == "cluster"
	if (base != "redis" && base != "rediss") || !known {
		return target{}, fmt.Errorf("scheme is %q, expected redis, rediss, redis+sentinel, rediss+sentinel, "+
			"redis+cluster or rediss+cluster", scheme)
	}
	rest, rawQuery, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	user := ""
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		user, authority = authority[:at+1], authority[at+1:]
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return target{}, fmt.Errorf("parameters: %w", err)
	}
	t := target{deployment: deployment, query: query}
	if t.hosts, err = hosts(authority, deployment); err != nil {
		return target{}, err
	}
	if deployment == "sentinel" {
		if t.master, path, _ = strings.Cut(path, "/"); t.master == "" {
			return target{}, errors.New("the name of the master is missing: expected redis+sentinel://host,host/NAME")
		}
	}
	if deployment == "cluster" && path != "" && path != "0" {
		return target{}, fmt.Errorf("path is %q: a cluster has database 0 only", path)
	}
	t.rest = base + "://" + user + t.hosts[0] + "/" + path
	return t, t.refuse()
}

func hosts(authority, deployment string) ([]string, error) {
	port := "6379"
	if deployment == "sentinel" {
		port = "26379"
	}
	var out []string
	for host := range strings.SplitSeq(authority, ",") {
		if host == "" {
			return nil, errors.New("a host is empty, expected host[:port]")
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		out = append(out, host)
	}
	if deployment == "" && len(out) > 1 {
		return nil, fmt.Errorf("%d hosts are given: expected one, or redis+sentinel:// or redis+cluster://", len(out))
	}
	return out, nil
}

// refuse rejects options that would break what the store promises.
func (t target) refuse() error {
	for _, name := range []string{"read_only", "replica_only", "route_by_latency", "route_randomly", "use_disconnected_replicas"} {
		if t.query.Has(name) {
			return fmt.Errorf("parameter %s: a replica may be behind, so the store reads masters only", name)
		}
	}
	if t.query.Has("context_timeout_enabled") {
		return errors.New("parameter context_timeout_enabled: it would close a connection at every missed deadline")
	}
	if t.query.Has("master_name") || t.query.Has("addr") {
		return errors.New("parameters master_name and addr: expected redis+sentinel://host,host/NAME")
	}
	return nil
}

// url returns the URL for one of go-redis's parsers.
func (t target) url() string {
	if len(t.query) == 0 {
		return t.rest
	}
	return t.rest + "?" + t.query.Encode()
}

// protocol is RESP2: with RESP3 go-redis looks for pushed messages at every command, and nothing is pushed to us.
const protocol = 2

func (t target) single() (redis.UniversalClient, error) {
	o, err := redis.ParseURL(t.url())
	if err != nil {
		return nil, err
	}
	settle(&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.MaxRetries, &o.DialerRetries)
	o.Protocol = protocol
	o.MaintNotificationsConfig = noNotifications()
	return redis.NewClient(o), nil
}

func (t target) cluster() (redis.UniversalClient, error) {
	for _, host := range t.hosts[1:] {
		t.query.Add("addr", host)
	}
	o, err := redis.ParseClusterURL(t.url())
	if err != nil {
		return nil, err
	}
	settle(&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.MaxRetries, &o.DialerRetries)
	o.Protocol = protocol
	o.MaintNotificationsConfig = noNotifications()
	anyServer(o.TLSConfig)
	return redis.NewClusterClient(o), nil
}

func (t target) sentinel() (redis.UniversalClient, error) {
	for _, host := range t.hosts[1:] {
		t.query.Add("addr", host)
	}
	t.query.Set("master_name", t.master)
	user, password := t.query.Get("sentinel_username"), t.query.Get("sentinel_password")
	t.query.Del("sentinel_username")
	t.query.Del("sentinel_password")
	o, err := redis.ParseFailoverURL(t.url())
	if err != nil {
		return nil, err
	}
	// go-redis takes the URL's login for that of the sentinels.
	o.Username, o.Password, o.SentinelUsername, o.SentinelPassword = o.SentinelUsername, o.SentinelPassword, user, password
	settle(&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.MaxRetries, &o.DialerRetries)
	o.Protocol = protocol
	anyServer(o.TLSConfig)
	return redis.NewFailoverClient(o), nil
}

// settle fills in what the URL leaves open. Whoever asks has a deadline of milliseconds, and a Redis that is away should cost
// them little.
func settle(dial, read, write *time.Duration, retries, dials *int) {
	*dial = cmp.Or(*dial, dialTimeout)
	*read = cmp.Or(*read, ioTimeout)
	*write = cmp.Or(*write, ioTimeout)
	*retries = cmp.Or(*retries, 1)
	*dials = cmp.Or(*dials, 1)
}

// noNotifications spares every new connection a question that only Redis Enterprise answers.
func noNotifications() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// anyServer has each server's certificate checked against that server's name, not against that of the first.
func anyServer(c *tls.Config) {
	if c != nil {
		c.ServerName = ""
	}
}
