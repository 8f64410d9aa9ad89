package intake

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

// TestWhoseAttachment: a file that may be named after several forms belongs to the one of the longest name; where that
// cannot be told, the forms wait, and then a person is asked. None is given to two.
func TestWhoseAttachment(t *testing.T) {
	tests := []struct{ name, files, want string }{
		{"number of one, name of another", "x.json x-1.json x-1.pdf", "x-1.json:x-1.pdf x.json:"},
		{"numbers of both", "x.json x-1.json x-1.pdf x-2.pdf x-1-1.pdf", "x-1.json:x-1.pdf,x-1-1.pdf"},
		{"another ending", "x.json x-1.xml x-1.pdf", "x-1.xml:x-1.pdf x.json:"},
		{"another case", "x.json X-1.JSON x-1.pdf", "X-1.JSON:x-1.pdf x.json:"},
		{"number of another, and more of its own", "x.json x-1.json x-1.pdf x-2.pdf x-3.pdf y.json", "x-1.json:x-1.pdf y.json:"},
		{"only numbers", "x.json x-1.pdf x-2.pdf", "x.json:x-1.pdf,x-2.pdf"},
		{"one name, two endings", "x.json x.xml x.pdf y.json", "y.json:"},
		{"two cases, neither like it", "X.json x.JSON xX.pdf y.json", "X.json: x.JSON: y.json:"},
	}
	for _, tt := range tests {
		b := newBasket(t, func(c *rules.FolderConfig) { c.Match = "*.json|*.xml" })
		b.names()
		for _, f := range strings.Fields(tt.files) {
			b.put(f, "x")
		}
		b.names()
		b.clock.advance(6 * time.Second)
		var got []string
		for _, s := range b.ready(10) {
			var names []string
			for _, a := range s.Attachments {
				names = append(names, a.Name)
			}
			got = append(got, s.Handle+":"+strings.Join(names, ","))
		}
		slices.Sort(got)
		expect(t, tt.name, strings.Join(got, " "), tt.want)
	}
}

// TestDisputedAttachment is set aside with both forms when it stays so, and goes on when one of them leaves.
func TestDisputedAttachment(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Match = "*.json|*.xml" })
	b.names()
	for _, f := range []string{"x.json", "x.xml", "x.pdf"} {
		b.put(f, "x")
	}
	b.names()
	b.clock.advance(6 * time.Second)
	expect(t, "ready", b.names(), "")
	held := b.Held()
	if len(held) != 2 || !strings.Contains(held[0].Text, "another form") {
		t.Errorf("held: %+v", held)
	}
	b.clock.advance(11 * time.Minute)
	expect(t, "after the wait", b.names(), "")
	if n := strings.Count(strings.Join(b.notices, " "), CodeIncomplete); n != 2 {
		t.Errorf("notices: %v", b.notices)
	}
}

// TestListOfOtherShape: what a form lists is never left behind because the list is made in another way.
func TestListOfOtherShape(t *testing.T) {
	tests := []struct {
		path, form string
		want       string // the attachments; "-": set aside
	}{
		{"att[].file", `{"att":[{"file":"p.pdf"}]}`, "p.pdf"},
		{"att[].file", `{"att":[]}`, ""},
		{"att[].file", `{"other":1}`, ""},
		{"att[].file", `{"att":null}`, ""},
		{"att[].file", `{"att":[{"file":null},{}]}`, ""},
		{"att[].file", `{"att":{"file":"p.pdf"}}`, "-"},
		{"att[].file", `{"att":"p.pdf"}`, "-"},
		{"att[].file", `{"att":[{"file":5}]}`, "-"},
		{"att[].file", `{"att":[{"File":"p.pdf"}]}`, "-"},
		{"att[].file", `{"att":["p.pdf"]}`, "-"},
		{"parts[].files[].name", `{"parts":[{"title":"x"},{"files":[{"name":"p.pdf"}]}]}`, "p.pdf"},
		{"meta.att", `{"meta":{"x":1}}`, ""},
		{"meta.att", `{"meta":{"att":["p.pdf"]}}`, "-"},
		{"files.file.@name", `<a><files><file name="p.pdf"/></files></a>`, "p.pdf"},
		{"files.file.@name", `<a><files/></a>`, ""},
		{"files.file.@name", `<a><files><file href="p.pdf"/></files></a>`, "-"},
		{"att[].file", `{"att":[{"file":"other.json"}]}`, "-"},
	}
	for _, tt := range tests {
		b := newBasket(t, func(c *rules.FolderConfig) {
			c.Attachments.Beside, c.Attachments.List, c.Match, c.Ignore = nil, tt.path, "*.json|*.xml", "other.xml"
		})
		b.names()
		b.put("p.pdf", "x")
		b.put("f.json", tt.form)
		b.names()
		b.clock.advance(6 * time.Second)
		got := "-"
		for _, s := range b.ready(10) {
			var names []string
			for _, a := range s.Attachments {
				names = append(names, a.Name)
			}
			got = strings.Join(names, ",")
		}
		expect(t, tt.path+" of "+tt.form, got, tt.want)
	}
}

// TestStray: a file that belongs to no form is told once it has lain for long, and told again only when there are more.
func TestStray(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.Quiet, c.Ignore, c.MaxBytes = 0, "readme.*", 5 })
	b.put("late.pdf", "x")
	b.put("readme.txt", "x")
	b.put("a-1.pdf", "x")
	b.put("a.json", "x")
	b.put("half.tmp", "x")
	told := func() int { return strings.Count(strings.Join(b.notices, " "), CodeStray) }
	expect(t, "forms", b.names(), "a.json")
	if told() != 0 {
		t.Fatalf("told at once: %v", b.notices)
	}
	b.clock.advance(11 * time.Minute)
	b.names() // a.json is still being worked on
	b.clock.advance(time.Minute)
	b.names()
	if told() != 1 {
		t.Fatalf("told %d times: %v", told(), b.notices)
	}
	b.settle(connectors.Taken, "a.json")
	b.put("b.pdf", "x")
	b.clock.advance(time.Minute)
	b.names()
	b.clock.advance(11 * time.Minute)
	b.names()
	if told() != 2 {
		t.Fatalf("told %d times: %v", told(), b.notices)
	}
}
