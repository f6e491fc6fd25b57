package features_test

import (
	"reflect"
	"testing"

	"github.com/halfstep-ml/halfstep/features"
	"github.com/halfstep-ml/halfstep/features/event"
)

func told(id, name string, at int64, properties event.Object) *event.Event {
	return &event.Event{ID: id, Type: event.Track, Name: name, CustomerID: "c", At: at, ReceivedAt: at, Properties: properties}
}

func TestContactsAndWaitsSurviveEncoding(t *testing.T) {
	fs := features.Default()
	s := fs.NewState()
	fs.Fold(s, told("e1", "Page Viewed", 1000, nil))
	s.Issue(features.Contact{ID: "0000-A.1", Action: "coupon", Kind: "coupon", Channel: "web", Variant: "warm", Play: "p", At: 1000, Expires: 5000, Credit: 9000})
	s.Issue(features.Contact{ID: "0000-B.1", Action: "call", Kind: "human", Channel: "phone", Play: "q", At: 900, Expires: 5000, Flags: features.Held | features.Proactive})
	s.Wait(features.Wait{Name: "cart-24h", Due: 77, For: "/cart"})
	back := fs.NewState()
	if err := fs.Decode(s.Append(nil), back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back.Contacts(), s.Contacts()) || !reflect.DeepEqual(back.Waits(), s.Waits()) {
		t.Errorf("got %+v and %+v, want %+v and %+v", back.Contacts(), back.Waits(), s.Contacts(), s.Waits())
	}
	if got := back.Contacts()[0].Decision(); got != "0000-A" {
		t.Errorf("decision is %q", got)
	}
}

func TestOutcomesAreToldOnce(t *testing.T) {
	fs := features.Default()
	s := fs.NewState()
	s.Issue(features.Contact{ID: "0000-A.1", Action: "coupon", At: 1000, Credit: 5000})
	s.Issue(features.Contact{ID: "0000-A.2", Action: "note", At: 1000, Flags: features.Staff, Credit: 5000})
	id := event.Object{{Key: "action_id", Value: event.StringValue("0000-A.1")}}
	fs.Fold(s, told("e1", "Action Declined", 2000, id))
	fs.Fold(s, told("e2", "Action Declined", 3000, id))
	fs.Fold(s, told("e3", "Order Completed", 4000, event.Object{{Key: "revenue", Value: event.NumberValue(12)}}))
	fs.Fold(s, told("e4", "Order Completed", 4500, nil))
	marks := s.Marks()
	if len(marks) != 2 || marks[0].Outcome != features.Declined || marks[1].Outcome != features.Converted || marks[1].Value != 12 {
		t.Fatalf("marks are %+v, want one declined and one converted of 12", marks)
	}
	if c := s.Contact("0000-A.1"); c.Answered != 4000 || c.Outcomes != features.Declined|features.Converted {
		t.Errorf("contact is %+v", c)
	}
}

func TestAnOrderAfterTheCreditIsNoConversion(t *testing.T) {
	fs := features.Default()
	s := fs.NewState()
	s.Issue(features.Contact{ID: "0000-A.1", Action: "coupon", At: 1000, Credit: 5000})
	fs.Fold(s, told("e1", "Order Completed", 5001, nil))
	if marks := s.Marks(); len(marks) > 0 {
		t.Errorf("marks are %+v, want none", marks)
	}
}

func TestWaitsMoveAndGo(t *testing.T) {
	s := features.Default().NewState()
	s.Wait(features.Wait{Name: "p", Due: 1})
	s.Wait(features.Wait{Name: "p", Due: 2})
	if w, ok := s.Waiting("p"); !ok || w.Due != 2 || len(s.Waits()) != 1 {
		t.Errorf("waits are %+v, want one due at 2", s.Waits())
	}
	if !s.Unwait("p") || s.Unwait("p") {
		t.Error("a wait goes once")
	}
}
