package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
)

// What a citizen called a file counts as what a citizen wrote: it is in no log, status, list, event or metric, and show tells
// it only when it is asked for on record. That holds for a form that is parked as well.
func TestFileNamesStayInside(t *testing.T) {
	w := newWorld(t)
	w.write("inbasket.yaml", strings.NewReplacer(`match: "*.json", `, `match: "*.json", attachments: {beside: ["{name}-*.pdf", "{name}.pdf"]}, `,
		"from: permits,", `from: permits, match: "*[1-4].json",`).Replace(fmt.Sprintf(worldConfig, tokenHash)))
	w.write("in/Scheidung-1.pdf", "%PDF")
	w.write("in/Scheidung-1.json", form("REF-1", "Anna"))
	w.write("in/Scheidung-2.pdf", "%PDF")
	w.write("in/Scheidung-2.json", `{"ref": "REF-2", "name": "forbidden"}`)
	for n, wrong := range map[string]string{"3": `{"ref": "REF-3", `, "4": `{"ref": " REF-4", "name": "Anna"}`, "5": form("REF-5", "Anna")} { // broken, refused for its reference, of no route
		w.write("in/Scheidung-"+n+".pdf", "%PDF")
		w.write("in/Scheidung-"+n+".json", wrong)
	}
	w.start()
	w.until("three parked, one rejected, one delivered", func() bool {
		return w.states()[journal.Parked] == 3 && w.states()[journal.Rejected] == 1 && w.number("select count(*) from APPLICATION") == 1
	})
	ctx := context.Background()
	said := map[string]string{"log": w.log.String()}
	list, err := reading.Of(w.agent.Journal()).List(ctx, journal.Filter{})
	if err != nil || len(list) != 5 {
		t.Fatal(len(list), err)
	}
	status, err := w.agent.Health().Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	keep := func(what string, v any) {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		said[what] = string(b)
	}
	keep("list", list)
	keep("status", status)
	for _, e := range list {
		v, err := reading.Of(w.agent.Journal()).Show(ctx, e.ID)
		if err != nil || len(v.Attachments) != 1 {
			t.Fatal(v.Attachments, err)
		}
		keep("show "+e.Reference, control.ViewOf(v, false))
		if asked := control.ViewOf(v, true); !strings.Contains(asked.Attachments[0].Name, "Scheidung") {
			t.Errorf("asked for, it is told: %+v", asked.Attachments)
		}
		f, err := orders.Form.Give(ctx, w.agent.Desk(), control.FormRequest{ID: e.ID, Attachment: "1"})
		if err != nil || f.Blob.Size != 4 {
			t.Errorf("by its number: %+v, %v", f, err)
		}
	}
	for what, url := range map[string]string{"events": "http://" + w.at.FrontOffice + "/v1/events", "metrics": "http://" + w.at.Monitor + "/metrics"} {
		req, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(what, resp.StatusCode, err)
		}
		said[what] = string(b)
	}
	for what, s := range said {
		if s == "" || strings.Contains(s, "Scheidung") {
			t.Errorf("%s: %s", what, s)
		}
	}
}

// A form that could not be read is known by a name of ours. Once a mapping can read it, it takes its own reference, by which it is
// known when it comes again; and no other one's.
func TestUnreadFormTakesItsReference(t *testing.T) {
	w := newWorld(t)
	w.write("permit.yaml", strings.Replace(worldMapping, "format: json,", "format: json, limits: {bytes: 10},", 1))
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 && len(w.files("in")) == 0 })
	w.write("in/a.json", form("REF-1", "Anna")) // the same file
	w.until("known", func() bool { return len(w.files("in")) == 0 })
	w.write("in/b.json", form("REF-1", "Berta"))
	w.until("two are parked", func() bool { return w.states()[journal.Parked] == 2 })
	if list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{}); err != nil || !strings.HasPrefix(list[0].Reference, "file-") || list[0].Reference == list[1].Reference {
		t.Errorf("%+v, %v", list, err)
	}
	w.write("permit.yaml", strings.Replace(worldMapping, "version: 1", "version: 2", 1))
	ctx := context.Background()
	if _, err := w.agent.Reload(ctx, control.ReloadRequest{By: "test"}); err != nil {
		t.Fatal(err)
	}
	settled, err := orders.Retry.Give(ctx, w.agent.Desk(), control.RetryRequest{Mapping: true, By: "test"})
	if err != nil || len(settled) != 2 {
		t.Fatal(settled, err)
	}
	w.until("delivered", func() bool { return w.number("select count(*) from APPLICATION") == 1 })
	if v := w.view("REF-1"); v.Code != "" || v.Route != "permit" || w.states()[journal.Parked] != 1 {
		t.Errorf("%+v, %v", v.Entry, w.states())
	}
	accepted := 0
	for _, e := range w.events() {
		if e.Type == "accepted" && e.Reference == "REF-1" {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("told %d times that it was accepted", accepted)
	}
	w.write("in/c.json", form("REF-1", "Anna"))
	w.until("a repeat", func() bool { return len(w.files("in")) == 0 })
	if w.states()[journal.Parked] != 1 || w.number("select count(*) from APPLICATION") != 1 {
		t.Errorf("it is not known by its reference: %v", w.states())
	}
}
