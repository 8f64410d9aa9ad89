package sketch

import (
	"encoding/base64"
	"strings"

	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/shape"
)

// inBase64 is the format of a text that is bytes: of a file or a signature.
const inBase64 = "base64"

// isFile tells a file or a signature.
func isFile(object map[string]any) bool {
	content, _ := object["content"].(string)
	_, err := base64.StdEncoding.DecodeString(content)
	_, typ := object["type"].(string)
	_, name := object["file_name"].(string)
	return content != "" && err == nil && (typ || name) && len(object) == 2
}

// plain makes plain trees of samples that one form builder wrote, and says so; others stay as they are.
func (f *Form) plain(sent []any) []any {
	var s *shape.Shape
	for i, tree := range sent {
		of := shape.Of(f.Format, tree)
		if of == nil || i > 0 && of != s {
			return sent
		}
		s = of
	}
	if s == nil {
		return sent
	}
	f.Shape = s.Name
	for i, l := range f.Lists {
		f.Lists[i] = schema.Under(shape.Answers, l)
	}
	var plain []any
	for known := -1; known < len(f.Lists); {
		plain, known = nil, len(f.Lists)
		for _, tree := range sent {
			p, err := s.Plain(tree, f.Lists)
			if err != nil {
				return sent // it was read before
			}
			if plain = append(plain, p); s.Lists {
				f.Lists = listsOf(p.(map[string]any)[shape.Answers], shape.Answers, f.Lists)
			}
		}
	}
	for i, tree := range sent {
		if meta := plain[i].(map[string]any)[shape.Meta].(map[string]any); meta["questions"] != nil {
			delete(meta, "questions")
			f.Questions = true
		}
		f.carriedBeside(strings.TrimPrefix(s.Sent(tree, f.Lists)("/"+shape.Answers), "/"), tree, plain[i])
	}
	return plain
}

// carriedBeside takes in the schemas that stand beside the answers, which are called so where they were sent.
func (f *Form) carriedBeside(answers string, sent, plain any) {
	root, meta := sent.(map[string]any), plain.(map[string]any)[shape.Meta].(map[string]any)
	parts := &schema.Field{Below: map[string]*schema.Field{}}
	for _, key := range f.carried(parts, root, "form."+shape.Meta) {
		delete(meta, key)
	}
	into := func(field *schema.Field, key string) *schema.Field {
		if field.Below == nil {
			field.Below = map[string]*schema.Field{}
		}
		if field.Below[key] == nil {
			field.Below[key] = &schema.Field{Types: map[string]bool{}}
		}
		return field.Below[key]
	}
	for part, known := range parts.Below {
		if part == answers {
			unite(into(f.Fields, shape.Answers), known)
		} else {
			unite(into(into(f.Fields, shape.Meta), part), known)
		}
	}
}
