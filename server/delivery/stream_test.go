package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halfstep-ml/halfstep/features/store"
)

// ids reads so many messages of a stream.
func ids(t *testing.T, s *Stream, n int) []string {
	t.Helper()
	var got []string
	for range n {
		select {
		case m := <-s.Messages():
			got = append(got, idOf(t, m))
		case <-time.After(10 * time.Second):
			t.Fatalf("got only %v, expected %d", got, n)
		}
	}
	slices.Sort(got)
	return got
}

func idOf(t *testing.T, m Message) string {
	t.Helper()
	var v struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(m.Data, &v); err != nil || m.At.IsZero() {
		t.Fatalf("%s at %v: %v", m.Data, m.At, err)
	}
	return v.ID
}

func open(t *testing.T, d *Delivery, f Filter, since time.Time) *Stream {
	t.Helper()
	s, err := d.Subscribe(t.Context(), f, since)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestStreamsGetWhatTheyWant(t *testing.T) {
	s := newStore(t, 4)
	i := newIssuer(t, s)
	i.issue("a", "web") // before
	d := run(t, s)
	all, web := open(t, d, Filter{}, time.Time{}), open(t, d, Filter{Channel: "web"}, time.Time{})
	ofB, nobody := open(t, d, Filter{Customer: "b"}, time.Time{}), open(t, d, Filter{Customer: "b", Channel: "app"}, time.Time{})
	i.issue("a", "web")
	i.issue("b", "sms")
	i.issue("b", "web")
	for _, c := range []struct {
		s    *Stream
		want []string
	}{{all, []string{"act-2", "act-3", "act-4"}}, {web, []string{"act-2", "act-4"}}, {ofB, []string{"act-3", "act-4"}}} {
		if got := ids(t, c.s, len(c.want)); !slices.Equal(got, c.want) {
			t.Errorf("got %v, expected %v", got, c.want)
		}
	}
	if n := len(nobody.Messages()) + len(web.Messages()) + len(ofB.Messages()); n != 0 {
		t.Errorf("%d messages too many", n)
	}
}

// TestNotified: what this server commits goes out without waiting for the next look.
func TestNotified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, 4)
		d := run(t, s, func(o *Options) { o.timing = usual })
		stream := open(t, d, Filter{}, time.Time{})
		i := newIssuer(t, s)
		start := time.Now()
		i.notify = d.Notify
		i.issue("a", "web")
		ids(t, stream, 1)
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v with a notification, expected no waiting", took)
		}
		i.notify = nil
		i.issue("b", "web")
		ids(t, stream, 1)
		if took := time.Since(start); took == 0 || took > usual.poll {
			t.Errorf("took %v without a notification, expected the next look", took)
		}
	})
}

func TestSlowClientIsDropped(t *testing.T) {
	s := newStore(t, 1)
	d := run(t, s)
	slow, fast := open(t, d, Filter{}, time.Time{}), open(t, d, Filter{}, time.Time{})
	i := newIssuer(t, s)
	for range streamBuffer + 1 {
		i.issue("c", "web")
		ids(t, fast, 1)
	}
	<-slow.Ended()
	if slow.Reason() != EndedSlow {
		t.Errorf("ended because %q", slow.Reason())
	}
	i.issue("c", "web")
	ids(t, fast, 1)
}

func TestStoppingEndsStreams(t *testing.T) {
	d := run(t, newStore(t, 1))
	s := open(t, d, Filter{}, time.Time{})
	closed(t, d)
	<-s.Ended()
	if s.Reason() != EndedStopping {
		t.Errorf("ended because %q", s.Reason())
	}
	if _, err := d.Subscribe(t.Context(), Filter{}, time.Time{}); !errors.Is(err, ErrStopping) {
		t.Errorf("got %v, expected ErrStopping", err)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	d := run(t, newStore(t, 1))
	var last *Stream
	for range maxStreams {
		last = open(t, d, Filter{}, time.Time{})
	}
	if _, err := d.Subscribe(t.Context(), Filter{}, time.Time{}); !errors.Is(err, ErrTooManyStreams) {
		t.Errorf("got %v, expected ErrTooManyStreams", err)
	}
	last.Close()
	open(t, d, Filter{}, time.Time{})
}

// TestResume: what was issued since comes first, with overlap; what comes meanwhile is on the stream.
func TestResume(t *testing.T) {
	s := newStore(t, 4)
	i := newIssuer(t, s)
	now := time.Now()
	at := func(ago time.Duration, customer, id string) {
		i.commit(customer, decided(customer, "web", id, now.Add(-ago)))
	}
	at(2*time.Hour, "a", "ancient")
	at(10*time.Minute, "a", "old")
	at(10*time.Minute, "b", "other")
	at(5*time.Minute+5*time.Second, "a", "overlapping")
	at(4*time.Minute, "a", "missed")
	for range 3 * resumePage { // pages without actions, and others in between
		i.event("a")
	}
	at(time.Second, "a", "new")
	d := run(t, s)
	stream := open(t, d, Filter{Customer: "a"}, now.Add(-5*time.Minute))
	var got []string
	for _, m := range stream.Missed {
		got = append(got, idOf(t, m))
	}
	if !slices.Equal(got, []string{"overlapping", "missed", "new"}) || !stream.Gap.IsZero() {
		t.Errorf("got %v, gap %v", got, stream.Gap)
	}
	late := open(t, d, Filter{}, now.Add(-24*time.Hour))
	if len(late.Missed) != 5 || late.Gap.Sub(now.Add(-maxResume)).Abs() > time.Minute {
		t.Errorf("after a day: %d missed, complete from %v", len(late.Missed), late.Gap)
	}
	live := i.issue("a", "web")
	if got := ids(t, stream, 1); got[0] != live {
		t.Errorf("got %v, expected what was issued since", got)
	}
	if position := stream.Position(); time.Since(position) > time.Minute {
		t.Errorf("the position is %v", position)
	}
}

// ailing is a store that for a while cannot read one shard's journal.
type ailing struct {
	Store
	shard int
	ill   atomic.Bool
}

func (a *ailing) ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error) {
	if shard == a.shard && a.ill.Load() {
		return nil, errDead
	}
	return a.Store.ReadJournal(ctx, shard, after, limit)
}

// TestResumeBehindAShardThatLags: the place to resume from is behind whatever was not read yet.
func TestResumeBehindAShardThatLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, 4)
		i := newIssuer(t, s)
		first, last := "", ""
		for n := 0; first == "" || last == ""; n++ {
			switch id := fmt.Sprint(n); store.ShardOf(id, 4) {
			case 0:
				first = id
			case 3:
				last = id
			}
		}
		a := &ailing{Store: s, shard: 3}
		d := run(t, a)
		stream := open(t, d, Filter{}, time.Time{})
		a.ill.Store(true)
		late := i.issue(last, "web")
		time.Sleep(time.Minute)
		i.issue(first, "web")
		seen := <-stream.Messages()
		stream.Close()
		a.ill.Store(false)
		again := open(t, d, Filter{}, seen.At)
		if !slices.ContainsFunc(again.Missed, func(m Message) bool { return idOf(t, m) == late }) {
			t.Errorf("%s is lost: it was issued a minute before the message that the client resumes from, and not read then", late)
		}
	})
}

func TestUnreadableStore(t *testing.T) {
	flaky := &mortal{Store: newStore(t, 1)}
	flaky.dead.Store(true)
	d := run(t, flaky)
	if _, err := d.Subscribe(t.Context(), Filter{}, time.Time{}); !errors.Is(err, errDead) {
		t.Errorf("got %v, expected the store's error", err)
	}
	flaky.dead.Store(false)
	s := open(t, d, Filter{}, time.Time{})
	newIssuer(t, flaky.Store.(store.Driver)).issue("a", "web")
	ids(t, s, 1)
}

// counting counts readings of the journal.
type counting struct {
	*mortal
	reads atomic.Int64
}

func (c *counting) ReadJournal(ctx context.Context, shard int, after string, limit int) ([]store.Entry, error) {
	c.reads.Add(1)
	return c.mortal.ReadJournal(ctx, shard, after, limit)
}

// TestNobodyListens: then the journal is left alone.
func TestNobodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counting{mortal: &mortal{Store: newStore(t, 4)}}
		d := run(t, c)
		time.Sleep(time.Minute)
		if n := c.reads.Load(); n != 0 {
			t.Errorf("%d readings for nobody", n)
		}
		s, err := d.Subscribe(t.Context(), Filter{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if c.reads.Load() == 0 {
			t.Error("no readings for a stream")
		}
		s.Close()
		time.Sleep(time.Second)
		before := c.reads.Load()
		time.Sleep(time.Minute)
		if n := c.reads.Load(); n != before {
			t.Errorf("%d readings after the last stream was closed", n-before)
		}
	})
}

func TestManyPages(t *testing.T) {
	s := newStore(t, 1)
	d := run(t, s)
	stream := open(t, d, Filter{}, time.Time{})
	i := newIssuer(t, s)
	var records []store.Record
	for n := range 3 * tailPage * tailPages {
		records = append(records, store.Record{Kind: store.RecordEvent, Data: fmt.Appendf(nil, `{"n":%d}`, n)})
	}
	records = append(records, decided("c", "web", "last", time.Now()))
	i.commit("c", records...)
	if got := ids(t, stream, 1); got[0] != "last" {
		t.Errorf("got %v", got)
	}
}
