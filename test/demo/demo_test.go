package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.Cleanup(os.Exit)) }

// folder makes the demo work in a folder of the test's own. Its path is short, because a socket lies in it.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "d")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
	return dir
}

func empty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// The demo as make demo runs it, and then as one stays: with forms of one's own.
func TestDemo(t *testing.T) {
	dir := folder(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var out bytes.Buffer
	err := run(ctx, options{stay: true, patience: time.Minute, staying: func(d *demo) {
		defer stop()
		ownForms(ctx, t, d)
		sabotage(ctx, t, d)
	}}, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"1 repeat dropped", "PERM000002.DAT", "All of it is right", "  curl -H", "rejected   DL-79: field.not-a-date at /dogs/dog/0/born"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
	empty(t, dir)
}

// ownForms tries what the demo suggests.
func ownForms(ctx context.Context, t *testing.T, d *demo) {
	b, err := permit("BP-MINE-1")
	if err == nil {
		err = d.drop("permits", "mine.json", b)
	}
	if err != nil {
		t.Error(err)
		return
	}
	err = d.until(ctx, "my own permit", func() (string, bool, error) {
		_, decisions := d.portal.snapshot()
		return "", decisions["BP-MINE-1"].outcome == "approved" && len(decisions["BP-MINE-1"].documents) == 1, nil
	})
	if err != nil {
		t.Error(err)
	}
}

// sabotage spoils one thing after the other and expects the check to notice each.
func sabotage(ctx context.Context, t *testing.T, d *demo) {
	put := func(elem ...string) error { return os.WriteFile(d.path(elem...), []byte("x"), 0o600) }
	// The own form of before is one too many everywhere; only what each case spoils must be complained about.
	for name, c := range map[string]struct {
		spoil func() error
		look  func(context.Context) error
		says  string
	}{
		"a parcel twice": {func() error {
			_, err := d.register.Exec("insert into APPLICATION_PARCEL (CASE_NO, LINE_NO, DISTRICT, PARCEL) values (1, 3, 'Altstadt', '114')")
			return err
		}, d.checkRegister, "line_no=3"},
		"a dependent lost": {func() error {
			_, err := d.claims.Exec("delete from DEPENDENT where CLAIM_ID = 1 and LINE_NO = 2")
			return err
		}, d.checkClaims, "in DEPENDENT"},
		"a gap in the numbers": {func() error { return put("legacy", "mainframe", "IN", "PERM000009.DAT") }, d.checkBatches, "PERM000009"},
		"a file twice":         {func() error { return put("legacy", "dog-tax", "out", "DL-77.csv") }, d.checkDogTax, "left over"},
		"a form left":          {func() error { return put("in", "permits", "left.txt") }, d.checkInbaskets, "left.txt"},
		"a name in the log": {func() error {
			return os.WriteFile(d.path("agent.log"), []byte("Fjelde"), 0o600)
		}, d.checkLog, "fjelde"},
		"a forged decision": {func() error {
			d.portal.mu.Lock()
			defer d.portal.mu.Unlock()
			d.portal.decisions[demolition] = decision{outcome: "approved"}
			return nil
		}, d.checkDecisions, demolition},
		"a webhook lost": {func() error {
			d.portal.hooks.mu.Lock()
			defer d.portal.hooks.mu.Unlock()
			for id := range d.portal.hooks.seen {
				delete(d.portal.hooks.seen, id)
			}
			return nil
		}, d.checkEvents, "came as webhook"},
		"a form too many": {func() error { return nil }, d.checkAgent, "states"},
	} {
		if err := c.spoil(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := c.look(ctx); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the check says %v", name, err)
		}
	}
}

// Without decisions the demo fails, says what is missing, and leaves everything for a look.
func TestNobodyDecides(t *testing.T) {
	dir := folder(t)
	var out bytes.Buffer
	err := run(context.Background(), options{asleep: true, patience: 8 * time.Second}, &out)
	if err == nil || !strings.Contains(err.Error(), "in vain for a decision") || !strings.Contains(err.Error(), "agent.log") {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if left, err := filepath.Glob(filepath.Join(dir, "inbasket-demo-*", "agent.log")); err != nil || len(left) != 1 {
		t.Errorf("left for a look: %v, %v", left, err)
	}
}

func TestInterrupted(t *testing.T) {
	dir := folder(t)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := run(ctx, options{patience: time.Minute}, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Error(err)
	}
	empty(t, dir)
}

// What runs beside and fails ends the demo.
func TestFailureBeside(t *testing.T) {
	d := &demo{screen: newScreen(&bytes.Buffer{}), options: options{patience: time.Minute}}
	d.background, d.stop = context.WithCancel(context.Background())
	defer d.stop()
	d.beside(func(context.Context) error { return errors.New("no portal") })
	err := d.until(context.Background(), "nothing", func() (string, bool, error) { return "", false, nil })
	if err == nil || err.Error() != "no portal" {
		t.Error(err)
	}
}

func TestReceiver(t *testing.T) {
	r, err := newReceiver(newScreen(&bytes.Buffer{}), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	// The example of the Standard Webhooks specification.
	const id, at, signature = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	body := []byte(`{"test": 2432232314}`)
	header := func(signature string) http.Header {
		return http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {strconv.Itoa(at)}, "Webhook-Signature": {signature}}
	}
	then := time.Unix(at, 0)
	if err := r.verify(header("v1,bad "+signature), body, then); err != nil {
		t.Error(err)
	}
	if r.verify(header(signature), append(body, ' '), then) == nil {
		t.Error("a changed body is not noticed")
	}
	if r.verify(header(""), body, then) == nil {
		t.Error("a missing signature is not noticed")
	}
	if r.verify(header(signature), body, then.Add(tolerance+time.Second)) == nil {
		t.Error("an old webhook is not noticed")
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hook", bytes.NewReader(body)))
	if _, _, wrong := r.snapshot(); w.Code != http.StatusBadRequest || len(wrong) != 1 {
		t.Errorf("%d, %v", w.Code, wrong)
	}
}

// The offsets of a PDF's table must lead to its objects.
func TestPDF(t *testing.T) {
	b := pdf("Building permit (copy)", "Case 1")
	if !bytes.Contains(b, []byte(`(Building permit \(copy\)) Tj`)) {
		t.Error("the text is not in it")
	}
	start, err := strconv.Atoi(string(regexp.MustCompile(`startxref\n(\d+)`).FindSubmatch(b)[1]))
	if err != nil || !bytes.HasPrefix(b[start:], []byte("xref\n0 6\n")) {
		t.Fatal("the table is not where it should be")
	}
	for i, m := range regexp.MustCompile(`(\d{10}) 00000 n `).FindAllSubmatch(b[start:], -1) {
		at, _ := strconv.Atoi(string(m[1]))
		if want := fmt.Sprintf("%d 0 obj", i+1); !bytes.HasPrefix(b[at:], []byte(want)) {
			t.Errorf("object %d is not at %d", i+1, at)
		}
	}
}
