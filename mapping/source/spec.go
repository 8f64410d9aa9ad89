// Package source is a mapping file as it stands: its keys, the files beside it, and the bundle of all that a submission is pinned to.
package source

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/column"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// The structs of the mapping file. Their doc tags become the JSON Schema that editors use, mapping/mapping.schema.json; it is written by its
// own test, which otherwise fails when it is stale, and the page docs/reference/mapping.md by another one.
//go:generate go test -count=1 -run TestFileSchema|TestReference -update .

// Names is how mappings, and outcomes of decisions, are named.
var Names = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// RuleCodes are those that a mapping's own rules may have: no code of the agent begins like them.
var RuleCodes = regexp.MustCompile(`^rule\.[a-z0-9]+(-[a-z0-9]+)*$`)

// OtherCodes stands in texts for the codes that are not named.
const OtherCodes = "other"

// Mapping is the whole file.
type Mapping struct {
	Mapping    string                   `yaml:"mapping,required" doc:"name of the mapping, for life"`
	Version    int                      `yaml:"version,required" doc:"raise it with every change of content"`
	Use        []Use                    `yaml:"use,one" doc:"parts of other files, whose let, lookups, layouts, write and ignore are the mapping's too"`
	Input      Input                    `yaml:"input,required" doc:"what the form looks like"`
	Require    []Rule                   `yaml:"require" doc:"what must be true of a form beside its schema, also across fields"`
	Let        diag.Ordered[Expression] `yaml:"let" doc:"names for expressions, each may use those before it"`
	Helpers    diag.Ordered[Helper]     `yaml:"helpers" doc:"helpers of the mapping's own by name, which expressions call like any other"`
	Lookups    diag.Ordered[Lookup]     `yaml:"lookups" doc:"tables of known values by name"`
	Sequences  diag.Ordered[Sequence]   `yaml:"sequences" doc:"numbers that the agent gives each submission, by the name of the sequence, as numbers.NAME; mappings that name the same one share it"`
	Layouts    diag.Ordered[*diag.Node] `yaml:"layouts" doc:"layouts of files by name: written here, or file: with a path"`
	Write      []Write                  `yaml:"write,required" doc:"what is written where, in order"`
	Unmappable charset.Unmappable       `yaml:"unmappable" doc:"characters that a character set lacks, in all layouts and tables that say nothing of their own: error (default), or transliterate, replace or both"`
	Nothing    string                   `yaml:"nothing" doc:"a form for which nothing is written anywhere: park (default) or allow" enum:"park,allow"`
	Order      *diag.Node               `yaml:"order" doc:"expression whose equal values are delivered in the order of acceptance; or one for each target"`
	Ignore     []Expression             `yaml:"ignore" doc:"form fields that are deliberately not used"`
	Keys       diag.Ordered[Key]        `yaml:"keys" doc:"what people find submissions by, by name: expressions over the form, submission and returned values; or blocks with value"`
	Answer     *Answer                  `yaml:"answer" doc:"how the back office's result is found and read"`
	Tests      []Case                   `yaml:"tests" doc:"cases that inbasket test runs"`
}

// Sequence is one that the agent counts.
type Sequence struct {
	First int64      `yaml:"first" doc:"the number that it begins with; default 1"`
	Per   string     `yaml:"per" doc:"year: it begins anew each year, by when the submission was received; default: never" enum:"year"`
	Zone  string     `yaml:"zone" doc:"time zone in which a year begins, such as Europe/Berlin; default UTC"`
	Node  *diag.Node `yaml:",node"`
}

// Input describes the form.
type Input struct {
	Format    string              `yaml:"format,required" doc:"how the form is written" enum:"formats"`
	Shape     string              `yaml:"shape" doc:"the form builder that writes the forms: they are read as a tree of answers and meta" enum:"shapes"`
	Schema    string              `yaml:"schema" doc:"JSON Schema file of the form, beside the mapping"`
	When      *Expression         `yaml:"when" doc:"which forms are this mapping's, such as form.kind == \"dog\": by it one of several routes takes a form, and any other form is refused or parked"`
	Reference *Expression         `yaml:"reference" doc:"the sender's own reference; without one: the transport's"`
	Same      []Expression        `yaml:"same" doc:"fields by which a form that comes again is known as the same, such as form.values; the rest may differ. Default: the whole form"`
	Files     []Expression        `yaml:"files" doc:"fields of the form that hold files in base64: texts, data URIs, objects with a name and content, or lists of them. They are attachments too"`
	Limits    Limits              `yaml:"limits" doc:"what a form may be at most"`
	Unused    string              `yaml:"unused" doc:"what an unused form field is: error (default) or allow" enum:"error,allow"`
	Unknown   string              `yaml:"unknown" doc:"what becomes of a form with a field that neither the mapping nor the schema knows: allow (default), which is put on record, or park" enum:"park,allow"`
	Language  string              `yaml:"language" doc:"language of what senders are told of wrong fields, in words for whoever filled in the form; without it English for who builds the front office" enum:"languages"`
	Texts     diag.Ordered[Texts] `yaml:"texts" doc:"own words for what is wrong with a field, such as form.owner.name"`
	decode.Options
}

// Rule is what must be true of a form.
type Rule struct {
	When *Expression `yaml:"when" doc:"condition under which the rule is asked; without it always"`
	Rule Expression  `yaml:"rule,required" doc:"condition that must be true; what compares a missing or null value by < <= > >= is not"`
	At   Expression  `yaml:"at,required" doc:"field that is told to be wrong, such as form.permit.until"`
	Code string      `yaml:"code,required" doc:"code of the error: rule. and small letters, digits and hyphens"`
	Text string      `yaml:"text,required" doc:"what whoever filled in the form is told, in the language of input.language"`
	Node *diag.Node  `yaml:",node"`
}

// Texts are own words for what is wrong with a field: for all of it, or by code.
type Texts struct {
	Any    string
	ByCode diag.Ordered[string]
	Node   *diag.Node
}

// UnmarshalNode reads either form.
func (t *Texts) UnmarshalNode(n *diag.Node) diag.Problems {
	t.Node = n
	if n.Kind == diag.Map {
		return n.Decode(&t.ByCode)
	}
	return n.Decode(&t.Any)
}

// Limits are what a form may be, and what its mapping may make of it, at most.
type Limits struct {
	decode.Limits
	Work    int   `yaml:"work" doc:"helper calls and rounds over lists that one form may take; default 1000000"`
	Made    int64 `yaml:"made" doc:"bytes of texts and documents that expressions may make of one form, such as 64MiB; default four times bytes"`
	Records int   `yaml:"records" doc:"records that one form may give a target; default 100000"`
}

// Helper is an expression that is named once and used often.
type Helper struct {
	Takes []string    `yaml:"takes,required,one" doc:"names of its arguments, the piped one first"`
	Value *Expression `yaml:"value,required" doc:"expression over its arguments and nothing else"`
	Node  *diag.Node  `yaml:",node"`
}

// Lookup is a table of known values.
type Lookup struct {
	File    string               `yaml:"file" doc:"CSV file with a header line, or genericode file, beside the mapping"`
	Format  string               `yaml:"format" doc:"how the file is written: csv (default) or genericode, XML of OASIS" enum:"csv,genericode"`
	Unknown string               `yaml:"unknown" doc:"what becomes of a form whose value is not in the table, where lookup() gives no default: reject (default) or park" enum:"reject,park"`
	Key     string               `yaml:"key" doc:"column of the key; of genericode by its Id"`
	Value   string               `yaml:"value" doc:"column of the value"`
	CSV     *decode.CSVOptions   `yaml:"csv" doc:"how the file is written, such as with a semicolon or in windows-1252"`
	Values  diag.Ordered[string] `yaml:"values" doc:"the table itself, instead of a file"`
	Node    *diag.Node           `yaml:",node"`
}

// Write is one entry of write.
type Write struct {
	As         string                   `yaml:"as,required" doc:"name of the write"`
	To         string                   `yaml:"to,required" doc:"target of the agent's configuration"`
	Table      string                   `yaml:"table" doc:"table, with its schema where needed"`
	Layout     string                   `yaml:"layout" doc:"layout of a file"`
	Document   string                   `yaml:"document" doc:"name of the file that each attachment is put under, such as {reference}-{n}.pdf"`
	Procedure  string                   `yaml:"procedure" doc:"stored procedure or function, with its schema where needed; fields are its parameters, returning what it gives"`
	OkWhen     *Expression              `yaml:"ok-when" doc:"procedure: condition over the names of returning, such as CODE == 0; without it whatever returns has succeeded"`
	Refused    []Refusal                `yaml:"refused,one" doc:"procedure: what becomes of a form for which ok-when is not true: the first entry whose when is true counts; without one the form is parked"`
	Probe      string                   `yaml:"probe" doc:"procedure that ends its transaction by itself: a query, with :NAME for fields, that gives a row, with the columns of returning, once the call has been made"`
	Mode       string                   `yaml:"mode" doc:"insert (default), upsert, update or replace-children" enum:"insert,upsert,update,replace-children"`
	Charset    string                   `yaml:"charset" doc:"character set of the table's texts, where it is not Unicode, such as iso-8859-1"`
	Unmappable charset.Unmappable       `yaml:"unmappable" doc:"characters that the character set lacks: error, or transliterate, replace or both; default the mapping's"`
	Key        []string                 `yaml:"key,one" doc:"fields that name the row"`
	Use        []Use                    `yaml:"use,one" doc:"parts of other files, whose let and fields are the write's too, after its own"`
	When       *Expression              `yaml:"when" doc:"condition; without it always"`
	Under      string                   `yaml:"under" doc:"an earlier write to the same target: this one makes its records for each record of that, and sees its items, its let and what it returns"`
	Each       []Expression             `yaml:"each,one" doc:"NAME in LIST: one record for each item; several nest"`
	OnMissing  string                   `yaml:"onMissing" doc:"replace-children: what a form without the list of each does: delete the rows (default), as an empty list does, keep them, or error" enum:"delete,keep,error"`
	Let        diag.Ordered[Expression] `yaml:"let" doc:"names for this write, computed for each record"`
	Fields     diag.Ordered[Field]      `yaml:"fields" doc:"columns in order, each an expression or a block with value"`
	Rows       string                   `yaml:"rows" doc:"checked (default): as many rows are written as are sent; unchecked: a trigger, rule or policy of the table may leave rows out or put them elsewhere" enum:"checked,unchecked"`
	Returning  []string                 `yaml:"returning,one" doc:"columns whose values the target gives"`
	Order      *Expression              `yaml:"order" doc:"order key of the target's delivery"`
	Node       *diag.Node               `yaml:",node"`
}

// Refusal is what becomes of a form whose call did not succeed.
type Refusal struct {
	When *Expression `yaml:"when" doc:"condition over the names of returning; without it always"`
	Then string      `yaml:"then" doc:"park (default), reject or retry" enum:"park,reject,retry"`
	Code string      `yaml:"code,required" doc:"code of the error: rule. and small letters, digits and hyphens"`
	Text string      `yaml:"text" doc:"what people read of it; reject: what the sender is told"`
	Node *diag.Node  `yaml:",node"`
}

// Use names a part of another file.
type Use struct {
	Part string            `yaml:"part,required" doc:"name of the part, under parts of that file"`
	From string            `yaml:"from,required" doc:"the file, beside the one that this stands in"`
	With map[string]string `yaml:"with" doc:"names or ways that stand for $(NAME) in the part"`
}

// Field is one column: an expression, or a block.
type Field struct {
	Value   *Expression `yaml:"value,required" doc:"expression"`
	Default *Expression `yaml:"default" doc:"expression for a missing or null value"`
	column.Rules
	Node *diag.Node `yaml:",node"`
}

// UnmarshalNode reads either form.
func (f *Field) UnmarshalNode(n *diag.Node) diag.Problems {
	type plain Field
	f.Node = n
	return either(n, (*plain)(f), &f.Value)
}

// either reads an expression alone, or a block of keys in which it is one.
func either(n *diag.Node, block any, value **Expression) diag.Problems {
	if n.Kind != diag.Map {
		*value = &Expression{}
		return (*value).UnmarshalNode(n)
	}
	return n.Decode(block)
}

// Expression is an expression as it stands in the file.
type Expression struct {
	Text string
	Node *diag.Node
}

// UnmarshalNode takes a text, number or boolean as an expression.
func (x *Expression) UnmarshalNode(n *diag.Node) diag.Problems {
	switch n.Kind {
	case diag.Text, diag.Number, diag.Bool:
		x.Text, x.Node = n.Text, n
		return nil
	}
	p := n.Problem(expr.CodeSyntax, "an expression belongs here, not "+n.Describe(), "")
	if n.Kind == diag.Null {
		p.Suggestion = diag.FlowHint(p.Source, p.Column)
	}
	return diag.Problems{p}
}

// Answer says how results are found and read.
type Answer struct {
	From      string                   `yaml:"from,required" doc:"target (a database) or entry of results (answer files) of the agent's configuration"`
	Query     string                   `yaml:"query" doc:"database: returns one row for each result not yet fetched"`
	File      string                   `yaml:"file" doc:"answer files: regular expression of the name with named groups"`
	Format    string                   `yaml:"format" doc:"answer files: how they are written, or none" enum:"answers"`
	Lists     []string                 `yaml:"lists" doc:"answer files in XML: elements that may repeat"`
	CSV       *decode.CSVOptions       `yaml:"csv" doc:"answer files in CSV; one record is expected, unless each is given"`
	Each      *Expression              `yaml:"each" doc:"answer files of many decisions: NAME in LIST, such as line in content.lines; of CSV: line in content"`
	When      *Expression              `yaml:"when" doc:"answer files with each: which of the items are decisions; the others are passed over"`
	Let       diag.Ordered[Expression] `yaml:"let" doc:"names for expressions over what fields read, each may use those before it"`
	Fields    diag.Ordered[Expression] `yaml:"fields" doc:"fields as expressions: of answer files over content and file, and over the item of each; of a database over row, as in row.STATUS; what may not be there in a file says so, as in content.reason ?? nil"`
	ID        []string                 `yaml:"id,one" doc:"columns or fields that make up the result's own identity; what says anything else under a known one is a second decision"`
	Match     diag.Ordered[Expression] `yaml:"match,required" doc:"which submission: column or field, and the expression over the form that it equals"`
	Mark      string                   `yaml:"mark" doc:"database: marks a row as fetched, with :NAME for its columns"`
	Again     string                   `yaml:"again" doc:"database: like query, for the rows that were marked since :since; asked once after the journal was restored from a backup"`
	Every     time.Duration            `yaml:"every" doc:"database: how often to ask; default 10s"`
	Outcome   *diag.Node               `yaml:"outcome,required" doc:"the column with the status, and what each status means"`
	Case      string                   `yaml:"case" doc:"column or field of the case number"`
	Reason    string                   `yaml:"reason" doc:"column or field of the reason"`
	Documents []answers.Document       `yaml:"documents" doc:"documents of the decision"`
	Node      *diag.Node               `yaml:",node"`
}

// Case is one case of the mapping's own tests.
type Case struct {
	Name          string                     `yaml:"name" doc:"what the case shows; default: the form's file name"`
	Form          string                     `yaml:"form" doc:"sample form, beside the mapping"`
	Answer        string                     `yaml:"answer" doc:"sample answer file, beside the mapping, instead of a form"`
	Beside        []string                   `yaml:"beside" doc:"names of the files that lie beside the answer file"`
	ExpectAnswers []diag.Ordered[string]     `yaml:"expect-answers" doc:"decisions of the answer file, in order; only what is named is compared: id, match, outcome, status, case, reason, documents, error"`
	Attachments   []Attached                 `yaml:"attachments" doc:"files that come with the form, beside the mapping: a name, or file with its type"`
	Returns       map[string]map[string]any  `yaml:"returns" doc:"values that targets return, by write and column"`
	Expect        diag.Ordered[[]*diag.Node] `yaml:"expect" doc:"records by write, in order; only the fields named are compared. A value, or a matcher: any, not-null, like, matches, near"`
	Exact         bool                       `yaml:"exact" doc:"fields that are not named must not be written"`
	ExpectError   *ExpectedError             `yaml:"expect-error" doc:"the form must be rejected; or parked, where code says so"`
	ExpectBytes   map[string]Content         `yaml:"expect-bytes" doc:"the exact bytes of a target's records: a file, or a block with text and charset, base64 or hex"`
	ExpectKeys    diag.Ordered[*diag.Node]   `yaml:"expect-keys" doc:"values by the name of the key: one, or a list in order; null: none"`
	ExpectNames   diag.Ordered[[]string]     `yaml:"expect-documents" doc:"names of the documents that a target gets, in order"`
	Line          int                        `yaml:"-"`
}

// UnmarshalNode keeps the node for positions.
func (t *Case) UnmarshalNode(n *diag.Node) diag.Problems {
	type plain Case
	var p plain
	problems := n.Decode(&p)
	*t = Case(p)
	t.Line = n.Line
	return append(problems, t.checkSample(n)...)
}

// ExpectedError is the mistake of a form that a case is about.
type ExpectedError struct {
	At   string `yaml:"at" doc:"JSON Pointer of the wrong field"`
	Code string `yaml:"code" doc:"code of the error, or form.nothing-written and others by which it is parked"`
}

// checkSample wants a case to be of a form or of an answer file, and to expect what there is.
func (t *Case) checkSample(n *diag.Node) (problems diag.Problems) {
	if (t.Form == "") == (t.Answer == "") {
		problems = append(problems, n.Problem(CodeMissingKey, "a case has either form or answer", ""))
	}
	for _, a := range t.ExpectAnswers {
		for _, want := range a {
			if !slices.Contains(answers.Keys, want.Key) {
				problems = append(problems, n.KeyProblem("expect-answers", expr.CodeUnknownName, fmt.Sprintf("a decision has no %q", want.Key), diag.DidYouMean(want.Key, answers.Keys)))
			}
		}
	}
	return problems
}

// Budget is what the mapping of one form may take.
func (l Limits) Budget() value.Budget {
	formBytes := decode.DefaultLimits().Bytes
	if l.Bytes > 0 {
		formBytes = l.Bytes
	}
	d := value.DefaultBudget(formBytes)
	if l.Work > 0 {
		d.Steps = l.Work
	}
	if l.Made > 0 {
		d.Made = int(l.Made)
	}
	if l.Records > 0 {
		d.Records = l.Records
	}
	return d
}

// AnswerFormats are the words for how answer files are written.
func AnswerFormats() []string {
	return append(decode.Names(func(f decode.Format) bool { return f.Answers }), "none")
}
