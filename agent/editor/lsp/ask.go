package lsp

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/creachadair/jrpc2"

	"github.com/inbasket/inbasket/mapping/workbench"
)

// pathOf is the file that a URI names; "" for what is none.
func pathOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || u.Host != "" && u.Host != "localhost" {
		return ""
	}
	path := u.Path
	if len(path) > 2 && path[0] == '/' && path[2] == ':' { // /C:/mappings
		path = path[1:]
	}
	return filepath.Clean(filepath.FromSlash(path))
}

// uriOf is the URI of a file, as the editor writes it where it has it open.
func (s *server) uriOf(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for uri, d := range s.open {
		if d.path == path {
			return uri
		}
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// at is what a question is about: a mapping, a line of it, and a byte of that.
func (s *server) at(r *jrpc2.Request) (b *workbench.Bench, p asked, line string, column int, ok bool, err error) {
	if err = r.UnmarshalParams(&p); err != nil {
		return nil, p, "", 0, false, err
	}
	b, d, ok := s.bench(p.TextDocument.URI)
	lines := strings.Split(strings.ReplaceAll(d.text, "\r\n", "\n"), "\n")
	if !ok || p.Position.Line < 0 || p.Position.Line >= len(lines) {
		return nil, p, "", 0, false, nil
	}
	line = lines[p.Position.Line]
	return b, p, line, bytesOf(line, p.Position.Character), true, nil
}

// itemKinds are the numbers that the protocol has for kinds of items.
var itemKinds = map[workbench.Kind]int{workbench.Key: 10, workbench.Word: 12, workbench.Root: 6, workbench.Field: 5, workbench.Let: 6, workbench.Row: 6, workbench.Returned: 18,
	workbench.Argument: 6, workbench.Helper: 3, workbench.Lookup: 13, workbench.Column: 5, workbench.Target: 9}

func (s *server) completion(r *jrpc2.Request) (any, error) {
	b, p, line, column, ok, err := s.at(r)
	if !ok {
		return nil, err
	}
	c := b.Complete(p.Position.Line, column)
	items := make([]completionItem, 0, len(c.Items))
	for i, x := range c.Items {
		item := completionItem{Label: x.Label, Kind: itemKinds[x.Kind], Detail: x.Detail, SortText: fmt.Sprintf("%04d", i), FilterText: x.Label,
			TextEdit: textEdit{part(p.Position.Line, line, c.From, column), x.Label}}
		if strings.HasPrefix(x.Label, "[") && c.From > 0 && line[c.From-1] == '.' { // form["e-mail"], not form.["e-mail"]
			item.TextEdit.Range = part(p.Position.Line, line, c.From-1, column)
			item.FilterText = "." + x.Label
		}
		if x.Doc != "" {
			item.Documentation = &markup{"markdown", x.Doc}
		}
		items = append(items, item)
	}
	return map[string]any{"isIncomplete": true, "items": items}, nil
}

func (s *server) hover(r *jrpc2.Request) (any, error) {
	b, p, line, column, ok, err := s.at(r)
	if !ok {
		return nil, err
	}
	t := b.Hover(p.Position.Line, column)
	if t.Text == "" {
		return nil, nil
	}
	return hover{markup{"markdown", t.Text}, part(p.Position.Line, line, t.From, t.To)}, nil
}

// codeAction offers the changes that suggestions come to.
func (s *server) codeAction(r *jrpc2.Request) (any, error) {
	var p asked
	if err := r.UnmarshalParams(&p); err != nil {
		return nil, err
	}
	b, d, ok := s.bench(p.TextDocument.URI)
	if !ok {
		return nil, nil
	}
	s.mu.Lock()
	found := s.found[p.TextDocument.URI]
	s.mu.Unlock()
	lines := strings.Split(strings.ReplaceAll(d.text, "\r\n", "\n"), "\n")
	actions := []codeAction{}
	for _, x := range found {
		if x.File != b.Name || x.Line-1 < p.Range.Start.Line || x.Line-1 > p.Range.End.Line || x.Line > len(lines) || lines[x.Line-1] != x.Source {
			continue // of another line, or of a text that there is no more
		}
		fix, is := b.Fix(x)
		if !is || fix.Line >= len(lines) || fix.To > len(lines[fix.Line]) {
			continue
		}
		a := codeAction{Title: fix.Title, Kind: "quickfix", Diagnostics: []diagnostic{diagnosticOf(x, false)}}
		a.Edit.Changes = map[string][]textEdit{p.TextDocument.URI: {{part(fix.Line, lines[fix.Line], fix.From, fix.To), fix.Text}}}
		actions = append(actions, a)
	}
	return actions, nil
}
