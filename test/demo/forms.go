package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// What the demo sends, by reference. A claim has no reference of its own: it is known by the file's name, or by the
// key that it is posted with.
const (
	permitSample = "BP-2026-000017" // as it stands in the example's sample
	demolition   = "BP-2026-000018"
	wrongPermit  = "BP-2026-000020" // the second parcel's number is a word
	wrongDog     = "DL-79"          // born on 30 February
	postedClaim  = "claim-4711"
	droppedClaim = "fjelde.json"
)

func newHouses() []string {
	return []string{permitSample, "BP-2026-000023", "BP-2026-000024", "BP-2026-000025"}
}
func dogs() []string { return []string{"DL-77", "DL-78"} }

// good are the references of all forms that end in a decision.
func good() []string {
	return append(append(newHouses(), demolition, postedClaim, droppedClaim), dogs()...)
}

func wrong() []string { return []string{wrongPermit, wrongDog} }

// permit is the sample permit under another reference.
func permit(reference string) ([]byte, error) {
	b, err := sample("building-permit", "typical.json")
	return []byte(strings.ReplaceAll(string(b), permitSample, reference)), err
}

// submit puts all forms in: into folders and over HTTP, wrong ones and repeated ones among them.
func (d *demo) submit(ctx context.Context) error {
	d.step("Citizens send forms", "Some lie in in-basket folders, some the portal posts over HTTP. Two are wrong, two come twice.")
	for _, f := range []struct{ folder, name, example, sample, about string }{
		{"permits", "a.json", "building-permit", "typical.json", "a new house, " + permitSample},
		{"permits", "b.json", "building-permit", "demolition.json", "a demolition, " + demolition},
		{"permits", "c.json", "building-permit", "wrong-parcel.json", "a wrong one, " + wrongPermit + ": a parcel's number is a word"},
		{"dogs", "a.xml", "dog-licence", "two-dogs.xml", "two dogs, DL-77, in XML"},
		{"dogs", "b.xml", "dog-licence", "one-dog.xml", "one dog, DL-78"},
		{"dogs", "c.xml", "dog-licence", "no-such-day.xml", "a wrong one, " + wrongDog + ": born on 30 February"},
		{"claims", droppedClaim, "pension", "typical.json", "a pension claim without a reference: its file's name is its reference"},
	} {
		b, err := sample(f.example, f.sample)
		if err == nil {
			err = d.drop(f.folder, f.name, b)
		}
		if err != nil {
			return err
		}
		d.say("in-basket", "in/%s/%s: %s", f.folder, f.name, f.about)
	}
	second, err := permit(newHouses()[1])
	if err != nil {
		return err
	}
	if err := d.drop("permits", "d.json", second); err != nil {
		return err
	}
	d.say("in-basket", "in/permits/d.json: another new house, %s", newHouses()[1])
	if err := d.post(ctx); err != nil {
		return err
	}
	return d.dropAgain(ctx)
}

// drop puts a file into an in-basket as it should be done: under a hidden name, then renamed.
func (d *demo) drop(folder, name string, content []byte) error {
	hidden := d.path("in", folder, "."+name+".part")
	if err := os.WriteFile(hidden, content, 0o600); err != nil {
		return err
	}
	return os.Rename(hidden, d.path("in", folder, name))
}

// post sends forms over HTTP: two permits, a claim that comes twice, and one that is refused at once.
func (d *demo) post(ctx context.Context) error {
	for _, reference := range newHouses()[2:] {
		b, err := permit(reference)
		if err == nil {
			_, err = d.portal.post(ctx, "building-permit", "", b)
		}
		if err != nil {
			return err
		}
	}
	claim, err := sample("pension", "typical.json")
	if err != nil {
		return err
	}
	first, err := d.portal.post(ctx, "pension", postedClaim, claim)
	if err != nil {
		return err
	}
	again, err := d.portal.post(ctx, "pension", postedClaim, claim)
	if err != nil || again.id != first.id || !again.replayed || first.replayed {
		return fmt.Errorf("the claim that was posted twice is %+v and then %+v: %v", first, again, err)
	}
	unsigned, err := sample("pension", "unsigned.json")
	if err != nil {
		return err
	}
	return d.portal.refused(ctx, unsigned, "/statementOfTruthSignature")
}

// dropAgain drops a form once more after it was accepted, under another name.
func (d *demo) dropAgain(ctx context.Context) error {
	if err := d.until(ctx, "the in-basket to be empty", d.taken); err != nil {
		return err
	}
	b, err := permit(permitSample)
	if err != nil {
		return err
	}
	d.say("in-basket", "in/permits/e.json: %s once more, the same bytes under another name", permitSample)
	if err := d.drop("permits", "e.json", b); err != nil {
		return err
	}
	return d.until(ctx, "the repeated form to be taken", d.taken)
}

// taken looks whether all in-baskets are empty.
func (d *demo) taken() (string, bool, error) {
	var left []string
	for _, folder := range []string{"permits", "dogs", "claims"} {
		entries, err := os.ReadDir(d.path("in", folder))
		if err != nil {
			return "", false, err
		}
		for _, e := range entries {
			if !e.IsDir() {
				left = append(left, filepath.Join("in", folder, e.Name()))
			}
		}
	}
	return "still there: " + strings.Join(left, ", "), len(left) == 0, nil
}

// receipt is the agent's answer to a posted form.
type receipt struct {
	id       string
	replayed bool
}

// post sends one form; the answer comes when the agent has it on disk.
func (p *portal) post(ctx context.Context, route, key string, body []byte) (receipt, error) {
	header := map[string]string{"Content-Type": "application/json"}
	if key != "" {
		header["Idempotency-Key"] = `"` + key + `"`
	}
	resp, b, err := p.call(ctx, http.MethodPost, "/v1/submissions?route="+route, body, header)
	if err != nil {
		return receipt{}, err
	}
	var answer struct {
		ID        string `json:"id"`
		Reference string `json:"reference"`
	}
	if resp.StatusCode != http.StatusAccepted || json.Unmarshal(b, &answer) != nil || resp.Header.Get("Location") != "/v1/submissions/"+answer.ID {
		return receipt{}, fmt.Errorf("POST to route %s: %s: %s", route, resp.Status, b)
	}
	r := receipt{answer.ID, resp.Header.Get("Idempotent-Replayed") == "true"}
	text := "202, submission " + r.id
	if r.replayed {
		text = "the same again: 202 and the same submission, " + r.id
	}
	p.say("portal", "POST /v1/submissions?route=%s  %s: %s", route, answer.Reference, text)
	return r, nil
}

// refused sends a form that breaks its schema and expects to be told where.
func (p *portal) refused(ctx context.Context, body []byte, pointer string) error {
	resp, b, err := p.call(ctx, http.MethodPost, "/v1/submissions?route=pension", body, map[string]string{"Content-Type": "application/json"})
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(b), pointer) {
		return fmt.Errorf("a claim without a signature was answered with %s: %s", resp.Status, b)
	}
	p.say("portal", "POST /v1/submissions?route=pension  nobody has signed: 422, something is wrong at %s", pointer)
	return nil
}
