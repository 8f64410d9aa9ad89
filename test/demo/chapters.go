package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// delivered waits until every legacy system has what it should, and shows it.
func (d *demo) delivered(ctx context.Context) error {
	d.step("The legacy systems get them", "Each in its own shape. The mainframe's batch closes after three lines, or after three seconds.")
	err := d.until(ctx, "all forms to be delivered", func() (string, bool, error) {
		events, _ := d.portal.snapshot()
		n := 0
		for _, e := range events {
			if e.Type == "delivered" {
				n++
			}
		}
		return fmt.Sprintf("%d of %d", n, len(good())), n == len(good()), nil
	})
	if err != nil {
		return err
	}
	if err := d.showRegister(); err != nil {
		return err
	}
	for _, pattern := range []string{"legacy/dog-tax/out/DL-77.csv", "legacy/mainframe/IN/*.DAT"} {
		names, err := filepath.Glob(d.path(filepath.FromSlash(pattern)))
		if err != nil {
			return err
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			who := map[bool]string{true: "dog tax", false: "mainframe"}[strings.HasSuffix(name, ".csv")]
			rel, _ := filepath.Rel(d.dir, name)
			d.show(who, rel, latin1(b))
		}
	}
	return nil
}

// latin1 shows bytes of the legacy systems; what differs in windows-1252 does not occur in the samples.
func latin1(b []byte) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}

// showRegister shows the rows of one permit and of one claim.
func (d *demo) showRegister() error {
	var number, area, fee, surname, site, parcels string
	err := d.register.QueryRow(`select CASE_NO, SURNAME, SITE, AREA, FEE, (select group_concat(DISTRICT || ' ' || PARCEL, ', ')
		from APPLICATION_PARCEL p where p.CASE_NO = a.CASE_NO) from APPLICATION a where FORM_REF = ?`, permitSample).
		Scan(&number, &surname, &site, &area, &fee, &parcels)
	if err != nil {
		return err
	}
	d.show("register", "APPLICATION and APPLICATION_PARCEL, "+permitSample,
		fmt.Sprintf("case %s: %s, %s, %s m2, fee %s\nparcels: %s", number, surname, site, area, fee, parcels))
	var claim, name, income, dependents, incomes string
	err = d.claims.QueryRow(`select CLAIM_ID, LAST_NAME, MONTHLY_INCOME, (select group_concat(FULL_NAME, ', ') from DEPENDENT x where x.CLAIM_ID = c.CLAIM_ID),
		(select group_concat(KIND || ' ' || AMOUNT, ', ') from INCOME_SOURCE x where x.CLAIM_ID = c.CLAIM_ID) from CLAIM c order by CLAIM_ID limit 1`).
		Scan(&claim, &name, &income, &dependents, &incomes)
	if err != nil {
		return err
	}
	d.show("pensions", "CLAIM, DEPENDENT and INCOME_SOURCE", fmt.Sprintf("claim %s: %s, %s a month\ndependents: %s\nincome: %s", claim, name, income, dependents, incomes))
	return nil
}

// decided lets the offices decide, and waits until the portal has every decision.
func (d *demo) decided(ctx context.Context) error {
	d.step("The offices decide", "In the register, by answer files, and by a person. The portal fetches decisions and documents.")
	events, _ := d.portal.snapshot()
	id := ""
	for _, e := range events {
		if e.Type == "delivered" && e.Reference == newHouses()[2] {
			id = e.Submission
		}
	}
	var s status
	resp, err := d.portal.get(ctx, "/v1/submissions/"+id, &s, nil)
	if err != nil {
		return err
	}
	if !d.asleep {
		d.beside(d.office.work)
	}
	if err := d.longPoll(ctx, id, resp.Header.Get("ETag")); err != nil {
		return err
	}
	return d.until(ctx, "all decisions to come back", func() (string, bool, error) {
		_, decisions := d.portal.snapshot()
		unmarked := 0
		err := d.register.QueryRowContext(ctx, "select count(*) from DECISION where SENT is null").Scan(&unmarked)
		return fmt.Sprintf("%d of %d, and %d in the register are not marked as fetched", len(decisions), len(good()), unmarked),
			len(decisions) >= len(good()) && unmarked == 0, err
	})
}

// longPoll asks for a submission's status and waits for it to change.
func (d *demo) longPoll(ctx context.Context, id, etag string) error {
	wait := max(1, min(20, int(d.patience.Seconds())))
	resp, b, err := d.portal.call(ctx, http.MethodGet, "/v1/submissions/"+id, nil,
		map[string]string{"If-None-Match": etag, "Prefer": fmt.Sprintf("wait=%d", wait)})
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusNotModified {
		return fmt.Errorf("waited %d s in vain for a decision on %s; the office's table is DECISION in %s", wait, newHouses()[2], d.path("legacy", "register.db"))
	}
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(b), `"approved"`) {
		return fmt.Errorf("status of %s: %s: %s", newHouses()[2], resp.Status, b)
	}
	d.say("portal", "GET /v1/submissions/%s with Prefer: wait=%d  answered as soon as it was decided", id, wait)
	return nil
}

// told waits until every event has come as a webhook, and the lost answer has led to a repeat.
func (d *demo) told(ctx context.Context) error {
	d.step("The webhooks arrive", "Each event is pushed as well, signed. The one whose answer got lost comes again after a few seconds.")
	err := d.until(ctx, "a webhook for every event", func() (string, bool, error) {
		events, _ := d.portal.snapshot()
		seen, repeats, refused := d.portal.hooks.snapshot()
		if len(refused) > 0 {
			return "", false, fmt.Errorf("webhooks that are not right: %s", strings.Join(refused, "; "))
		}
		all := 3*len(good()) + 2*len(wrong()) // accepted, delivered, decided; or accepted, rejected
		return fmt.Sprintf("%d of %d, and %d polled", len(seen), all, len(events)), len(seen) >= all && len(events) >= all && repeats > 0, nil
	})
	if err != nil {
		return err
	}
	seen, repeats, _ := d.portal.hooks.snapshot()
	d.say("webhook", "%d events came, every signature right, %d repeat dropped", len(seen), repeats)
	return nil
}

// troubles prints what the agent's log says went wrong. It holds nothing that a citizen wrote.
func (d *demo) troubles() {
	b, err := os.ReadFile(d.path("agent.log"))
	if err != nil {
		return
	}
	for _, line := range strings.Split(string(b), "\n") {
		if strings.Contains(line, `"level":"error"`) || strings.Contains(line, `"level":"warn"`) {
			d.plain("agent.log: %s", line)
		}
	}
}
