package control

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
)

// View is everything about one submission as show prints it, without what the citizen wrote.
type View struct {
	journal.Entry
	Text        string               `json:"text,omitempty"` // why it is parked or rejected
	Next        string               `json:"next,omitempty"` // what to do
	Mapping     string               `json:"mapping"`
	Digest      string               `json:"digest"`
	Attachments []File               `json:"attachments,omitempty"`
	Deliveries  []Delivery           `json:"deliveries"`
	Keys        []Key                `json:"keys,omitempty"`
	Results     []Result             `json:"results,omitempty"`
	Errors      []journal.FieldError `json:"errors,omitempty"`
	Timeline    []journal.Moment     `json:"timeline"`
	Raw         []string             `json:"raw,omitempty"` // systems' own words, which may hold what the citizen wrote; only when asked for
}

// File is an attachment or document.
type File struct {
	Name        string `json:"name,omitempty"` // of an attachment only when asked for: a citizen chose it
	ContentType string `json:"contentType,omitempty"`
	Size        int64  `json:"size"`
	Digest      string `json:"digest"` // SHA-256 in hex
}

// Key is what people find a submission by.
type Key struct {
	Name  string `json:"name"`
	Keep  string `json:"keep"`            // plain, hashed or encrypted
	Value string `json:"value,omitempty"` // only when asked for: a citizen wrote it; never of a hashed one
}

// Delivery is how far one target is.
type Delivery struct {
	Target   string           `json:"target"`
	Progress journal.Progress `json:"progress"`
	Batch    int64            `json:"batch,omitempty"`
	Attempts int              `json:"attempts"`
	Code     string           `json:"code,omitempty"`
	Text     string           `json:"text,omitempty"`
	Next     string           `json:"next,omitempty"`
}

// Result is one decision of the back office.
type Result struct {
	Source    string    `json:"source"`
	ResultID  string    `json:"resultId"`
	Outcome   string    `json:"outcome,omitempty"`
	Status    string    `json:"status,omitempty"`
	CaseNo    string    `json:"caseNumber,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	By        string    `json:"by,omitempty"`
	At        time.Time `json:"at"`
	Documents []File    `json:"documents,omitempty"`
	Code      string    `json:"code,omitempty"` // why it is parked
}

// Batch is one sealed batch.
type Batch struct {
	Target   string           `json:"target"`
	Seq      int64            `json:"seq"`
	Name     string           `json:"name"`
	Progress journal.Progress `json:"progress"`
	Members  int              `json:"members"`
	Size     int64            `json:"size"`
	SealedAt time.Time        `json:"sealedAt"`
	Why      string           `json:"why"`
	Digest   string           `json:"digest"`
}

// ViewOf makes a View of the journal's; with raw also what systems said in their own words, and how attachments are named.
func ViewOf(v journal.View, raw bool) View {
	out := View{Entry: v.Entry, Mapping: v.Plan, Digest: v.Digest, Attachments: filesOf(v.Attachments), Errors: v.Errors, Timeline: v.Timeline, Deliveries: []Delivery{}}
	for i := range out.Attachments {
		if !raw {
			out.Attachments[i].Name = ""
		}
	}
	if v.Reason != nil {
		out.Text, out.Next = v.Reason.Text, possible(v.Reason.Next, &v)
	}
	if raw {
		out.Raw = rawOf(v)
	}
	for _, k := range v.Keys {
		if !raw {
			k.Value = ""
		}
		out.Keys = append(out.Keys, Key{k.Name, k.Keep, k.Value})
	}
	for _, d := range v.Deliveries {
		x := Delivery{Target: d.Target, Progress: d.Progress, Batch: d.Batch, Attempts: d.Attempts}
		if d.Reason != nil {
			x.Code, x.Text, x.Next = d.Reason.Code, d.Reason.Text, possible(d.Reason.Next, &v)
		}
		out.Deliveries = append(out.Deliveries, x)
	}
	for _, r := range v.Results {
		out.Results = append(out.Results, resultOf(r))
	}
	return out
}

// possible is the next step, or those that there are where it is another mapping and the submission keeps its own.
func possible(next string, v *journal.View) string {
	if v.State == journal.Accepted || v.State == journal.Parked || !strings.Contains(next, "--mapping NEW") {
		return next
	}
	return KeptNext(v)
}

// KeptNext says which ways there are for what is parked of a submission that keeps its mapping.
func KeptNext(v *journal.View) string {
	for _, x := range v.Deliveries {
		if x.Progress == journal.Held {
			return fmt.Sprintf("mend the target or its data and: inbasket retry %s; or bring it to %s by hand and: inbasket confirm %[1]s %[2]s; or give up what is left by: inbasket reject %[1]s --force", v.ID, x.Target)
		}
	}
	return "nothing of it is parked; if something is missing at a target, write it there by hand"
}

func resultOf(r journal.Outcome) Result {
	out := Result{Source: r.Source, ResultID: spoken(r.ResultID), Outcome: r.Outcome, Status: r.Status, CaseNo: r.CaseNo, Reason: r.Reason, By: r.By, At: r.At, Documents: filesOf(r.Documents)}
	if r.Park != nil {
		out.Code = r.Park.Code
	}
	return out
}

// spoken writes what the journal keeps in one text of several parts as people read it.
func spoken(s string) string { return strings.ReplaceAll(s, "\x1f", ", ") }

// BatchesOf makes Batches of the journal's.
func BatchesOf(list []journal.Batch) []Batch {
	out := make([]Batch, len(list))
	for i, b := range list {
		out[i] = Batch{Target: b.Target, Seq: b.Seq, Name: b.Name, Progress: b.Progress, Members: len(b.Members), Size: b.Size, SealedAt: b.SealedAt, Why: b.Why, Digest: hex.EncodeToString(b.Digest[:])}
	}
	return out
}

// rawOf collects the systems' own words, each once.
func rawOf(v journal.View) (list []string) {
	add := func(s string) {
		if s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	if v.Reason != nil {
		add(v.Reason.Raw)
	}
	for _, d := range v.Deliveries {
		if d.Reason != nil {
			add(d.Reason.Raw)
		}
	}
	for _, m := range v.Timeline {
		add(m.Raw)
	}
	return list
}

func filesOf(list []journal.File) []File {
	var out []File
	for _, f := range list {
		out = append(out, File{Name: f.Name, ContentType: f.ContentType, Size: f.Size, Digest: hex.EncodeToString(f.Digest[:])})
	}
	return out
}
