package shape

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/decode"
)

// leaves calls f for every value that holds no others, with its place.
func leaves(n any, at string, f func(at string, n any)) {
	switch n := n.(type) {
	case map[string]any:
		for name, v := range n {
			leaves(v, at+"/"+escape.Replace(name), f)
		}
	case []any:
		for i, v := range n {
			leaves(v, at+"/"+strconv.Itoa(i), f)
		}
	default:
		f(at, n)
	}
}

// under is the value at a place.
func under(n any, at string) (any, bool) {
	if at == "" {
		return n, true
	}
	for step := range strings.SplitSeq(at[1:], "/") {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch x := n.(type) {
		case map[string]any:
			v, ok := x[step]
			if n = v; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				return nil, false
			}
			n = x[i]
		default:
			return nil, false
		}
	}
	return n, true
}

// names are the members that give a value of the plain tree its name, or say how it is written.
var names = map[string]bool{"question_id": true, "linkId": true, "can_have_multiple_answers": true}

// kept checks that every value that was sent stands in the plain tree, that it is known from where, and that nothing else does.
func kept(t *testing.T, s *Shape, sent, plain any) {
	t.Helper()
	from, was := map[string]bool{}, s.Sent(sent, []string{"answers.pet", "answers.pet.toy"})
	leaves(plain, "", func(at string, n any) {
		where := was(at)
		was, ok := under(sent, where)
		if long := len(where) > maxPointer/2; long {
			return
		}
		text, _ := was.(string)
		part, _ := n.(string)
		if from[where] = true; !ok || was != n && (part == "" && text != "" || !strings.Contains(text, part)) {
			t.Errorf("%s is said to be from %s", at, where)
		}
	})
	leaves(sent, "", func(at string, n any) {
		name := at[strings.LastIndexByte(at, '/')+1:]
		if n == "" && s.Name == "gov.uk-forms" || names[name] || from[at] || len(at) > maxPointer/2 {
			return
		}
		t.Errorf("%s is left out", at)
	})
}

// FuzzPlain sends anything through every shape: it becomes a plain tree with all of it, or is an error.
func FuzzPlain(f *testing.F) {
	for _, seed := range []string{
		`{"data":{"a":"data:image/png;base64,AAEC","b":[{"c":1}]},"state":"submitted","answers":3}`,
		`{"values":{"a":1},"metadata":{"r":"x"}}`,
		submission(`{"question_id":"n","question_text":"N","can_have_multiple_answers":true,"answer_text":["a","b"],"first_name":["c","d"]},{"question_id":"m","question_text":"M","answer_text":"a"}`),
		response(`{"linkId":"g","text":"G","item":[{"linkId":"a","answer":[{"valueString":"x"},{"valueString":"y"}]}]},{"linkId":"b","answer":[{"valueBoolean":true,"item":[{"linkId":"c","answer":[{"valueInteger":1}]}]}]}`),
		xform(`<who><name a="b">A</name></who><child>x</child>`),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for i := range shapes {
			s := &shapes[i]
			sent, err := decode.Decode(s.Format, b, decode.Options{Limits: decode.Limits{Depth: 12}})
			if err != nil {
				continue
			}
			plain, err := s.Plain(sent, []string{"answers.pet", "answers.pet.toy"})
			var e *Error
			switch {
			case err == nil:
				kept(t, s, sent, plain)
			case !errors.As(err, &e) || !utf8.ValidString(e.Pointer):
				t.Errorf("%v", err)
			default:
				if _, ok := under(sent, e.Pointer[:max(0, strings.LastIndexByte(e.Pointer, '/'))]); !ok {
					t.Errorf("%s is nowhere", e.Pointer)
				}
			}
			if _, err := json.Marshal(plain); err != nil {
				t.Error(err)
			}
		}
	})
}
