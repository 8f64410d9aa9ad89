package mapping_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/load"
)

// reading is what a mapping's answer section reads of one result, each decision by the words that a mapping's own tests use.
func reading(t testing.TB, section string, r connectors.Result) string {
	t.Helper()
	src := "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite:\n  - {as: w, to: register, table: T, fields: {A: form.id}}\nanswer: {" + section + "}\n"
	p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(src)}}, "m.yaml", nil)
	if err != nil {
		t.Fatalf("{%s}\n%v", section, err)
	}
	var all []string
	for _, d := range p.Answers(r) {
		var told []string
		for _, key := range answers.Keys {
			if v, _ := d.Told(key); v != "" {
				told = append(told, key+"="+v)
			}
		}
		if d.Where != "" {
			told = append(told, "at "+d.Where)
		}
		for word, is := range map[string]bool{"whole": d.Whole, "bare": d.Bare} {
			if is {
				told = append(told, word)
			}
		}
		all = append(all, strings.Join(told, " "))
	}
	return strings.Join(all, " / ")
}

// fileOf is an answer file with the names of those beside it.
func fileOf(name, content, beside string) connectors.Result {
	r := connectors.Result{ID: "F1", File: name, Content: []byte(content)}
	for n := range strings.SplitSeq(beside, ",") {
		if n != "" {
			r.Documents = append(r.Documents, connectors.Attachment{Name: n, Blob: connectors.BytesBlob([]byte(n))})
		}
	}
	return r
}

// rowOf is a row of a query; a value that begins with # is a number, and (null) is null.
func rowOf(columns string) connectors.Result {
	r := connectors.Result{ID: "R1", Fields: map[string]connectors.Value{}}
	for pair := range strings.SplitSeq(columns, ";") {
		name, text, _ := strings.Cut(pair, "=")
		v := connectors.Value{Kind: connectors.Text, Str: text}
		switch number, is := strings.CutPrefix(text, "#"); {
		case text == "(null)":
			v = connectors.Value{Kind: connectors.Null}
		case text == "(binary)":
			blob := connectors.BytesBlob([]byte("%PDF"))
			v = connectors.Value{Kind: connectors.Binary, Blob: &blob}
		case is:
			v = connectors.Value{Kind: connectors.Decimal, Str: number}
		}
		r.Fields[name] = v
	}
	return r
}

// TestReadRows is what is read of the rows of a query.
func TestReadRows(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;REF=r1;STATUS=A`, `id=R1 match=REF=r1 outcome=approved status=A`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;REF=r1;STATUS=R`, `id=R1 match=REF=r1 outcome=refused status=R`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;REF=r1  ;STATUS=A `, `id=R1 match=REF=r1 outcome=approved status=A`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=#7;REF=#17.00;STATUS=#1.0`, `id=R1 match=REF=17 outcome=approved status=1`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `id=7;ref=r1;status=A`, `id=R1 match=REF=r1 outcome=approved status=A`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;REF=r1;STATUS=X`, `id=R1 match=REF=r1 status=X error=the result has a status that the mapping does not know; add it to answer.outcome`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;REF=r1;STATUS=a`, `id=R1 match=REF=r1 status=a error=the result has a status that the mapping does not know; add it to answer.outcome`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;REF=r1;STATUS=`, `id=R1 match=REF=r1 error=the result has a status that the mapping does not know; add it to answer.outcome`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;REF=r1;STATUS=(null)`, `id=R1 match=REF=r1 error=the result has a status that the mapping does not know; add it to answer.outcome`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;REF=;STATUS=A`, `id=R1 outcome=approved status=A`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;REF=(null);STATUS=A`, `id=R1 outcome=approved status=A`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;REF=(binary);STATUS=A`, `id=R1 outcome=approved status=A error=answer.match reads REF, which is no single value but of the kind binary`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;STATUS=A`, `id=R1 error=answer.match reads the column REF, and the query does not give it`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `ID=7;REF=r1`, `id=R1 error=answer.outcome reads the column STATUS, and the query does not give it`},
		{`from: register, query: "select * from R", id: ID, mark: "update R set X = 1 where ID = :ID", match: {REF: form.id}, outcome: {STATUS: {A: approved, R: refused, "1": approved}}`, `REF=r1;STATUS=A`, `id=R1 error=answer.id reads the column ID, and the query does not give it`},
		{`from: register, query: "select * from R", id: [ID, NO], mark: "update R set X = 1 where ID = :ID", match: {REF: form.id, YEAR: form.y}, outcome: {STATUS: {A: approved}}, case: CASE_NO, reason: WHY, documents: [{name: permit.pdf, from: PDF}, {name: note.txt, from: NOTE, type: text/x-note}]`, `ID=7;NO=1;REF=r1;YEAR=#2024;STATUS=A;CASE_NO=C-1;WHY=because;PDF=(binary);NOTE=hello`, `id=R1 match=REF=r1, YEAR=2024 outcome=approved status=A case=C-1 reason=because documents=permit.pdf, note.txt`},
		{`from: register, query: "select * from R", id: [ID, NO], mark: "update R set X = 1 where ID = :ID", match: {REF: form.id, YEAR: form.y}, outcome: {STATUS: {A: approved}}, case: CASE_NO, reason: WHY, documents: [{name: permit.pdf, from: PDF}, {name: note.txt, from: NOTE, type: text/x-note}]`, `ID=7;NO=1;REF=r1;YEAR=#2024;STATUS=A;CASE_NO=(null);WHY=(null);PDF=(null);NOTE=(null)`, `id=R1 match=REF=r1, YEAR=2024 outcome=approved status=A`},
		{`from: register, query: "select * from R", id: [ID, NO], mark: "update R set X = 1 where ID = :ID", match: {REF: form.id, YEAR: form.y}, outcome: {STATUS: {A: approved}}, case: CASE_NO, reason: WHY, documents: [{name: permit.pdf, from: PDF}, {name: note.txt, from: NOTE, type: text/x-note}]`, `ID=7;NO=1;REF=r1;YEAR=#2024;STATUS=A;CASE_NO=C-1;WHY=because;PDF=#5;NOTE=hello`, `id=R1 match=REF=r1, YEAR=2024 outcome=approved status=A case=C-1 reason=because documents=note.txt error=answer.documents reads PDF, which is no single value but of the kind decimal`},
		{`from: register, query: "select * from R", id: [ID, NO], mark: "update R set X = 1 where ID = :ID", match: {REF: form.id, YEAR: form.y}, outcome: {STATUS: {A: approved}}, case: CASE_NO, reason: WHY, documents: [{name: permit.pdf, from: PDF}, {name: note.txt, from: NOTE, type: text/x-note}]`, `ID=7;NO=1;REF=r1;YEAR=#2024;STATUS=A;CASE_NO=C-1;WHY=because;NOTE=hello`, `id=R1 error=answer.documents reads the column PDF, and the query does not give it`},
		{`from: register, query: "select * from R", id: [ID, NO], mark: "update R set X = 1 where ID = :ID", match: {REF: form.id, YEAR: form.y}, outcome: {STATUS: {A: approved}}, case: CASE_NO, reason: WHY, documents: [{name: permit.pdf, from: PDF}, {name: note.txt, from: NOTE, type: text/x-note}]`, `ID=7;NO=1;REF=r1;STATUS=A;CASE_NO=C-1;WHY=because;PDF=(binary);NOTE=hello`, `id=R1 error=answer.match reads the column YEAR, and the query does not give it`},
	} {
		if have := reading(t, c[0], rowOf(c[1])); have != c[2] {
			t.Errorf("{%s} %s\n have %s\n want %s", c[0], c[1], have, c[2])
		}
	}
}

// TestReadFiles is what is read of answer files with one decision and with many, and of what lies beside them.
func TestReadFiles(t *testing.T) {
	t.Parallel()
	for _, c := range [][5]string{
		{`from: answers, file: "(?P<ref>[0-9]+)\\.json", format: json, fields: {status: content.status, why: content.why ?? nil}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}, reason: why`, `17.json`, `{"status":"A"}`, ``, `id=F1 match=ref=17 outcome=approved status=A bare`},
		{`from: answers, file: "(?P<ref>[0-9]+)\\.json", format: json, fields: {status: content.status, why: content.why ?? nil}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}, reason: why`, `17.json`, `{"status":"R","why":"too late"}`, ``, `id=F1 match=ref=17 outcome=refused status=R reason=too late bare`},
		{`from: answers, file: "(?P<ref>[0-9]+)\\.json", format: json, fields: {status: content.status, why: content.why ?? nil}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}, reason: why`, `17.json`, `{"status":"A"}`, `plan.pdf,letter.pdf`, `id=F1 match=ref=17 outcome=approved status=A documents=plan.pdf, letter.pdf`},
		{`from: answers, file: "(?P<ref>[0-9]+)\\.json", format: json, fields: {status: content.status, why: content.why ?? nil}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}, reason: why`, `x.json`, `{"status":"A"}`, ``, `id=F1 error=the result cannot be read: its name does not fit answer.file`},
		{`from: answers, file: "(?P<ref>[0-9]+)\\.json", format: json, fields: {status: content.status, why: content.why ?? nil}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}, reason: why`, `17.xml`, `{"status":"A"}`, ``, `id=F1 error=the result cannot be read: its name does not fit answer.file`},
		{`from: answers, file: "(?P<ref>[0-9]+)\\.json", format: json, fields: {status: content.status, why: content.why ?? nil}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}, reason: why`, `17.json`, `{"state":"A"}`, ``, `id=F1 error=answer.outcome reads status, and the answer file has nothing there bare`},
		{`from: answers, file: "(?P<ref>[0-9]+)\\.json", format: json, fields: {status: content.status, why: content.why ?? nil}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}, reason: why`, `17.json`, `{"status":null}`, ``, `id=F1 match=ref=17 error=the result has a status that the mapping does not know; add it to answer.outcome bare`},
		{`from: answers, file: "(?P<ref>[0-9]+)\\.json", format: json, fields: {status: content.status, why: content.why ?? nil}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}, reason: why`, `17.json`, `{"status":"Z"}`, ``, `id=F1 match=ref=17 status=Z error=the result has a status that the mapping does not know; add it to answer.outcome bare`},
		{`from: answers, file: "(?P<ref>[0-9]+)\\.json", format: json, fields: {status: content.status, why: content.why ?? nil}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}, reason: why`, `17.json`, `{"status":`, ``, `id=F1 error=the result cannot be read: line 1, column 11: the JSON ends where a value is expected`},
		{`from: answers, file: "(?P<ref>[0-9]+)\\.json", format: json, fields: {status: content.status, why: content.why ?? nil}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}, reason: why`, `17.json`, ``, ``, `id=F1 error=the result cannot be read: line 1, column 1: the form is empty`},
		{`from: answers, file: "(?P<ref>[0-9]+)\\.json", format: json, fields: {status: content.status, why: content.why ?? nil}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}, reason: why`, `17.json`, `[]`, ``, `id=F1 error=answer.outcome reads status, and the answer file has nothing there bare`},
		{`from: answers, format: none, file: "(?P<ref>[0-9]+)-(?P<status>[AR])\\.pdf", match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `17-A.pdf`, `%PDF`, ``, `id=F1 match=ref=17 outcome=approved status=A bare`},
		{`from: answers, format: none, file: "(?P<ref>[0-9]+)-(?P<status>[AR])\\.pdf", match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `17-X.pdf`, `%PDF`, ``, `id=F1 error=the result cannot be read: its name does not fit answer.file`},
		{`from: answers, format: none, file: "(?P<ref>[0-9]+)-(?P<status>[AR])\\.pdf", match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `17-A.pdf`, `%PDF`, `more.pdf`, `id=F1 match=ref=17 outcome=approved status=A documents=more.pdf`},
		{`from: answers, format: json, fields: {ref: content.ref, status: content.status, doc: content.doc ?? nil}, id: [ref], match: {ref: form.id}, outcome: {status: {A: approved}}, documents: [{name: permit.pdf, from: doc}]`, `a.json`, `{"ref":"1","status":"A","doc":"p.pdf"}`, `p.pdf`, `id=1 match=ref=1 outcome=approved status=A documents=permit.pdf`},
		{`from: answers, format: json, fields: {ref: content.ref, status: content.status, doc: content.doc ?? nil}, id: [ref], match: {ref: form.id}, outcome: {status: {A: approved}}, documents: [{name: permit.pdf, from: doc}]`, `a.json`, `{"ref":"1","status":"A","doc":"C:\\\\out\\\\P.PDF"}`, `p.pdf`, `id=1 match=ref=1 outcome=approved status=A documents=permit.pdf`},
		{`from: answers, format: json, fields: {ref: content.ref, status: content.status, doc: content.doc ?? nil}, id: [ref], match: {ref: form.id}, outcome: {status: {A: approved}}, documents: [{name: permit.pdf, from: doc}]`, `a.json`, `{"ref":"1","status":"A","doc":"/out/p.pdf"}`, `p.pdf,q.pdf`, `id=1 match=ref=1 outcome=approved status=A documents=permit.pdf, q.pdf`},
		{`from: answers, format: json, fields: {ref: content.ref, status: content.status, doc: content.doc ?? nil}, id: [ref], match: {ref: form.id}, outcome: {status: {A: approved}}, documents: [{name: permit.pdf, from: doc}]`, `a.json`, `{"ref":"1","status":"A","doc":"missing.pdf"}`, `p.pdf`, `id=1 match=ref=1 outcome=approved status=A documents=p.pdf error=the document missing.pdf does not lie beside the answer file`},
		{`from: answers, format: json, fields: {ref: content.ref, status: content.status, doc: content.doc ?? nil}, id: [ref], match: {ref: form.id}, outcome: {status: {A: approved}}, documents: [{name: permit.pdf, from: doc}]`, `a.json`, `{"ref":"1","status":"A"}`, ``, `id=1 match=ref=1 outcome=approved status=A`},
		{`from: answers, format: json, fields: {ref: content.ref, status: content.status, doc: content.doc ?? nil}, id: [ref], match: {ref: form.id}, outcome: {status: {A: approved}}, documents: [{name: permit.pdf, from: doc}]`, `a.json`, `{"ref":"1","status":"A","doc":""}`, `p.pdf`, `id=1 match=ref=1 outcome=approved status=A documents=p.pdf`},
		{`from: answers, format: json, fields: {ref: content.ref, status: content.status, doc: content.doc ?? nil}, id: [ref], match: {ref: form.id}, outcome: {status: {A: approved}}, documents: [{name: permit.pdf, from: doc}]`, `a.json`, `{"ref":" ","status":"A"}`, ``, `id=F1 outcome=approved status=A`},
		{`from: answers, format: json, fields: {ref: content.ref, status: content.n + 1}, match: {ref: form.id}, outcome: {status: {"2": approved}}`, `a.json`, `{"ref":"1","n":1}`, ``, `id=F1 match=ref=1 outcome=approved status=2 bare`},
		{`from: answers, format: json, fields: {ref: content.ref, status: content.n + 1}, match: {ref: form.id}, outcome: {status: {"2": approved}}`, `a.json`, `{"ref":"1","n":"x"}`, ``, `id=F1 match=ref=1 error=the result cannot be read: status: a number is needed to calculate; use integer() or decimal() on a text bare`},
		{`from: answers, format: json, fields: {ref: content.ref, status: content.n + 1}, match: {ref: form.id}, outcome: {status: {"2": approved}}`, `a.json`, `{"ref":{"x":1},"n":1}`, ``, `id=F1 outcome=approved status=2 error=answer.match reads ref, which is no single value but of the kind object bare`},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, "ref,status\n1,A\n2,R\n", ``, `id=1 match=ref=1 outcome=approved status=A at line 2 of the file n.csv / id=2 match=ref=2 outcome=refused status=R at line 3 of the file n.csv`},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, "ref,status\n", ``, ``},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, "ref,status\n1,A\n2\n3,R\n", ``, `id=1 match=ref=1 outcome=approved status=A at line 2 of the file n.csv / id=3 match=ref=3 outcome=refused status=R at line 4 of the file n.csv / id=F1#line 3 error=the result cannot be read: line 3, column 1: the line has 1 fields, the header 2 at line 3 of the file n.csv`},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, "ref,status\n1,A\n2,R,x\n", ``, `id=1 match=ref=1 outcome=approved status=A at line 2 of the file n.csv / id=F1#line 3 error=the result cannot be read: line 3, column 1: the line has 3 fields, the header 2 at line 3 of the file n.csv`},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, "ref,status\n1,A\n\"2,R\n", ``, `id=1 match=ref=1 outcome=approved status=A at line 2 of the file n.csv / id=F1#line 3 error=the result cannot be read: line 3, column 1: the quote that begins here is not closed at line 3 of the file n.csv`},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, "ref,status\n1,A\n,R\n", ``, `id=1 match=ref=1 outcome=approved status=A at line 2 of the file n.csv / id=F1#2 outcome=refused status=R error=the result cannot be read: it has no value for ref, which names it at line 3 of the file n.csv`},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, "ref,status\n1,A\n2,Z\n", ``, `id=1 match=ref=1 outcome=approved status=A at line 2 of the file n.csv / id=2 match=ref=2 status=Z error=the result has a status that the mapping does not know; add it to answer.outcome at line 3 of the file n.csv`},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, "ref,state\n1,A\n", ``, `id=1 error=answer.outcome reads status, and the answer file has nothing there at line 2 of the file n.csv`},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, "ref,status\n1,A\n\x1a", ``, `id=1 match=ref=1 outcome=approved status=A at line 2 of the file n.csv`},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, "ref,status\n1,A\n2,\xe4\n", ``, `id=1 match=ref=1 outcome=approved status=A at line 2 of the file n.csv / id=F1#line 3 error=the result cannot be read: line 3, column 1: the line is not valid in the character set of the file at line 3 of the file n.csv`},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, ``, ``, `id=F1 error=the result cannot be read: line 1, column 1: the file is empty; not even a header line is there at the answer file n.csv whole`},
		{`from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved, R: refused}}`, `n.csv`, "ref,status\n1,A\n", `stray.pdf`, `id=1 match=ref=1 outcome=approved status=A at line 2 of the file n.csv / id=F1#document stray.pdf documents=stray.pdf error=the result cannot be read: no line of the answer file names this document beside it`},
		{`from: answers, format: json, each: line in content.lines, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved}}`, `n.json`, `{"lines":[{"ref":"1","status":"A"},{"ref":"2","status":"A"}]}`, ``, `id=1 match=ref=1 outcome=approved status=A at entry 1 of the file n.json / id=2 match=ref=2 outcome=approved status=A at entry 2 of the file n.json`},
		{`from: answers, format: json, each: line in content.lines, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved}}`, `n.json`, `{"lines":[]}`, ``, ``},
		{`from: answers, format: json, each: line in content.lines, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved}}`, `n.json`, `{"lines":null}`, ``, `id=F1 error=the result cannot be read: each needs a list, and content.lines is null at the answer file n.json whole`},
		{`from: answers, format: json, each: line in content.lines, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved}}`, `n.json`, `{"lines":{"ref":"1"}}`, ``, `id=F1 error=the result cannot be read: each needs a list, and content.lines is object at the answer file n.json whole`},
		{`from: answers, format: json, each: line in content.lines, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved}}`, `n.json`, `{}`, ``, `id=F1 error=answer.each reads content.lines, and the answer file has nothing there at the answer file n.json whole`},
		{`from: answers, format: json, each: line in content.lines, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved}}`, `n.json`, `{"lines":[{"ref":"1","status":"A"},{"status":"A"},"x"]}`, ``, `id=1 match=ref=1 outcome=approved status=A at entry 1 of the file n.json / id=F1#2 error=answer.id reads ref, and the answer file has nothing there at entry 2 of the file n.json / id=F1#3 error=the result cannot be read: ref: a text stands where the mapping looks for an object at entry 3 of the file n.json`},
		{`from: answers, format: xml, lists: [line], each: line in content.line, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved}}`, `n.xml`, `<f><line><ref>1</ref><status>A</status></line></f>`, ``, `id=1 match=ref=1 outcome=approved status=A at entry 1 of the file n.xml`},
		{`from: answers, format: xml, lists: [line], each: line in content.line, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved}}`, `n.xml`, `<f/>`, ``, ``},
		{`from: answers, format: xml, lists: [line], each: line in content.line, id: ref, fields: {ref: line.ref, status: line.status}, match: {ref: form.id}, outcome: {status: {A: approved}}`, `n.xml`, `<f><line/></f>`, ``, `id=F1#1 error=answer.id reads ref, and the answer file has nothing there at entry 1 of the file n.xml`},
	} {
		if have := reading(t, c[0], fileOf(c[1], c[2], c[3])); have != c[4] {
			t.Errorf("{%s} %s %q\n have %s\n want %s", c[0], c[1], c[2], have, c[4])
		}
	}
}

// TestOneIDWithTwoDocuments: entries that differ in nothing but the file that they name contradict each other.
func TestOneIDWithTwoDocuments(t *testing.T) {
	t.Parallel()
	src := "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite:\n  - {as: w, to: register, table: T, fields: {A: form.id}}\n" +
		"answer: {from: answers, format: csv, each: line in content, id: ref, fields: {ref: line.ref, status: line.status, doc: line.doc}, match: {ref: form.id}, " +
		"outcome: {status: {A: approved}}, documents: [{name: permit.pdf, from: doc}]}\n"
	p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(src)}}, "m.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	r := p.Answers(fileOf("n.csv", "ref,status,doc\n1,A,a.pdf\n1,A,b.pdf\n1,A,a.pdf\n", "a.pdf,b.pdf"))
	if len(r) != 3 || r[0].Same(r[1]) || !r[0].Same(r[2]) {
		t.Errorf("%+v", r)
	}
}
