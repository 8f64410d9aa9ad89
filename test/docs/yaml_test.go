package docs

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/schema"
)

// languages are those that a block may be in; "text" is for what no program reads.
var languages = []string{"console", "sh", "yaml", "json", "text", "sql", "ini", "csv", "xml", "go", "python", "setup"}

// known are the sections of a configuration and of a mapping, by which a part of one is recognised.
var known = map[string][]string{
	"configuration": {"agency", "state", "listen", "monitor", "log", "control", "secrets", "retention", "inbaskets", "targets", "results", "front-offices", "routes"},
	"mapping":       {"mapping", "unmappable", "version", "input", "require", "let", "helpers", "lookups", "sequences", "layouts", "write", "order", "ignore", "keys", "answer", "tests"},
}

// partial are problems that a part of a file has only because the rest is not shown.
var partial = map[string]bool{
	config.CodeRoute: true, config.CodeUnknownName: true, config.CodeSecret: true,
	load.CodeFile: true, schema.CodeSchema: true, load.CodeUnknownTarget: true, load.CodeUnusedField: true, load.CodeLookupFile: true, helpers.CodeLookupUnknown: true,
	load.CodeLayoutUnknown: true,
}

// TestLanguages refuses blocks that no test looks at by mistake.
func TestLanguages(t *testing.T) {
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if !slices.Contains(languages, b.lang) && !(b.lang == "" && b.notRun == "") && b.lang != "" {
				t.Errorf("%s:%d: a block in %q", page, b.line, b.lang)
			}
			if b.lang == "json" && b.notRun == "" && !json.Valid([]byte(b.text)) {
				t.Errorf("%s:%d: this is not JSON", page, b.line)
			}
		}
	}
}

// TestYAML loads every configuration and mapping that is shown.
func TestYAML(t *testing.T) {
	seen := map[string]int{}
	for _, page := range pages(t) {
		files := fstest.MapFS{}
		for _, b := range blocks(t, page) {
			if b.file != "" {
				files[b.file] = &fstest.MapFile{Data: []byte(b.text)}
			}
			if b.lang != "yaml" || b.notRun != "" {
				continue
			}
			keys := topKeys(b.text)
			kind := kindOf(keys)
			seen[kind]++
			switch kind {
			case "configuration":
				report(t, b, configuration(b, keys))
			case "mapping":
				report(t, b, mappingFile(b, keys, files))
			default:
				t.Errorf("%s:%d: neither a part of a configuration nor of a mapping: %v", page, b.line, keys)
			}
		}
	}
	if seen["configuration"] < 3 || seen["mapping"] < 3 {
		t.Errorf("only %v were found", seen)
	}
}

// topKeys returns the keys at the left margin.
func topKeys(text string) []string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if key, _, ok := strings.Cut(line, ":"); ok && !strings.ContainsAny(key, " #\t{") {
			out = append(out, key)
		}
	}
	return out
}

func kindOf(keys []string) string {
	for kind, words := range known {
		if len(keys) > 0 && !slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(words, k) }) {
			return kind
		}
	}
	return ""
}

// configuration loads a configuration, completed where it is a part of one.
func configuration(b block, keys []string) error {
	for key, text := range map[string]string{"agency": "agency: A\n", "targets": "targets: {drop-x: {folder: {path: x}, file: {name: \"{id}\"}}}\n",
		"inbaskets": "inbaskets: {in-x: {folder: {path: y}}}\n", "routes": "routes: {route-x: {from: in-x, mapping: x.yaml}}\n"} {
		if !slices.Contains(keys, key) {
			b.text += text
		}
	}
	_, err := config.Parse("shown.yaml", []byte(b.text), all.Registry(), config.Options{Lenient: true, Getenv: func(string) string { return "x" }})
	return err
}

// mappingFile loads a mapping, completed where it is a part of one, beside the files that the page has before it.
func mappingFile(b block, keys []string, files fstest.MapFS) error {
	for key, text := range map[string]string{"mapping": "mapping: shown\n", "version": "version: 1\n", "input": "input: {format: json, unused: allow}\n",
		"write": "write: [{as: write-x, to: target-x, table: T, fields: {A: '1'}}]\n"} {
		if !slices.Contains(keys, key) {
			b.text += text
		}
	}
	files["shown.yaml"] = &fstest.MapFile{Data: []byte(b.text)}
	_, err := load.Mapping(files, "shown.yaml", nil)
	return err
}

// report tells what is wrong with a block, without what a part of a file need not have.
func report(t *testing.T, b block, err error) {
	t.Helper()
	var problems diag.Problems
	if err != nil && !errors.As(err, &problems) {
		t.Errorf("%s:%d: %v", b.page, b.line, err)
		return
	}
	for _, p := range problems {
		if !partial[p.Code] {
			t.Errorf("%s:%d: %s", filepath.Base(b.page), b.line+p.Line-1, diag.Problems{p})
		}
	}
}
