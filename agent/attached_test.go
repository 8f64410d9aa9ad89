package agent_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

// attaching is a world whose mapping writes attachments, and files that stand in forms, into the register and into the drop.
func attaching(t *testing.T, limits string) *world {
	w := newWorld(t)
	config := strings.Replace(w.readFile("inbasket.yaml"), "match: \"*.json\", ", "match: \"*.json\", max-bytes: 134217728, attachments: {beside: [\"{name}.bin\"]}, ", 1)
	config = strings.Replace(config, "  permit: {from", "  notice: {from: permits, mapping: notice.yaml}\n  permit: {from", 1)
	config = strings.Replace(config, "routes:\n  notice: {from: permits, mapping: notice.yaml}\n  permit: {from: permits, mapping: permit.yaml, front-office: portal}", "routes:\n  notice: {from: permits, mapping: notice.yaml, front-office: portal}", 1)
	w.write("inbasket.yaml", config)
	w.write("notice.yaml", `
mapping: notice
version: 1
input: {format: json, reference: form.ref, files: [form.scan], limits: {`+limits+`}}
write:
  - {as: notice, to: register, table: NOTICE, key: [REF], fields: {REF: form.ref, NOTE: form.note}}
  - {as: files, to: register, table: FILE, each: a in attachments, fields: {REF: form.ref, NO: index, NAME: a.name, DIGEST: a.digest, DATA: a.content}}
  - {as: beside, to: drop, document: "{reference}-{n}.bin"}
`)
	w.exec("create table NOTICE (REF text primary key, NOTE text); create table FILE (REF text, NO integer, NAME text, DIGEST text, DATA blob)")
	return w
}

// content is the same random bytes for a number.
func content(n, size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = r.Read(b)
	return b
}

// stands tells whether both targets have a form's file as it was sent.
func (w *world) stands(ref string, no int, want []byte) {
	w.t.Helper()
	db := w.db()
	defer db.Close()
	var have []byte
	var digest string
	if err := db.QueryRow("select DATA, DIGEST from FILE where REF = ? and NO = ?", ref, no).Scan(&have, &digest); err != nil {
		w.t.Fatal(ref, err)
	}
	file, err := os.ReadFile(filepath.Join(w.dir, "drop", fmt.Sprintf("%s-%d.bin", ref, no+1)))
	if err != nil || !bytes.Equal(have, want) || !bytes.Equal(file, want) || digest != fmt.Sprintf("%x", sha256.Sum256(want)) {
		w.t.Errorf("%s: %d bytes in the table, %d in the drop, digest %s, error %v; %d were sent", ref, len(have), len(file), digest, err, len(want))
	}
}

// TestLargeFiles takes 60 MiB as an attachment and 60 MiB in base64 through the whole agent, while it is stopped in between.
func TestLargeFiles(t *testing.T) {
	w := attaching(t, "binary: 64MiB")
	w.write("inbasket.yaml", strings.Replace(w.readFile("inbasket.yaml"), "127.0.0.1:0}", "127.0.0.1:0, max-form: 32MiB}", 1))
	large := content(1, 60<<20)
	w.start()
	w.pause("register", true)
	w.write("in/A.bin", string(large))
	w.write("in/A.json", `{"ref":"A","note":"x"}`)
	w.write("in/B.json", `{"ref":"B","note":"data:text/plain;base64,QUJD","scan":{"file_name":"plan.pdf","content":"`+base64.StdEncoding.EncodeToString(large)+`"}}`)
	w.until("put into the drop", func() bool { return len(w.files("drop")) == 2 })
	w.halt()
	w.start()
	w.pause("register", false)
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 2 })
	w.stands("A", 0, large)
	w.stands("B", 0, large)
	if p := w.post(`{"ref":"C","note":"x","scan":"`+base64.StdEncoding.EncodeToString(large[:12<<20])+`"}`, "application/json"); p.status != 202 {
		t.Fatalf("%d %s", p.status, p.Detail)
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
	w.stands("C", 0, large[:12<<20])
	if n := w.number("select count(*) from NOTICE where NOTE = 'data:text/plain;base64,QUJD'"); n != 1 {
		t.Error("a text that looks like a file is one no more")
	}
	var held runtime.MemStats
	if runtime.ReadMemStats(&held); held.HeapSys > 1500<<20 {
		t.Errorf("the process took %d MiB", held.HeapSys>>20)
	}
}

// TestOverLimits: what is too large is told with the key that has to be raised, and no field is blamed.
func TestOverLimits(t *testing.T) {
	t.Parallel()
	w := attaching(t, "binary: 1MiB")
	scan := base64.StdEncoding.EncodeToString(content(2, 2<<20))
	w.write("in/A.json", `{"ref":"A","note":"x","scan":"`+scan+`"}`)
	w.start()
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	why := w.view(w.only().Reference).Reason
	if why.Code != "mapping.limit" || !strings.Contains(why.Text, "input.limits.binary allows") || !strings.HasSuffix(why.Text, "/scan") || !strings.HasPrefix(why.Next, "raise input.limits.binary") {
		t.Errorf("%+v", why)
	}
	p := w.postTo("", `{"ref":"B","note":"`+strings.Repeat("x", 11<<20)+`"}`, "application/json")
	if p.status != 413 || !strings.Contains(p.Detail, "listen.max-form") {
		t.Errorf("%d %s", p.status, p.Detail)
	}
}

// TestFilesGoAgain: what forms refer to outlives a purge and goes again, and what is damaged meanwhile is not written.
func TestFilesGoAgain(t *testing.T) {
	t.Parallel()
	w := attaching(t, "binary: 1MiB")
	sent, inForm := content(3, 200<<10), content(4, 200<<10)
	w.write("in/A.bin", string(sent))
	w.write("in/A.json", `{"ref":"A","note":"x"}`)
	w.write("in/B.json", `{"ref":"B","note":"x","scan":"`+base64.StdEncoding.EncodeToString(inForm)+`"}`)
	w.start()
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 2 })
	w.ageContent()
	if r := w.purge(control.PurgeRequest{}); r.Purged != 0 || r.Files != 0 {
		t.Errorf("purged: %+v", r)
	}
	again := func() {
		w.exec("delete from NOTICE; delete from FILE; delete from INBASKET_LEDGER")
		if r, err := orders.Redeliver.Give(t.Context(), w.agent.Desk(), control.RedeliverRequest{Target: "register", By: "test"}); err != nil || r.Count != 2 {
			t.Fatal(r, err)
		}
	}
	again()
	w.until("written again", func() bool { return w.number("select count(*) from FILE") == 2 })
	w.stands("A", 0, sent)
	w.stands("B", 0, inForm)
	w.until("settled", func() bool { return w.states()[journal.Delivered] == 2 })

	sum := fmt.Sprintf("%x", sha256.Sum256(sent))
	if err := filepath.WalkDir(filepath.Join(w.dir, "state", "content"), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.Contains(filepath.ToSlash(path), sum[2:]) {
			err = errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, inForm, 0o600))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	again()
	w.until("parked", func() bool { return w.to("A", "register").Reason != nil })
	w.until("the other is written", func() bool { return w.number("select count(*) from FILE") == 1 })
	w.stands("B", 0, inForm)
	if d := w.to("A", "register"); d.Progress != journal.Held || d.Reason.Code != "sql.content" {
		t.Errorf("%+v", d)
	}
}
