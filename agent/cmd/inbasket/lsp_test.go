package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// talk is a conversation with inbasket lsp as a process of its own.
type talk struct {
	t       *testing.T
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	folder  string
	last    int // number of the last question
	version int
	notes   []message // that came while an answer was waited for
}

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code int `json:"code"`
	} `json:"error"`
}

type diagnostics struct {
	URI         string `json:"uri"`
	Version     int    `json:"version"`
	Diagnostics []struct {
		Range    rangeOf `json:"range"`
		Severity int     `json:"severity"`
		Code     string  `json:"code"`
		Message  string  `json:"message"`
	} `json:"diagnostics"`
}

type rangeOf struct {
	Start, End struct{ Line, Character int }
}

// String is FROM:COLUMN-COLUMN.
func (r rangeOf) String() string {
	return fmt.Sprintf("%d:%d-%d", r.Start.Line, r.Start.Character, r.End.Character)
}

func startTalk(t *testing.T, args ...string) *talk {
	t.Helper()
	k := &talk{t: t, folder: t.TempDir(), cmd: exec.Command("inbasket", append([]string{"lsp"}, args...)...)}
	k.cmd.Stderr = os.Stderr
	in, err := k.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := k.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	k.in, k.out = in, bufio.NewReader(out)
	end := time.AfterFunc(time.Minute, func() { _ = k.cmd.Process.Kill() })
	t.Cleanup(func() {
		end.Stop()
		_ = k.cmd.Process.Kill()
		_ = k.cmd.Wait()
	})
	return k
}

func (k *talk) file(name, text string) {
	k.t.Helper()
	if err := os.WriteFile(filepath.Join(k.folder, name), []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

func (k *talk) uri(name string) string {
	return (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(filepath.Join(k.folder, name)), "/")}).String()
}

func (k *talk) raw(text string) {
	k.t.Helper()
	if _, err := fmt.Fprintf(k.in, "Content-Length: %d\r\n\r\n%s", len(text), text); err != nil {
		k.t.Fatal(err)
	}
}

func (k *talk) send(m map[string]any) {
	k.t.Helper()
	m["jsonrpc"] = "2.0"
	text, err := json.Marshal(m)
	if err != nil {
		k.t.Fatal(err)
	}
	k.raw(string(text))
}

func (k *talk) tell(method string, params any) {
	k.t.Helper()
	k.send(map[string]any{"method": method, "params": params})
}

// next reads a message.
func (k *talk) next() (m message) {
	k.t.Helper()
	head, err := textproto.NewReader(k.out).ReadMIMEHeader()
	if err != nil {
		k.t.Fatal("the server hung up: ", err)
	}
	n, _ := strconv.Atoi(head.Get("Content-Length"))
	text := make([]byte, n)
	if _, err := io.ReadFull(k.out, text); err != nil {
		k.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		k.t.Fatal(err, string(text))
	}
	return m
}

// ask sends a question and returns its answer.
func (k *talk) ask(method string, params any) message {
	k.t.Helper()
	k.last++
	k.send(map[string]any{"id": k.last, "method": method, "params": params})
	for {
		m := k.next()
		if m.ID == k.last {
			return m
		}
		k.notes = append(k.notes, m)
	}
}

// edit opens a document, or gives it another text.
func (k *talk) edit(name, text string) {
	k.t.Helper()
	k.version++
	doc := map[string]any{"uri": k.uri(name), "version": k.version, "languageId": "yaml", "text": text}
	if k.version == 1 || name != "m.yaml" {
		k.tell("textDocument/didOpen", map[string]any{"textDocument": doc})
		return
	}
	k.tell("textDocument/didChange", map[string]any{"textDocument": doc, "contentChanges": []any{map[string]any{"text": text}}})
}

// found waits for what is wrong with a file by the newest text, as RANGE CODE.
func (k *talk) found(name string) (all []string) {
	k.t.Helper()
	for {
		m := message{}
		if len(k.notes) > 0 {
			m, k.notes = k.notes[0], k.notes[1:]
		} else {
			m = k.next()
		}
		var d diagnostics
		if m.Method != "textDocument/publishDiagnostics" || json.Unmarshal(m.Params, &d) != nil || d.URI != k.uri(name) || name == "m.yaml" && d.Version != k.version {
			continue
		}
		all = []string{}
		for _, x := range d.Diagnostics {
			all = append(all, x.Range.String()+" "+x.Code)
		}
		return all
	}
}

func (k *talk) place(text string) (without string, params map[string]any) {
	k.t.Helper()
	before, after, found := strings.Cut(text, "▮")
	if !found {
		k.t.Fatal("no cursor")
	}
	line := before[strings.LastIndex(before, "\n")+1:]
	column := 0
	for _, r := range line {
		if column++; r > 0xffff {
			column++
		}
	}
	return before + after, map[string]any{"textDocument": map[string]any{"uri": k.uri("m.yaml")}, "position": map[string]any{"line": strings.Count(before, "\n"), "character": column}}
}

const lspMapping = `mapping: permit
version: 1
input: {format: json, schema: s.json}
lookups: {"k😀": {values: {a: b}}}
write:
  - as: main
    to: register
    table: T
    fields:
      NAME: form.name | lookup("k😀") | upper()
      NO: form.no
`

const lspSchema = `{"type": "object", "properties": {"name": {"type": "string"}, "no": {"type": "integer"}}}`

func TestLanguageServer(t *testing.T) {
	t.Parallel()
	k := startTalk(t)
	k.file("s.json", lspSchema)
	k.file("m.yaml", "on disk stands something else")
	if m := k.ask("initialize", map[string]any{"processId": nil, "capabilities": map[string]any{}}); !strings.Contains(string(m.Result), `"positionEncoding":"utf-16"`) {
		t.Fatal(string(m.Result))
	}
	k.tell("initialized", map[string]any{})
	k.edit("m.yaml", lspMapping)
	if have := k.found("m.yaml"); len(have) > 0 {
		t.Fatal(have)
	}
	// What stands behind a character of two units is found at its place.
	k.edit("m.yaml", strings.Replace(lspMapping, "upper()", "uper()", 1))
	if have := k.found("m.yaml"); !slices.Equal(have, []string{"9:40-44 mapping.unknown-helper"}) {
		t.Fatal(have)
	}
	fix := k.ask("textDocument/codeAction", map[string]any{"textDocument": map[string]any{"uri": k.uri("m.yaml")}, "context": map[string]any{},
		"range": map[string]any{"start": map[string]any{"line": 9, "character": 0}, "end": map[string]any{"line": 9, "character": 50}}})
	if !strings.Contains(string(fix.Result), `"newText":"upper"`) || !strings.Contains(string(fix.Result), `{"start":{"line":9,"character":40},"end":{"line":9,"character":44}}`) {
		t.Fatal(string(fix.Result))
	}
	// What is not saved of a file beside it counts, too, and what is wrong there is told there.
	k.edit("m.yaml", lspMapping)
	k.found("m.yaml")
	k.edit("s.json", `{"type": 1}`)
	if have := k.found("s.json"); !slices.Equal(have, []string{"0:9-10 mapping.schema"}) {
		t.Fatal(have)
	}
	k.tell("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": k.uri("s.json")}})
	if have := k.found("s.json"); len(have) > 0 {
		t.Fatal(have)
	}
	// Half a mapping.
	text, at := k.place(strings.Replace(lspMapping, "NO: form.no", "NO: form.▮", 1))
	k.edit("m.yaml", text)
	if m := k.ask("textDocument/completion", at); !strings.Contains(string(m.Result), `"label":"name"`) || !strings.Contains(string(m.Result), `"newText":"no"`) {
		t.Fatal(string(m.Result))
	}
	text, at = k.place(strings.Replace(lspMapping, "| upper()", "| up▮per()", 1))
	k.edit("m.yaml", text)
	if m := k.ask("textDocument/hover", at); !strings.Contains(string(m.Result), "in capitals") || !strings.Contains(string(m.Result), `"start":{"line":9,"character":40}`) {
		t.Fatal(string(m.Result))
	}
	k.ask("shutdown", nil)
	k.tell("exit", nil)
	if err := k.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// TestLanguageServerStaysUp sends what no editor should.
func TestLanguageServerStaysUp(t *testing.T) {
	t.Parallel()
	k := startTalk(t)
	k.raw(`{"jsonrpc": "2.0", "id": `)
	k.raw(`[]`)
	k.tell("textDocument/didOpen", map[string]any{"textDocument": 7})
	k.tell("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": "untitled:1", "text": "mapping: x\n"}})
	k.tell("textDocument/didChange", map[string]any{})
	k.tell("workspace/nobodyKnows", nil)
	if m := k.ask("workspace/nobodyKnows", nil); m.Error == nil || m.Error.Code != -32601 {
		t.Error("an unknown question is not refused", m)
	}
	for _, text := range []string{"mapping:", "mapping: x\nwrite: {", "mapping: \x00", "mapping: x\r\nversion: 1\r\n", strings.Repeat("mapping: [", 3000)} {
		k.edit("m.yaml", text)
		if len(k.found("m.yaml")) == 0 {
			t.Errorf("nothing is wrong with %.20q", text)
		}
	}
	for _, c := range [][2]int{{-1, -1}, {0, 1000}, {1000, 0}} {
		at := map[string]any{"textDocument": map[string]any{"uri": k.uri("m.yaml")}, "position": map[string]any{"line": c[0], "character": c[1]}}
		k.ask("textDocument/completion", at)
		k.ask("textDocument/hover", at)
	}
	k.edit("m.yaml", "key: no mapping any more\n")
	if have := k.found("m.yaml"); len(have) > 0 {
		t.Error(have)
	}
	_ = k.in.Close()
	if err := k.cmd.Wait(); err == nil || k.cmd.ProcessState.ExitCode() != 1 {
		t.Error("it was left without shutdown and exit", err)
	}
}

// TestLanguageServerKnowsTargets gives it a configuration.
func TestLanguageServerKnowsTargets(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := filepath.Join(folder, "inbasket.yaml")
	text := "agency: X\nstate: " + filepath.ToSlash(folder) + "/state\ninbaskets:\n  in: {folder: {path: " + filepath.ToSlash(folder) + "}}\ntargets:\n  ledger: {sqlite: {path: " + filepath.ToSlash(folder) +
		"/l.db}}\nroutes:\n  r: {from: in, mapping: m.yaml}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k := startTalk(t, "--config", config)
	k.file("s.json", lspSchema)
	k.edit("m.yaml", lspMapping)
	if have := k.found("m.yaml"); !slices.Equal(have, []string{"6:8-16 mapping.unknown-target"}) {
		t.Fatal(have)
	}
	edited, at := k.place(strings.Replace(lspMapping, "to: register", "to: ▮", 1))
	k.edit("m.yaml", edited)
	if m := k.ask("textDocument/completion", at); !strings.Contains(string(m.Result), `"label":"ledger"`) {
		t.Fatal(string(m.Result))
	}
}
