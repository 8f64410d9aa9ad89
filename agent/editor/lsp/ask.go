package lsp

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

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
func (s *server) at(p params) (b *workbench.Bench, line string, column int, ok bool) {
	b, d, ok := s.bench(p.TextDocument.URI)
	lines := strings.Split(strings.ReplaceAll(d.text, "\r\n", "\n"), "\n")
	if !ok || p.Position.Line < 0 || p.Position.Line >= len(lines) {
		return nil, "", 0, false
	}
	line = lines[p.Position.Line]
	return b, line, bytesOf(line, p.Position.Character), true
}

// itemKinds are the numbers that the protocol has for kinds of items.
var itemKinds = map[workbench.Kind]int{workbench.Key: 10, workbench.Word: 12, workbench.Root: 6, workbench.Field: 5, workbench.Let: 6, workbench.Row: 6, workbench.Returned: 18,
	workbench.Argument: 6, workbench.Helper: 3, workbench.Lookup: 13, workbench.Column: 5, workbench.Target: 9}

func (s *server) completion(p params) any {
	b, line, column, ok := s.at(p)
	if !ok {
		return nil
	}
	c := b.Complete(p.Position.Line, column)
	items := make([]object, 0, len(c.Items))
	for i, x := range c.Items {
		from, typed := c.From, x.Label
		if strings.HasPrefix(x.Label, "[") && from > 0 && line[from-1] == '.' { // form["e-mail"], not form.["e-mail"]
			from, typed = from-1, "."+x.Label
		}
		item := object{"label": x.Label, "kind": itemKinds[x.Kind], "detail": x.Detail, "sortText": fmt.Sprintf("%04d", i), "filterText": typed,
			"textEdit": object{"range": part(p.Position.Line, line, from, column), "newText": x.Label}}
		if x.Doc != "" {
			item["documentation"] = markdown(x.Doc)
		}
		items = append(items, item)
	}
	return object{"isIncomplete": true, "items": items} // they are those that begin as what is typed
}

func (s *server) hover(p params) any {
	b, line, column, ok := s.at(p)
	if !ok {
		return nil
	}
	t := b.Hover(p.Position.Line, column)
	if t.Text == "" {
		return nil
	}
	return object{"contents": markdown(t.Text), "range": part(p.Position.Line, line, t.From, t.To)}
}

// codeAction offers the changes that suggestions come to.
func (s *server) codeAction(p params) any {
	b, d, ok := s.bench(p.TextDocument.URI)
	if !ok {
		return nil
	}
	s.mu.Lock()
	found := s.found[p.TextDocument.URI]
	s.mu.Unlock()
	lines := strings.Split(strings.ReplaceAll(d.text, "\r\n", "\n"), "\n")
	actions := []object{}
	for _, x := range found {
		if x.File != b.Name || x.Line-1 < p.Range.Start.Line || x.Line-1 > p.Range.End.Line || x.Line > len(lines) || lines[x.Line-1] != x.Source {
			continue // of another line, or of a text that there is no more
		}
		fix, is := b.Fix(x)
		if !is || fix.Line >= len(lines) || fix.To > len(lines[fix.Line]) {
			continue
		}
		edit := object{"range": part(fix.Line, lines[fix.Line], fix.From, fix.To), "newText": fix.Text}
		actions = append(actions, object{"title": fix.Title, "kind": "quickfix", "diagnostics": []diagnostic{diagnosticOf(x, false)},
			"edit": object{"changes": object{p.TextDocument.URI: []object{edit}}}})
	}
	return actions
}
