package encode

import (
	"maps"
	"slices"

	"github.com/inbasket/inbasket/mapping/charset"
)

// Ignored finds settings of a layout that do nothing for its format or for a field's type: who writes one believes that
// it does.
func Ignored(s Spec) []SpecProblem {
	i := ignored{format: s.Format}
	i.only(s.CSV != CSVSpec{}, "csv", "csv")
	i.only(s.XML != XMLSpec{}, "xml", "xml")
	i.only(s.JSON != JSONSpec{}, "json", "json")
	i.tell(s.XML.Record != "" && len(s.Records) > 0, "with records, the element is named by each record", "xml", "record")
	i.tell(s.XML.Document && s.XML.Root != "", "the root of a document is its record's element", "xml", "root")
	i.tell(s.JSON.Records != "" && s.JSON.Style != "object", "a list of records is only named in style object", "json", "records")
	i.tell(s.Overflow == "cut" && (s.Format == "xml" || s.Format == "json"), "texts in "+s.Format+" have no length to cut to", "overflow")
	c, known := charset.Lookup(s.Charset)
	i.unicode = known && c.Unicode()
	i.tell(i.unicode && len(s.Unmappable.Transliterate) > 0, unicode, "unmappable")
	for j, f := range s.Fields {
		i.field(f, "fields", j)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Records)) {
		i.tell(s.Records[name].Element != "" && s.Format != "xml", "only records in xml are elements", "records", name, "element")
		for j, f := range s.Records[name].Fields {
			i.field(f, "records", name, "fields", j)
		}
	}
	for key, lines := range map[string][]LineSpec{"header": s.Header, "trailer": s.Trailer} {
		for j, l := range lines {
			i.tell(l.Name != "" && s.Format != "xml" && s.Format != "json", "only lines in xml and json have a name", key, j, "name")
			for k, f := range l.Fields {
				i.field(f, key, j, "fields", k)
			}
		}
	}
	return i.problems
}

const unicode = "the character set has all characters; name the one that the legacy system has as charset, or take the helper transliterate()"

type ignored struct {
	format   string
	unicode  bool
	problems []SpecProblem
}

func (i *ignored) tell(given bool, why string, path ...any) {
	if given {
		i.problems = append(i.problems, SpecProblem{Path: path, Code: CodeSpec, Message: "this does nothing: " + why, Suggestion: "remove it"})
	}
}

// only tells of a section that belongs to another format.
func (i *ignored) only(given bool, format string, path ...any) {
	i.tell(given && i.format != "" && i.format != format, "it belongs to format "+format+", and the layout's is "+i.format, path...)
}

func (i *ignored) field(f FieldSpec, path ...any) {
	key := func(k string) []any { return sub(path, k) }
	tree := i.format == "xml" || i.format == "json"
	i.tell(f.Width > 0 && tree, "texts in "+i.format+" have no width", key("width")...)
	i.tell(f.Align != "" && i.format != "fixed", "only fixed-width fields are aligned", key("align")...)
	i.tell(f.Pad != "" && i.format != "fixed", "only fixed-width fields are filled up", key("pad")...)
	i.tell(f.Overflow == "cut" && f.Width == 0 && i.format == "csv", "the field has no width to cut to", key("overflow")...)
	i.tell(f.Overflow == "cut" && tree, "texts in "+i.format+" have no length to cut to", key("overflow")...)
	i.tell(f.Zone != "" && f.Type != "datetime", "only a datetime has a zone", key("zone")...)
	i.tell(i.unicode && len(f.Unmappable.Transliterate) > 0, unicode, key("unmappable")...)
	i.tell(f.XML != "" && i.format != "xml", "it belongs to format xml", key("xml")...)
	i.tell(f.JSON != "" && i.format != "json", "it belongs to format json", key("json")...)
	i.tell((f.Yes != "" || f.No != "") && f.Type != "boolean" && f.Type != "text" && f.Type != "", "only a boolean has texts for yes and no", key("yes")...)
	i.tell(f.IfNull != nil && f.Required, "a required field is never null", key("if-null")...)
	i.tell(f.Value != nil && f.Required, "a fixed text is always there", key("required")...)
}
