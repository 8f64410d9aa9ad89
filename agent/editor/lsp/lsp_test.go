package lsp

import (
	"bufio"
	"path/filepath"
	"strings"
	"testing"
)

func TestPathOf(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"file:///srv/m.yaml":              "/srv/m.yaml",
		"file://localhost/srv/m.yaml":     "/srv/m.yaml",
		"file:///srv/a%20b/%C3%BC.yaml":   "/srv/a b/ü.yaml",
		"file:///srv/x/../m.yaml":         "/srv/m.yaml",
		"file:///c%3A/mappings/m.yaml":    "c:/mappings/m.yaml",
		"file:///C:/mappings/m.yaml":      "C:/mappings/m.yaml",
		"file://server/share/m.yaml":      "",
		"untitled:Untitled-1":             "",
		"https://example.org/m.yaml":      "",
		"":                                "",
		"file:///%zz":                     "",
		"vscode-notebook-cell:/srv/m.yml": "",
	} {
		t.Run(uri, func(t *testing.T) {
			t.Parallel()
			if have := filepath.ToSlash(pathOf(uri)); have != want {
				t.Errorf("have %q, want %q", have, want)
			}
		})
	}
	s := &server{open: map[string]document{"file:///c%3A/m.yaml": {path: pathOf("file:///c%3A/m.yaml")}}}
	if have := s.uriOf(pathOf("file:///c:/m.yaml")); have != "file:///c%3A/m.yaml" {
		t.Error("a file that is open has another name for the server than for the editor: ", have)
	}
	if have := s.uriOf(filepath.FromSlash("/srv/a b.yaml")); have != "file:///srv/a%20b.yaml" {
		t.Error(have)
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	const line = "a😀ü|"
	for column, want := range map[int]int{-1: 0, 0: 0, 1: 1, 2: 5, 3: 5, 4: 7, 5: 8, 99: 8} {
		if have := bytesOf(line, column); have != want {
			t.Errorf("column %d is byte %d, want %d", column, have, want)
		}
	}
	if have := units(line); have != 5 {
		t.Error(have)
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Content-Length: 2\r\n\r\n{}x": "{}",
		"content-length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf8\r\n\r\n{}": "{}",
		"Content-Length: 0\r\n\r\n":                    "",
		"Content-Length: 3\r\n\r\n{}":                  "!",
		"Content-Length: -1\r\n\r\n":                   "!",
		"Content-Length: 99999999999999999999\r\n\r\n": "!",
		"Content-Length: 9999999999\r\n\r\n{}":         "!",
		"Content-Type: x\r\n\r\n{}":                    "!",
		"{}":                                           "!",
		"\x00\xff\r\n\r\n":                             "!",
		"":                                             "!",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			have, err := (&frames{in: bufio.NewReader(strings.NewReader(text))}).Recv()
			if (err != nil) != (want == "!") || err == nil && string(have) != want {
				t.Errorf("have %q, %v", have, err)
			}
		})
	}
	var out strings.Builder
	if err := (&frames{out: &out}).Send([]byte("ü")); err != nil || out.String() != "Content-Length: 2\r\n\r\nü" {
		t.Error(out.String(), err)
	}
}
