package encode

import (
	"errors"
	"fmt"

	"github.com/inbasket/inbasket/mapping/charset"
)

// Spec is a layout as an integrator writes it. Its zero values are the defaults named in the comments.
type Spec struct {
	Format      string                `yaml:"format" doc:"fixed, csv, xml or json" enum:"fixed,csv,xml,json"`
	Charset     string                `yaml:"charset" doc:"character set of the file; default utf-8"`
	BOM         bool                  `yaml:"bom" doc:"begin the file with a byte order mark; UTF only"`
	LineEnding  string                `yaml:"line-ending" doc:"lf (default), crlf, cr, nel or none" enum:"lf,crlf,cr,nel,none"`
	Zone        string                `yaml:"zone" doc:"time zone of dates in header, trailer and names, and of date-times whose field says none and needs one, such as Europe/Berlin; default UTC for the former"`
	Overflow    string                `yaml:"overflow" doc:"for all texts: error (default) or cut" enum:"error,cut"`
	Unmappable  charset.Unmappable    `yaml:"unmappable" doc:"for all texts, characters that the character set lacks: error (default), or transliterate, replace or both"`
	Control     string                `yaml:"control" doc:"control characters in texts: error (default) or space" enum:"error,space"`
	Fields      []FieldSpec           `yaml:"fields" doc:"the fields of a record, when there is one kind of record"`
	Records     map[string]RecordSpec `yaml:"records" doc:"the kinds of records by the write's name"`
	Header      []LineSpec            `yaml:"header" doc:"lines or elements before the records"`
	Trailer     []LineSpec            `yaml:"trailer" doc:"lines or elements after the records"`
	CSV         CSVSpec               `yaml:"csv" doc:"settings of csv"`
	XML         XMLSpec               `yaml:"xml" doc:"settings of xml"`
	JSON        JSONSpec              `yaml:"json" doc:"settings of json"`
	ControlFile *ControlSpec          `yaml:"control-file" doc:"a second file that is put after the first"`
}

// RecordSpec is one kind of record.
type RecordSpec struct {
	Element string      `yaml:"element" doc:"xml: the element's name; default the write's name"`
	Fields  []FieldSpec `yaml:"fields" doc:"the fields in the file's order"`
}

// LineSpec is one line or element of header or trailer.
type LineSpec struct {
	Name   string      `yaml:"name" doc:"xml and json: name of the element or member; empty for none"`
	Fields []FieldSpec `yaml:"fields" doc:"the fields; each has a value that may hold {count}, {count:WRITE}, {lines}, {total:FIELD}, {seq:06}, {date:yyyyMMdd}, {time:HHmmss}, {name}, {id}, {reference}"`
}

// FieldSpec is one field. Name is the field of the write; a field with Value needs none.
type FieldSpec struct {
	Name       string             `yaml:"name" doc:"field of the write"`
	Value      *string            `yaml:"value" doc:"fixed text instead of a field of the write"`
	Type       string             `yaml:"type" doc:"text (default), integer, decimal, boolean, date or datetime" enum:"text,integer,decimal,boolean,date,datetime"`
	At         int                `yaml:"at" doc:"fixed: first byte, from 1; only checked, fields follow one another"`
	Width      int                `yaml:"width" doc:"fixed: bytes after encoding; csv: at most so many, 0 for no limit"`
	Align      string             `yaml:"align" doc:"left (default for text) or right (default for numbers)" enum:"left,right"`
	Pad        string             `yaml:"pad" doc:"one character; default a blank, 0 for right-aligned numbers"`
	Decimals   int                `yaml:"decimals" doc:"decimal: digits after the point"`
	Implied    bool               `yaml:"implied" doc:"decimal: the point is not written"`
	Point      string             `yaml:"point" doc:"decimal: character for the point; default a full stop"`
	Sign       string             `yaml:"sign" doc:"minus (default: only before negative numbers), leading, trailing (always + or -), overpunch or none" enum:"minus,leading,trailing,overpunch,none"`
	Pattern    string             `yaml:"pattern" doc:"date, datetime: such as yyyyMMdd"`
	Zone       string             `yaml:"zone" doc:"datetime: zone that the target means; default the layout's"`
	Yes        string             `yaml:"yes" doc:"boolean: text for yes; default 1, in xml true"`
	No         string             `yaml:"no" doc:"boolean: text for no; default 0, in xml false"`
	IfNull     *string            `yaml:"if-null" doc:"text for missing and null values; default blank, in json null"`
	Required   bool               `yaml:"required" doc:"missing, null and empty values are errors"`
	Overflow   string             `yaml:"overflow" doc:"error or cut; default the layout's" enum:"error,cut"`
	Unmappable charset.Unmappable `yaml:"unmappable" doc:"characters that the character set lacks: error, or transliterate, replace or both; default the layout's"`
	Control    string             `yaml:"control" doc:"error or space; default the layout's" enum:"error,space"`
	XML        string             `yaml:"xml" doc:"xml: name of the element, or @name of the attribute; default the field's name. a/b and a/@b stand in an element of the record"`
	JSON       string             `yaml:"json" doc:"json: name of the member; default the field's name. a/b stands in an object of the record"`
	Records    string             `yaml:"records" doc:"xml and json: instead of a field, the records of this write which are under this one stand here, in the element or list that xml or json names"`
}

// CSVSpec are the settings of format csv.
type CSVSpec struct {
	Delimiter string `yaml:"delimiter" doc:"one ASCII character or tab; default comma"`
	Quote     string `yaml:"quote" doc:"minimal (default), all or none" enum:"minimal,all,none"`
	Titles    bool   `yaml:"titles" doc:"first line names the columns"`
	Guard     Switch `yaml:"guard-formulas" doc:"on (default): put an apostrophe before texts of the form that spreadsheets take for formulas; off: write them as they are"`
}

// Switch is on or off; true and false are the same.
type Switch string

// UnmarshalText reads a switch.
func (s *Switch) UnmarshalText(b []byte) error {
	switch string(b) {
	case "on", "true":
		*s = "on"
	case "off", "false":
		*s = "off"
	default:
		return errors.New("write on or off")
	}
	return nil
}

// XMLSpec are the settings of format xml.
type XMLSpec struct {
	Root          string `yaml:"root" doc:"name of the root element; default records"`
	Record        string `yaml:"record" doc:"name of a record's element when there is one kind; default record"`
	Document      bool   `yaml:"document" doc:"the file is one record, whose element is the root"`
	Namespace     string `yaml:"namespace" doc:"default namespace of the document"`
	NoDeclaration bool   `yaml:"no-declaration" doc:"leave out the XML declaration"`
	Nil           bool   `yaml:"nil" doc:"write null as an empty element with xsi:nil instead of leaving it out"`
}

// JSONSpec are the settings of format json.
type JSONSpec struct {
	Style   string `yaml:"style" doc:"array (default), lines (one object a line), object, or document: the file is one record" enum:"array,lines,object,document"`
	Records string `yaml:"records" doc:"style object: name of the list of records; default records"`
}

// ControlSpec is a control file: a second file that tells the legacy system that the first is complete.
type ControlSpec struct {
	Name string `yaml:"name" doc:"its name; {name} is the file's name, {stem} that without extension"`
	Text string `yaml:"text" doc:"its content, with {name}, {bytes}, {sha256}, {count}, {lines}, {total:FIELD}, {seq}, {date}, {time}"`
}

// SpecProblem is one thing wrong with a Spec. Path leads to it by YAML keys (string) and list indexes
// (int), such as "fields", 2, "width".
type SpecProblem struct {
	Path       []any
	Code       string
	Message    string
	Suggestion string
}

// String returns path and message.
func (p SpecProblem) String() string {
	s := ""
	for _, step := range p.Path {
		s += fmt.Sprintf("/%v", step)
	}
	return s + ": " + p.Message
}

// FieldError says which value could not be encoded. Its message holds no content.
type FieldError struct {
	Write   string // the write's name
	Record  int    // index of the record within the delivery, from 0
	Field   string // the field's name
	Code    string // one of the Code constants
	Message string
	Grown   bool // the value itself would fit: only what the layout made of it does not
}

// Error returns the place and the message.
func (e *FieldError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s: %s", e.Write, e.Message)
	}
	return fmt.Sprintf("%s.%s: %s", e.Write, e.Field, e.Message)
}

// Note says what was changed in a value because the layout allows it. It holds no content.
type Note struct {
	Write   string `json:"write"`
	Record  int    `json:"record"` // index within the delivery, from 0
	Field   string `json:"field"`
	Code    string `json:"code"` // one of the Note constants
	Message string `json:"message"`
}
