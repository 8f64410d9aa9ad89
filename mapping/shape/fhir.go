package shape

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// fhir reads a QuestionnaireResponse: items by linkId. A group is an object; an answer is its value; what is asked because of an
// answer stands beside it. What repeats, or is declared to, is a list. The texts of the questions are no answers.
func fhir(w *walk, sent map[string]any) (answers map[string]any, taken []string) {
	if sent["resourceType"] != "QuestionnaireResponse" {
		w.refuse("", "the form is no QuestionnaireResponse")
	}
	if status := sent["status"]; status != "completed" && status != "amended" {
		w.refuse("/status", "this is no submission: its status is neither completed nor amended")
	}
	w.unmodified(sent, "")
	r := responseWalk{walk: w, questions: map[string]any{}}
	answers = r.group(sent["item"], Answers, "/"+Answers, "/item")
	w.aside("questions", r.questions, "")
	return answers, []string{"item"}
}

// unmodified refuses the elements that FHIR lets nobody go past who does not understand them, wherever they stand.
func (w *walk) unmodified(n any, at string) {
	switch n := n.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(n)) {
			if name == "modifierExtension" || name == "implicitRules" {
				w.refuse(w.at(at, name), "this may change what the form means, and is not understood")
			}
			w.unmodified(n[name], w.at(at, name))
		}
	case []any:
		for i, it := range n {
			w.unmodified(it, w.at(at, i))
		}
	}
}

// responseWalk is that of one QuestionnaireResponse.
type responseWalk struct {
	*walk
	questions map[string]any // texts and definitions by linkId
	count     int            // of lists of items
}

// found is one value, or one group, of a linkId.
type found struct {
	value any
	group bool // value is a list of items
	of    int  // the list of items that it stands in
	at    string
}

// items are those of one group: what was found of each linkId, in their order.
type items struct {
	names []string
	by    map[string][]found
}

func (its *items) add(linkID string, f found) {
	if _, known := its.by[linkID]; !known {
		its.names = append(its.names, linkID)
	}
	its.by[linkID] = append(its.by[linkID], f)
}

// group makes an object of a list of items; dotted and plain are where it goes, at where it stands.
func (r *responseWalk) group(list any, dotted, plain, at string) map[string]any {
	r.moved(plain, at)
	its := items{by: map[string][]found{}}
	r.gather(&its, list, at)
	out := map[string]any{}
	for _, linkID := range its.names {
		all, path, to := its.by[linkID], dotted+"."+linkID, r.at(plain, linkID)
		if len(all) == 1 && !slices.Contains(r.lists, path) {
			out[linkID] = r.value(all[0], path, to)
			continue
		}
		r.moved(to, all[0].at)
		values := make([]any, len(all))
		for i, f := range all {
			if f.group != all[0].group || f.of != all[0].of {
				r.refuse(f.at, "a linkId stands there again, and not in the same list of items")
			}
			values[i] = r.value(f, path, r.at(to, i))
		}
		out[linkID] = values
	}
	return out
}

func (r *responseWalk) value(f found, dotted, plain string) any {
	if f.group {
		return r.group(f.value, dotted, plain, f.at)
	}
	r.moved(plain, f.at)
	return f.value
}

// gather finds the values of a list of items, and of those that are asked because of one of its answers.
func (r *responseWalk) gather(its *items, list any, at string) {
	r.count++
	of := r.count
	for i, it := range r.list(list, at) {
		at := r.at(at, i)
		item := r.object(it, at, "linkId", "text", "definition", "item", "answer")
		linkID := r.text(item, "linkId", at)
		r.question(linkID, item, at)
		below, group := item["item"]
		answers := r.list(item["answer"], r.at(at, "answer"))
		if group && len(answers) > 0 {
			r.refuse(at, "an item has both answers and items")
		}
		if group {
			its.add(linkID, found{value: below, group: true, of: of, at: r.at(at, "item")})
		}
		for j, a := range answers {
			at := r.at(r.at(at, "answer"), j)
			answer := r.object(a, at, append([]string{"item"}, values...)...)
			below, asked := answer["item"]
			if asked && len(answers) > 1 {
				r.refuse(r.at(at, "item"), "one of several answers has items of its own")
			}
			r.gather(its, below, r.at(at, "item"))
			r.answer(its, linkID, answer, of, at)
		}
	}
}

// answer adds the one value of an answer.
func (r *responseWalk) answer(its *items, linkID string, answer map[string]any, of int, at string) {
	n := 0
	for name, v := range answer {
		if name == "item" {
			continue
		}
		if n++; n > 1 || !isOf(name, v) {
			r.refuse(r.at(at, name), "an answer has one value, of the type that its name says")
		}
		its.add(linkID, found{value: v, of: of, at: r.at(at, name)})
	}
}

// values are the names of an answer's value, by its type.
var values = []string{"valueBoolean", "valueDecimal", "valueInteger", "valueDate", "valueDateTime", "valueTime", "valueString", "valueUri",
	"valueAttachment", "valueCoding", "valueQuantity", "valueReference"}

func isOf(name string, v any) (is bool) {
	switch name {
	case "valueBoolean":
		_, is = v.(bool)
	case "valueDecimal", "valueInteger":
		_, is = v.(json.Number)
	case "valueAttachment", "valueCoding", "valueQuantity", "valueReference":
		_, is = v.(map[string]any)
	default:
		_, is = v.(string)
	}
	return is
}

// question keeps what the form asks, once.
func (r *responseWalk) question(linkID string, item map[string]any, at string) {
	asks := map[string]any{}
	for _, name := range []string{"text", "definition"} {
		if v, there := item[name]; there {
			asks[name] = v
			r.moved(r.at(r.at("/"+Meta+"/questions", linkID), name), r.at(at, name))
		}
	}
	if known, again := r.questions[linkID]; again && !reflect.DeepEqual(known, asks) {
		r.refuse(at, "a linkId stands there again with another text")
	}
	if r.questions[linkID] = asks; len(asks) == 0 {
		delete(r.questions, linkID)
	}
}

// list returns a list; nothing is an empty one.
func (r *responseWalk) list(v any, at string) []any {
	list, ok := v.([]any)
	if v != nil && !ok {
		r.refuse(at, "this is no list")
	}
	return list
}

// object returns an object that has no other members than those.
func (r *responseWalk) object(v any, at string, members ...string) map[string]any {
	m, ok := v.(map[string]any)
	if !ok {
		r.refuse(at, "this is no object")
	}
	for name := range m {
		if !slices.Contains(members, name) {
			r.refuse(r.at(at, name), "this is not understood here")
		}
	}
	return m
}
