package rules

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors/files/place"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestGlobs(t *testing.T) {
	tests := []struct {
		patterns, name string
		want           bool
	}{
		{"*.json", "a.json", true},
		{"*.json", "A.JSON", true},
		{"*.json", "a.json.ok", false},
		{"*.json | *.xml", "a.xml", true},
		{"form-??.xml", "form-12.xml", true},
		{"form-??.xml", "form-123.xml", false},
		{"[ab]*.csv", "b1.csv", true},
		{"*-[0-9].csv", "x-7.csv", true},
		{"", "a.json", false},
	}
	for _, tt := range tests {
		g, err := NewGlobs(tt.patterns)
		must(t, err)
		if got := g.Match(tt.name); got != tt.want {
			t.Errorf("%q matches %q: %v", tt.patterns, tt.name, got)
		}
	}
	for _, bad := range []string{"[", "a/*.json"} {
		if _, err := NewGlobs(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestJSONPath(t *testing.T) {
	form := `{"a":[{"f":"x"},{"f":"y"},{},{"f":""}],"b":{"c":"z"},"l":["p","q"],"n":null}`
	for path, want := range map[string]string{"a[].f": "x y", "b.c": "z", "l[]": "p q", "n[].f": "", "nope.x": ""} {
		p, err := ParsePath(path)
		must(t, err)
		got, err := p.Texts([]byte(form))
		must(t, err)
		expect(t, path, strings.Join(got, " "), want)
	}
	for _, bad := range []string{".", "a..b", "a[]b", "[]", "a[0].b"} {
		if _, err := ParsePath(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestXMLPath(t *testing.T) {
	form := `<?xml version="1.0" encoding="ISO-8859-1"?><!-- <a>no</a> --><f xmlns:x="urn:x"><meta><files><file href="h1">p<b>l</b>an.pdf</file>` +
		"<file href='h2'> f\xf6to.jpg\n</file></files><file>other</file></meta><x:one>1</x:one><files><file>deep</file></files><e/></f>"
	for path, want := range map[string]string{
		"meta.files.file": "pan.pdf föto.jpg", "meta.files.file[]": "pan.pdf föto.jpg", "meta.files.file.@href": "h1 h2",
		"meta.file": "other", "one": "1", "files.file": "deep", "e": "", "f": "", "meta": "", "file": "",
	} {
		p, err := ParsePath(path)
		must(t, err)
		got, err := p.Texts([]byte(form))
		must(t, err)
		expect(t, path, strings.Join(got, " "), want)
	}
	p, err := ParsePath("a")
	must(t, err)
	for form, want := range map[string]error{"<a": errUnread, "<f><a>1</f>": errUnread, strings.Repeat("<a>", 100): errUnread,
		`<?xml version="1.0" encoding="klingon"?><f><a>1</a></f>`: ErrCharset} {
		if got, err := p.Texts([]byte(form)); !errors.Is(err, want) || got != nil {
			t.Errorf("%s: %v %v", form, got, err)
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"a.json", "../x", "a\x00b", "m\xfcller", strings.Repeat("ü", 200), "%41"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if e := Escape(name); place.Hostile(e) || strings.ContainsAny(e, `/\`) || len(e) > place.MaxName || !utf8.ValidString(e) {
			t.Errorf("escape(%q) = %q", name, e)
		}
		if place.CheckName(name) == nil && (filepath.Base(name) != name || strings.ContainsAny(name, "\r\n\x00/\\")) {
			t.Errorf("%q was accepted", name)
		}
		a := NewAffix("{name}.ok")
		if got, ok := a.Of(a.Name(name)); name != "" && (!ok || got != name) {
			t.Errorf("marker of %q", name)
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	f.Add("a[].f", []byte(`{"a":[{"f":"x"}]}`))
	f.Add("a", []byte(`[[[[`))
	f.Add("a.b.@c", []byte(`<x><a><b c="d"/></a></x>`))
	f.Fuzz(func(t *testing.T, path string, form []byte) {
		p, err := ParsePath(path)
		if err != nil {
			return
		}
		names, err := p.Texts(form)
		if err != nil && names != nil {
			t.Error("names beside an error")
		}
		for _, n := range names {
			if n == "" {
				t.Error("empty name")
			}
		}
	})
}

func TestValidate(t *testing.T) {
	folder := map[string]func(*FolderConfig){
		"path":             func(c *FolderConfig) { c.Path = "" },
		"match":            func(c *FolderConfig) { c.Match = "[" },
		"no match":         func(c *FolderConfig) { c.Match = "" },
		"ignore":           func(c *FolderConfig) { c.Ignore = "[" },
		"ignore all":       func(c *FolderConfig) { c.Ignore = "*.tmp|*" },
		"ignore the match": func(c *FolderConfig) { c.Match, c.Ignore = "*.xml|*.json", "*.JSON|*.XML" },
		"marker":           func(c *FolderConfig) { c.Marker = ".ok" },
		"marker path":      func(c *FolderConfig) { c.Marker = "../{name}.ok" },
		"quiet":            func(c *FolderConfig) { c.Quiet = -1 },
		"poll":             func(c *FolderConfig) { c.Poll = 0 },
		"max-bytes":        func(c *FolderConfig) { c.MaxBytes = 0 },
		"beside":           func(c *FolderConfig) { c.Attachments.Beside = []string{"x.pdf"} },
		"list":             func(c *FolderConfig) { c.Attachments.List = "a[0]" },
		"move nor delete":  func(c *FolderConfig) { c.After.Move = "" },
		"delete and dated": func(c *FolderConfig) { c.After = AfterConfig{Delete: true, Dated: true} },
		"errors":           func(c *FolderConfig) { c.Errors = "" },
	}
	for name, change := range folder {
		c := FolderDefaults()
		c.Path = "x"
		must(t, c.Validate())
		if change(&c); c.Validate() == nil {
			t.Errorf("folder: %s was accepted", name)
		}
	}
}
