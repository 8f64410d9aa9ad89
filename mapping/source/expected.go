package source

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	slashpath "path"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Matcher stands in a case instead of an expected value, as a block, which no column holds.
type Matcher struct {
	kind    string
	shown   string
	bytes   Content        // of bytes
	pattern *regexp.Regexp // of like and matches
	near    value.Value    // of near
	by      value.Value
}

// matchers are the first keys of a matcher.
var matchers = []string{"any", "not-null", "like", "matches", "near", "bytes", "sha256"}

// MatcherOf reads a block that stands instead of an expected value.
func MatcherOf(n *diag.Node) (*Matcher, *diag.Problem) {
	refuse := func(message, suggestion string) (*Matcher, *diag.Problem) {
		p := n.Problem(expr.CodeValue, message, suggestion)
		return nil, &p
	}
	if n.Kind != diag.Map || len(n.Pairs) == 0 {
		return refuse("a column holds one value: "+n.Kind.String()+" is expected of none", "write the value, or a matcher such as {any: true}")
	}
	kind, given := n.Pairs[0].Key, n.Pairs[0].Value
	if kind == "by" && len(n.Pairs) == 2 {
		kind, given = n.Pairs[1].Key, n.Pairs[1].Value
	}
	if !slices.Contains(matchers, kind) {
		return refuse(fmt.Sprintf("there is no matcher %q", kind), diag.DidYouMean(kind, matchers))
	}
	by, has := n.Get("by")
	if has != (kind == "near") || len(n.Pairs) > 2 || len(n.Pairs) == 2 && !has {
		return refuse("a matcher is one key alone; near goes with by", `such as {like: "AZ-%"} or {near: 12.50, by: 0.01}`)
	}
	m := &Matcher{kind: kind, shown: kind + " " + given.Text}
	var err error
	switch kind {
	case "any", "not-null":
		if m.shown = kind; given.Kind != diag.Bool || given.Text != "true" {
			return refuse(kind+" takes nothing but true", "write {"+kind+": true}")
		}
	case "like", "matches":
		if given.Kind != diag.Text {
			return refuse(kind+" takes a text", "put it in quotes")
		}
		text := given.Text
		if kind == "like" {
			text = likePattern(text)
		}
		if m.pattern, err = regexp.Compile(text); err != nil {
			return refuse("this is no regular expression: "+err.Error(), "they are written as Go and RE2 do")
		}
	case "bytes":
		m.shown = strings.TrimSpace(m.shown)
		if wrong := m.bytes.UnmarshalNode(given); len(wrong) > 0 {
			return nil, &wrong[0]
		}
	case "sha256":
		if _, err := hex.DecodeString(given.Text); err != nil || given.Kind != diag.Text || len(given.Text) != 64 {
			return refuse("sha256 takes 64 hexadecimal digits", "put them in quotes, or name a file: {bytes: plan.pdf}")
		}
	case "near":
		m.near, m.by = value.Number(given.Text), value.Number(by.Text)
		if m.shown += " by " + by.Text; !m.near.IsNumber() || !m.by.IsNumber() || value.CompareNumbers(m.by, value.Int(0)) < 0 {
			return refuse("near and by are numbers, and by is not below 0", "such as {near: 12.50, by: 0.01}")
		}
	}
	return m, nil
}

// likePattern is a pattern of SQL as a regular expression: % is any text, _ one character, and \ takes the next one as it is.
func likePattern(like string) string {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	plain := false
	for _, r := range like {
		switch {
		case plain || r != '%' && r != '_' && r != '\\':
			b.WriteString(regexp.QuoteMeta(string(r)))
			plain = false
		case r == '%':
			b.WriteString(".*")
		case r == '_':
			b.WriteString(".")
		default:
			plain = true
		}
	}
	return b.String() + "$"
}

// String is the matcher as a difference shows it.
func (m *Matcher) String() string { return m.shown }

// Matches tells whether a written value is as expected; files lie beside the mapping. What is not written matches nothing.
func (m *Matcher) Matches(v connectors.Value, fsys fs.FS) bool {
	x := value.FromConnector(v)
	switch m.kind {
	case "bytes":
		want, err := m.bytes.Read(fsys)
		return err == nil && v.Blob != nil && v.Blob.Digest == sha256.Sum256(want)
	case "sha256":
		return v.Blob != nil && strings.EqualFold(value.DigestOf(*v.Blob), m.shown[len("sha256 "):])
	case "any":
		return v.Kind != connectors.Missing
	case "not-null":
		return !x.Absent()
	case "near":
		if x.Kind == value.KindText { // a column of text may hold a number
			x = value.Number(x.Str)
		}
		r := value.Run{Budget: value.DefaultBudget(0)}
		low, high := r.Calculate('-', m.near, m.by), r.Calculate('+', m.near, m.by)
		return x.IsNumber() && r.Err == nil && value.CompareNumbers(low, x) <= 0 && value.CompareNumbers(x, high) <= 0
	}
	s, ok := x.Text()
	return ok && m.pattern.MatchString(s)
}

// Attached is a file that comes with the form of a case.
type Attached struct {
	File string `yaml:"file,required" doc:"the file, beside the mapping; its name is the attachment's"`
	Type string `yaml:"type" doc:"its content type, such as application/pdf"`
}

// UnmarshalNode reads the name of a file, or a block.
func (a *Attached) UnmarshalNode(n *diag.Node) diag.Problems {
	if n.Kind != diag.Map {
		return n.Decode(&a.File)
	}
	type plain Attached
	return n.Decode((*plain)(a))
}

// Content is what a file must be, byte for byte: a file beside the mapping, or its bytes in the mapping itself.
type Content struct {
	File    string `yaml:"-"`
	Text    string `yaml:"text" doc:"the content as text"`
	Charset string `yaml:"charset" doc:"character set of text; default UTF-8"`
	Base64  string `yaml:"base64" doc:"the content in base64"`
	Hex     string `yaml:"hex" doc:"the content in hexadecimal digits; blanks may stand between them"`
	bytes   []byte
}

// UnmarshalNode reads the name of a file, or a block with the content.
func (c *Content) UnmarshalNode(n *diag.Node) diag.Problems {
	if n.Kind != diag.Map {
		return n.Decode(&c.File)
	}
	type plain Content
	problems := n.Decode((*plain)(c))
	if len(problems) > 0 {
		return problems
	}
	kinds := slices.DeleteFunc([]string{"text", "base64", "hex"}, func(k string) bool { _, there := n.Get(k); return !there })
	if len(kinds) != 1 || c.Charset != "" && kinds[0] != "text" {
		return diag.Problems{n.Problem(expr.CodeValue, "the bytes are given by one of text, base64 and hex; charset belongs to text", `such as {text: "…", charset: ISO-8859-1}`)}
	}
	var err error
	switch kinds[0] {
	case "base64":
		c.bytes, err = base64.StdEncoding.DecodeString(c.Base64)
	case "hex":
		c.bytes, err = hex.DecodeString(strings.Join(strings.Fields(c.Hex), ""))
	default:
		set, known := charset.Lookup(c.Charset)
		if !known {
			return diag.Problems{n.ValueProblem("charset", expr.CodeValue, fmt.Sprintf("there is no character set %q", c.Charset), diag.DidYouMean(c.Charset, charset.Names()))}
		}
		var ok bool
		if c.bytes, _, ok = set.AppendString(nil, c.Text); !ok {
			return diag.Problems{n.ValueProblem("text", expr.CodeValue, c.Charset+" lacks a character of this text", "")}
		}
	}
	if err != nil {
		return diag.Problems{n.ValueProblem(kinds[0], expr.CodeValue, "this is no "+kinds[0], "")}
	}
	return nil
}

// Read returns the bytes; files lie beside the mapping.
func (c Content) Read(fsys fs.FS) ([]byte, error) {
	if c.File != "" {
		return fs.ReadFile(fsys, slashpath.Clean(c.File))
	}
	return c.bytes, nil
}
