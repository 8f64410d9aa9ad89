package decode

import (
	"fmt"
	"slices"
	"strings"
)

// Way is the path of the list whose items are forms, from below the form; f is the format of the file that has them.
func (o Options) Way(f Format) ([]string, error) {
	way := strings.Split(o.Forms, ".")
	csv := f.Name == "csv"
	if way[0] != "form" || slices.Contains(way, "") || csv && len(way) > 1 || f.Name == "xml" && len(way) == 1 || !f.Reads("forms") {
		want := "form, or the path of a list, such as form.items"
		switch {
		case csv:
			want = "form: each line, or group of lines, is one"
		case f.Name == "xml":
			want = "the path of the elements that are forms, from below the root, such as form.item"
		}
		return nil, &Error{Code: CodeFormat, Pointer: "/forms", Message: "forms is " + want}
	}
	return way[1:], nil
}

// one decodes a file of the only form that it has.
func (f Format) one(b []byte, o Options) (any, error) {
	way, err := o.Way(f)
	if err != nil {
		return nil, err
	}
	if f.Name == "csv" {
		o.CSV.Single = true
		form, err := f.decode(b, o)
		if e, ok := err.(*Error); ok && e.Code == CodeNotOneRecord {
			e.Code = CodeForms
		}
		return form, err
	}
	if at := strings.Join(way, "."); f.Name == "xml" {
		lists := []string{at}
		for _, l := range o.Lists { // they are told as the mapping sees one form
			lists = append(lists, at+"."+strings.TrimPrefix(l, "form."))
		}
		o.Lists = lists
	}
	v, err := f.decode(b, o)
	if err != nil {
		return nil, err
	}
	for _, step := range way {
		m, _ := v.(map[string]any)
		v = m[step]
	}
	list, _ := v.([]any)
	if len(list) != 1 {
		return nil, &Error{Code: CodeForms, Message: fmt.Sprintf("one form is expected where input.forms says, there are %d", len(list))}
	}
	return list[0], nil
}
