package shape

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping/decode"
)

// tree decodes what was sent in the format of a shape.
func tree(t testing.TB, s *Shape, text string) any {
	t.Helper()
	var lists []string
	if s.Format == "xml" {
		lists = []string{"child"}
	}
	form, err := decode.Decode(s.Format, []byte(text), decode.Options{Lists: lists})
	if err != nil {
		t.Fatal(err)
	}
	return form
}

// response puts items into a response, and answers into a submission.
func response(items string) string {
	return `{"resourceType":"QuestionnaireResponse","status":"completed","item":[` + items + `]}`
}

func submission(answers string) string { return `{"form_name":"f","answers":[` + answers + `]}` }

func xform(inside string) string {
	return `<data id="census" version="3">` + inside + `<meta><instanceID>uuid:1</instanceID></meta></data>`
}

// TestPlain: what is sent becomes answers by the names that the form gave them, and all else is meta.
func TestPlain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, shape, sent, want string }{
		{"form.io: data are the answers", "form.io", `{"data":{"name":"A","box":{"in":[{"k":1},{"k":2}]}},"state":"submitted","metadata":{"timezone":"UTC"}}`,
			`{"answers":{"box":{"in":[{"k":1},{"k":2}]},"name":"A"},"meta":{"metadata":{"timezone":"UTC"},"state":"submitted"}}`},
		{"form.io: a text stays, whatever it looks like", "form.io", `{"data":{"note":"data:image/png;base64,AAEC","file":[{"name":"a","url":"data:text/plain;base64,QQ=="}]}}`,
			`{"answers":{"file":[{"name":"a","url":"data:text/plain;base64,QQ=="}],"note":"data:image/png;base64,AAEC"},"meta":{}}`},
		{"form.io: questions of the sender's own name", "form.io", `{"data":{"meta":1,"answers":2},"meta":3,"answers":4}`,
			`{"answers":{"answers":2,"meta":1},"meta":{"answers":4,"meta":3}}`},
		{"gov.uk-forms: parts by question", "gov.uk-forms", submission(`{"question_id":"n1","question_text":"Name?","answer_text":"A B","first_name":"A","last_name":"B"},{"question_id":"s","question_text":"Which?","answer_text":"x, y","selections":["x","y"],"can_have_multiple_answers":false}`),
			`{"answers":{"n1":{"answer_text":"A B","first_name":"A","last_name":"B"},"s":{"answer_text":"x, y","selections":["x","y"]}},"meta":{"form_name":"f","questions":{"n1":"Name?","s":"Which?"}}}`},
		{"gov.uk-forms: one that is answered several times", "gov.uk-forms", submission(`{"question_id":"n","question_text":"Name?","can_have_multiple_answers":true,"answer_text":["A B","C D"],"first_name":["A","C"],"last_name":["B","D"]}`),
			`{"answers":{"n":[{"answer_text":"A B","first_name":"A","last_name":"B"},{"answer_text":"C D","first_name":"C","last_name":"D"}]},"meta":{"form_name":"f","questions":{"n":"Name?"}}}`},
		{"gov.uk-forms: one that could have been", "gov.uk-forms", submission(`{"question_id":"n","question_text":"Name?","can_have_multiple_answers":true,"answer_text":""},{"question_id":"m","question_text":"More?","can_have_multiple_answers":true,"answer_text":[]}`),
			`{"answers":{"m":[],"n":[]},"meta":{"form_name":"f","questions":{"m":"More?","n":"Name?"}}}`},
		{"odk: groups, repeats and what the root says", "odk", xform(`<who><name>A</name></who><child><age>3</age></child>`),
			`{"answers":{"child":[{"age":"3"}],"who":{"name":"A"}},"meta":{"formID":"census","formVersion":"3","instanceID":"uuid:1"}}`},
		{"open-forms: values and what is beside", "open-forms", `{"values":{"a":1,"f":{"file_name":"x","content":"QQ=="}},"values_schema":{"type":"object"},"metadata":{"public_reference":"OF-1"}}`,
			`{"answers":{"a":1,"f":{"content":"QQ==","file_name":"x"}},"meta":{"metadata":{"public_reference":"OF-1"},"values_schema":{"type":"object"}}}`},
		{"fhir: typed values by linkId, groups as objects", "fhir-questionnaire-response", response(`{"linkId":"1","text":"You","item":[{"linkId":"1.1","text":"Smoker?","answer":[{"valueBoolean":true,"item":[{"linkId":"1.1.1","answer":[{"valueInteger":20}]}]}]},{"linkId":"1.2"}]},{"linkId":"2","answer":[{"valueCoding":{"code":"x"}}]}`),
			`{"answers":{"1":{"1.1":true,"1.1.1":20},"2":{"code":"x"}},"meta":{"questions":{"1":{"text":"You"},"1.1":{"text":"Smoker?"}},"resourceType":"QuestionnaireResponse","status":"completed"}}`},
		{"fhir: what repeats, and what is declared to, is a list", "fhir-questionnaire-response", response(`{"linkId":"kid","item":[{"linkId":"name","answer":[{"valueString":"A"}]}]},{"linkId":"kid","item":[{"linkId":"name","answer":[{"valueString":"B"}]}]},{"linkId":"pet","item":[{"linkId":"toy","answer":[{"valueString":"C"}]}]},{"linkId":"many","answer":[{"valueDate":"2026-01-01"},{"valueDate":"2026-01-02"}]}`),
			`{"answers":{"kid":[{"name":"A"},{"name":"B"}],"many":["2026-01-01","2026-01-02"],"pet":[{"toy":["C"]}]},"meta":{"questions":{},"resourceType":"QuestionnaireResponse","status":"completed"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := Named(c.shape)
			sent := tree(t, s, c.sent)
			before, _ := json.Marshal(sent)
			plain, err := s.Plain(sent, []string{"answers.pet", "answers.pet.toy"})
			if err != nil {
				t.Fatal(err)
			}
			have, _ := json.Marshal(plain)
			if after, _ := json.Marshal(sent); string(after) != string(before) {
				t.Errorf("what was sent is changed to %s", after)
			}
			if string(have) != c.want {
				t.Errorf("\nhave %s\nwant %s", have, c.want)
			}
			kept(t, s, sent, plain)
		})
	}
}

// TestNotUnderstood: what a shape does not understand is an error with its place, and nothing is left out.
func TestNotUnderstood(t *testing.T) {
	t.Parallel()
	const fhir = "fhir-questionnaire-response"
	for _, c := range []struct{ shape, sent, want string }{
		{"form.io", `[{"data":{}}]`, `the form is not one submission, which is an object`},
		{"form.io", `{"submission":{"data":{}}}`, `data is missing, or is no object`},
		{"form.io", `{"data":[]}`, `data is missing, or is no object`},
		{"form.io", `{"data":{},"state":"draft"}`, `/state this is no submission: its state is not submitted`},
		{"open-forms", `{"values":null}`, `values is missing, or is no object`},
		{"gov.uk-forms", `{"answers":{}}`, `answers is missing, or is no list`},
		{"gov.uk-forms", submission(`1`), `/answers/0 an answer is an object`},
		{"gov.uk-forms", submission(`{"question_text":"a"}`), `/answers/0 question_id is missing, or is no text`},
		{"gov.uk-forms", submission(`{"question_id":"a"}`), `/answers/0 question_text is missing, or is no text`},
		{"gov.uk-forms", submission(`{"question_id":"a","question_text":"A"},{"question_id":"a","question_text":"A"}`), `/answers/1 a question stands there twice`},
		{"gov.uk-forms", submission(`{"question_id":"a","question_text":"A","answer_text":["x"]}`), `/answers/0/answer_text this is a list, of a question that has one answer`},
		{"gov.uk-forms", submission(`{"question_id":"a","question_text":"A","can_have_multiple_answers":"yes"}`), `/answers/0 can_have_multiple_answers is neither true nor false`},
		{"gov.uk-forms", submission(`{"question_id":"a","question_text":"A","can_have_multiple_answers":true,"answer_text":["x"],"first_name":[]}`), `/answers/0/first_name this does not have one text for each answer`},
		{"gov.uk-forms", submission(`{"question_id":"a","question_text":"A","can_have_multiple_answers":true,"answer_text":["x"],"selections":["x"]}`), `/answers/0/selections this does not have one text for each answer`},
		{"gov.uk-forms", submission(`{"question_id":"a","question_text":"A","can_have_multiple_answers":true,"answer_text":"x"}`), `/answers/0/answer_text this does not have one text for each answer`},
		{"gov.uk-forms", `{"answers":[],"questions":1}`, `/questions two things that are no answers have the same name`},
		{"odk", `<data id="a"><name>A</name></data>`, `/meta instanceID is missing, or is no text`},
		{"odk", `<data id="a" encrypted="yes"><meta><instanceID>1</instanceID></meta></data>`, `the submission is encrypted`},
		{"odk", `<data id="a" instanceID="2"><meta><instanceID>1</instanceID></meta></data>`, `/@instanceID two things that are no answers have the same name`},
		{"odk", `<data id="a">text<meta><instanceID>1</instanceID></meta></data>`, `there is text that is in no element`},
		{fhir, `{"resourceType":"Bundle"}`, `the form is no QuestionnaireResponse`},
		{fhir, `{"resourceType":"QuestionnaireResponse","status":"in-progress"}`, `/status this is no submission: its status is neither completed nor amended`},
		{fhir, `{"resourceType":"QuestionnaireResponse","status":"completed","item":{}}`, `/item this is no list`},
		{fhir, `{"resourceType":"QuestionnaireResponse","status":"completed","modifierExtension":[{"url":"http://x/not-given","valueBoolean":true}]}`, `/modifierExtension this may change what the form means, and is not understood`},
		{fhir, `{"resourceType":"QuestionnaireResponse","status":"completed","contained":[{"resourceType":"Patient","modifierExtension":[{"url":"u"}]}]}`, `/contained/0/modifierExtension this may change what the form means, and is not understood`},
		{fhir, `{"resourceType":"QuestionnaireResponse","status":"completed","item":[{"linkId":"a","answer":[{"valueReference":{"modifierExtension":[]}}]}]}`, `/item/0/answer/0/valueReference/modifierExtension this may change what the form means, and is not understood`},
		{fhir, `{"resourceType":"QuestionnaireResponse","status":"completed","implicitRules":"http://x/rules"}`, `/implicitRules this may change what the form means, and is not understood`},
		{fhir, response(`1`), `/item/0 this is no object`},
		{fhir, response(`{"linkId":"a","extension":[]}`), `/item/0/extension this is not understood here`},
		{fhir, response(`{"linkId":"a","answer":[{"valueString":"x","_valueString":{}}]}`), `/item/0/answer/0/_valueString this is not understood here`},
		{fhir, response(`{"linkId":"a","answer":[{"valueString":"x","valueUri":"y"}]}`), `an answer has one value, of the type that its name says`},
		{fhir, response(`{"linkId":"a","answer":[{"valueBoolean":"true"}]}`), `/item/0/answer/0/valueBoolean an answer has one value, of the type that its name says`},
		{fhir, response(`{"linkId":"a","item":[],"answer":[{"valueString":"x"}]}`), `/item/0 an item has both answers and items`},
		{fhir, response(`{"linkId":"a","answer":[{"valueString":"x"},{"valueString":"y","item":[]}]}`), `/item/0/answer/1/item one of several answers has items of its own`},
		{fhir, response(`{"linkId":"a","answer":[{"valueString":"x","item":[{"linkId":"b","answer":[{"valueString":"y"}]}]}]},{"linkId":"b","answer":[{"valueString":"z"}]}`),
			`/item/1/answer/0/valueString a linkId stands there again, and not in the same list of items`},
		{fhir, response(`{"linkId":"a","item":[]},{"linkId":"a","answer":[{"valueString":"x"}]}`), `/item/1/answer/0/valueString a linkId stands there again, and not in the same list of items`},
		{fhir, response(`{"linkId":"a","text":"A"},{"linkId":"a","text":"B"}`), `/item/1 a linkId stands there again with another text`},
		{fhir, response(`{"linkId":"a/b","item":[{"linkId":""}]}`), `/item/0/item/0 linkId is missing, or is no text`},
	} {
		t.Run(c.shape+" "+c.want, func(t *testing.T) {
			t.Parallel()
			s := Named(c.shape)
			_, err := s.Plain(tree(t, s, c.sent), nil)
			var e *Error
			if !errors.As(err, &e) || !strings.HasSuffix(e.Error(), c.want) {
				t.Errorf("%s\nhave %v", c.sent, err)
			}
		})
	}
}

// TestSent: a place in the plain tree is told where it was sent.
func TestSent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ shape, sent, plain, want string }{
		{"form.io", `{"data":{"a":[{"b":1}],"s":"data:image/png;base64,AA"},"state":"submitted"}`, "/answers/a/0/b", "/data/a/0/b"},
		{"form.io", `{"data":{"a/b":"data:image/png;base64,AA"}}`, "/answers/a~1b", "/data/a~1b"},
		{"form.io", `{"data":{},"state":"submitted"}`, "/meta/state", "/state"},
		{"form.io", `{"data":{}}`, "/answers/missing", "/data/missing"},
		{"form.io", `{"data":{}}`, "/meta/missing", "/missing"},
		{"form.io", `{"data":{}}`, "", ""},
		{"open-forms", `{"values":{"a":1}}`, "/answers/a", "/values/a"},
		{"gov.uk-forms", submission(`{"question_id":"x","question_text":"X"},{"question_id":"n","question_text":"N","answer_text":"a"}`), "/answers/n/answer_text", "/answers/1/answer_text"},
		{"gov.uk-forms", submission(`{"question_id":"n","question_text":"N","can_have_multiple_answers":true,"answer_text":["a","b"]}`), "/answers/n/1/answer_text", "/answers/0/answer_text/1"},
		{"gov.uk-forms", submission(`{"question_id":"n","question_text":"N"}`), "/meta/questions/n", "/answers/0/question_text"},
		{"odk", xform(`<who><name>A</name></who>`), "/answers/who/name", "/who/name"},
		{"odk", xform(``), "/meta/formID", "/@id"},
		{"odk", xform(``), "/meta/instanceID", "/meta/instanceID"},
		{"fhir-questionnaire-response", response(`{"linkId":"g","item":[{"linkId":"a","answer":[{"valueString":"x"},{"valueString":"y"}]}]}`), "/answers/g/a/1", "/item/0/item/0/answer/1/valueString"},
		{"fhir-questionnaire-response", response(`{"linkId":"g","item":[{"linkId":"a"}]}`), "/answers/g/b", "/item/0/item/b"},
		{"fhir-questionnaire-response", response(`{"linkId":"g","text":"G"}`), "/meta/questions/g/text", "/item/0/text"},
	} {
		t.Run(c.shape+" "+c.plain, func(t *testing.T) {
			t.Parallel()
			s := Named(c.shape)
			if have := s.Sent(tree(t, s, c.sent), nil)(c.plain); have != c.want {
				t.Errorf("have %q, want %q", have, c.want)
			}
		})
	}
}
