package shape

import "strings"

// formIO reads a submission of form.io: its data, beside which state, metadata and what the server adds stand.
func formIO(w *walk, sent map[string]any) (answers map[string]any, taken []string) {
	if state, said := sent["state"]; said && state != "submitted" {
		w.refuse("/state", "this is no submission: its state is not submitted")
	}
	return w.within(sent, "data"), []string{"data"}
}

// openForms reads what Open Forms registers as JSON: its values, beside which their schema and metadata stand.
func openForms(w *walk, sent map[string]any) (answers map[string]any, taken []string) {
	return w.within(sent, "values"), []string{"values"}
}

// within takes one member for the answers.
func (w *walk) within(sent map[string]any, name string) map[string]any {
	in, ok := sent[name].(map[string]any)
	if !ok {
		w.refuse("", "%s is missing, or is no object", name)
	}
	w.moved("/"+Answers, "/"+name)
	return in
}

// govUK reads a submission of GOV.UK Forms: a list of answers, each an object of the parts that its question has. One that may be
// answered several times gives a list of such objects. The texts of the questions are no answers.
func govUK(w *walk, sent map[string]any) (answers map[string]any, taken []string) {
	list, ok := sent["answers"].([]any)
	if !ok {
		w.refuse("", "answers is missing, or is no list")
	}
	answers, questions := map[string]any{}, map[string]any{}
	w.moved("/"+Answers, "/answers")
	for i, it := range list {
		at := w.at("/answers", i)
		one, ok := it.(map[string]any)
		if !ok {
			w.refuse(at, "an answer is an object")
		}
		id := w.text(one, "question_id", at)
		if _, twice := answers[id]; twice {
			w.refuse(at, "a question stands there twice")
		}
		questions[id] = w.text(one, "question_text", at)
		w.moved(w.at("/meta/questions", id), w.at(at, "question_text"))
		plain := w.at("/"+Answers, id)
		w.moved(plain, at)
		if several, said := one["can_have_multiple_answers"]; said && several == true {
			answers[id] = w.several(one, plain, at)
			continue
		} else if said && several != false {
			w.refuse(at, "can_have_multiple_answers is neither true nor false")
		}
		answers[id] = w.once(one, at)
	}
	w.aside("questions", questions, "")
	return answers, []string{"answers"}
}

// notParts are members of an answer that are no parts of it.
var notParts = map[string]bool{"question_id": true, "question_text": true, "can_have_multiple_answers": true}

// once takes an answer that was given once.
func (w *walk) once(one map[string]any, at string) map[string]any {
	parts := map[string]any{}
	for name, v := range one {
		if _, list := v.([]any); list && name != "selections" {
			w.refuse(w.at(at, name), "this is a list, of a question that has one answer")
		}
		if !notParts[name] {
			parts[name] = v
		}
	}
	return parts
}

// several takes an answer whose parts are lists, all of one length: one object for each time that it was given.
func (w *walk) several(one map[string]any, plain, at string) []any {
	n := 0
	if list, ok := one["answer_text"].([]any); ok {
		n = len(list)
	}
	out := make([]any, n)
	for i := range out {
		out[i] = map[string]any{}
	}
	for name, v := range one {
		list, ok := v.([]any)
		switch {
		case notParts[name], v == "" && n == 0:
		case !ok || len(list) != n || name == "selections":
			w.refuse(w.at(at, name), "this does not have one text for each answer")
		default:
			for i := range list {
				out[i].(map[string]any)[name] = list[i]
				w.moved(w.at(w.at(plain, i), name), w.at(w.at(at, name), i))
			}
		}
	}
	return out
}

// odk reads a submission of ODK: the children of its root but meta. What the root says of the form stands in meta too.
func odk(w *walk, sent map[string]any) (answers map[string]any, taken []string) {
	if _, sealed := sent["@encrypted"]; sealed {
		w.refuse("", "the submission is encrypted")
	}
	meta, _ := sent["meta"].(map[string]any)
	w.text(meta, "instanceID", "/meta")
	for name, v := range meta {
		w.aside(name, v, w.at("/meta", name))
	}
	answers, taken = map[string]any{}, []string{"meta"}
	w.moved("/"+Answers, "")
	for name, v := range sent {
		attribute, is := strings.CutPrefix(name, "@")
		switch {
		case name == "meta":
			continue
		case is && attribute == "id":
			attribute = "formID"
		case is && attribute == "version":
			attribute = "formVersion"
		case name == "#text":
			w.refuse("", "there is text that is in no element")
		case !is:
			answers[name] = v
		}
		if taken = append(taken, name); is {
			w.aside(attribute, v, w.at("", name))
		}
	}
	return answers, taken
}
