package rehearse

import (
	"time"

	"github.com/halfstep-ml/halfstep/features/replay"
)

// Report is what a rehearsal shows.
type Report struct {
	Data     Data      `json:"data"`
	AskOn    []string  `json:"ask_on"`
	Budgets  string    `json:"budgets"` // exact, or approximate
	Policies []Outcome `json:"policies"`
	Estimate *Estimate `json:"off_policy"` // of the first policy, against what was logged
}

// Data is what was rehearsed over.
type Data struct {
	Events    int64     `json:"events"`
	Customers int64     `json:"customers"`
	From      time.Time `json:"from"`
	Until     time.Time `json:"until"`
	Days      float64   `json:"days"`

	until int64 // Unix milliseconds
}

const day = float64(24 * time.Hour)

func dataOf(c replay.Counts) Data {
	d := Data{Events: c.Events, Customers: c.Customers, From: time.UnixMilli(c.From).UTC(), Until: time.UnixMilli(c.Until).UTC(), until: c.Until}
	d.Days = max(float64(d.Until.Sub(d.From))/day, 1)
	return d
}

// Outcome is what one policy would have done.
type Outcome struct {
	Name     string   `json:"name"`
	Revision string   `json:"revision"`
	Asks     int      `json:"asks"`
	Actions  int      `json:"actions"` // sent to customers and staff
	PerDay   float64  `json:"actions_per_day"`
	Contacts int      `json:"contacts"` // actions sent to customers
	Held     int      `json:"held"`     // actions that a holdout kept from customers
	Reached  int      `json:"customers_reached"`
	Customer Spread   `json:"contacts_per_customer"`
	Timers   Timers   `json:"timers"`
	Plays    []Play   `json:"plays"`
	Withheld []Stop   `json:"withheld"`
	Budgets  []Budget `json:"budgets"`
}

// Spread is how contacts are spread over all customers of the data, reached or not.
type Spread struct {
	None float64 `json:"share_without"` // share of customers with none
	Mean float64 `json:"mean"`
	P50  int     `json:"p50"`
	P90  int     `json:"p90"`
	P99  int     `json:"p99"`
	Max  int     `json:"max"`
}

// Timers are what became of the timers that plays set: all that are set become moot, fire, or still wait when the data ends.
type Timers struct {
	Set     int `json:"set"`
	Moot    int `json:"moot"`
	Fired   int `json:"fired"`
	Waiting int `json:"waiting"`
}

// Play is what came of one play.
type Play struct {
	Name      string         `json:"play"`
	Actions   int            `json:"actions"`
	PerDay    float64        `json:"actions_per_day"`
	Customers int            `json:"customers"`
	ByAction  map[string]int `json:"by_action"`
	ByDay     map[string]int `json:"by_day"` // in the playbook's time zone
	Timers    Timers         `json:"timers"`
}

// Stop is what was withheld for one reason: the proposals, and how many customers they were for.
type Stop struct {
	Why       string `json:"why"`
	By        string `json:"by,omitempty"`
	Proposals int    `json:"proposals"`
	Customers int    `json:"customers"`
}

// Budget is how much of a budget was used in each of its windows.
type Budget struct {
	Name    string   `json:"budget"`
	Max     int      `json:"max"`
	Per     string   `json:"per"`
	Full    int      `json:"windows_used_up"`
	Windows []Window `json:"windows"` // in which anything was wanted
}

// Window is the use of a budget in one window.
type Window struct {
	From    string `json:"from"`
	Used    int    `json:"used"`
	Refused int    `json:"refused"` // proposals that found nothing left
}
