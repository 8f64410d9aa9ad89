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
)

// What a citizen called a file counts as what a citizen wrote: it is in no log, status, list, event or metric, and show tells
// it only when it is asked for on record. That holds for a form that is parked as well.
func TestFileNamesStayInside(t *testing.T) {
	w := newWorld(t)
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(worldConfig, tokenHash), `match: "*.json", `, `match: "*.json", attachments: {beside: ["{name}-*.pdf", "{name}.pdf"]}, `, 1))
	w.write("in/Scheidung-1.pdf", "%PDF")
	w.write("in/Scheidung-1.json", form("REF-1", "Anna"))
	w.write("in/Scheidung-2.pdf", "%PDF")
	w.write("in/Scheidung-2.json", `{"ref": "REF-2", "name": "forbidden"}`)
	w.start()
	w.until("one parked, one delivered", func() bool {
		return w.states()[journal.Parked] == 1 && w.number("select count(*) from APPLICATION") == 1
	})
	ctx := context.Background()
	said := map[string]string{"log": w.log.String()}
	list, err := w.agent.List(ctx, journal.Filter{})
	if err != nil || len(list) != 2 {
		t.Fatal(len(list), err)
	}
	status, err := w.agent.Status(ctx)
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
		v, err := w.agent.Show(ctx, e.ID)
		if err != nil || len(v.Attachments) != 1 {
			t.Fatal(v.Attachments, err)
		}
		keep("show "+e.Reference, control.ViewOf(v, false))
		if asked := control.ViewOf(v, true); !strings.Contains(asked.Attachments[0].Name, "Scheidung") {
			t.Errorf("asked for, it is told: %+v", asked.Attachments)
		}
		f, err := w.agent.Form(ctx, control.FormRequest{ID: e.ID, Attachment: "1"})
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
