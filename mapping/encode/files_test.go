package encode

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// filed is the whole file of as many deliveries, each with two records, and its control file.
func filed(t testing.TB, layout string, deliveries int) string {
	t.Helper()
	l, problems := NewLayout(layoutOf(t, layout))
	if l == nil {
		t.Fatalf("{%s} %v", layout, problems)
	}
	shape := &connectors.Shape{Write: "w", Fields: []string{"A", "N"}}
	var pieces []Piece
	for i := range deliveries {
		var records []connectors.Record
		for j := range 2 {
			records = append(records, connectors.Record{Shape: shape, Values: []connectors.Value{text(fmt.Sprintf("t%d%d", i, j)), decimal(fmt.Sprintf("%d.5", 10*i+j))}})
		}
		p, err := l.Encode(records)
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, p)
	}
	h := Header{Seq: 7, SealedAt: time.Date(2026, 3, 29, 1, 30, 5, 0, time.UTC), Name: "OUT7.DAT", ID: "0000000000001", Reference: "R-1"}
	b, err := l.File(h, pieces)
	var fe *FieldError
	if errors.As(err, &fe) {
		return "!" + fe.Write + " " + fe.Field + " " + fe.Code + ": " + fe.Message
	}
	out := fmt.Sprintf("%q", b)
	name, body, there, err := l.Control(h, int64(len(b)), connectors.Digest{1, 2}, pieces)
	switch {
	case err != nil:
		out += " control " + err.Error()
	case there:
		out += fmt.Sprintf(" control %s %q", name, body)
	}
	return strings.ReplaceAll(out, `\"`, `'`)
}

// TestFiles is the whole file of no delivery, of one and of two.
func TestFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		layout     string
		deliveries int
		want       string
	}{
		// bodies of each format
		{`format: fixed, fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 0, `""`},
		{`format: fixed, fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 1, `"t00 0000.5\nt01 0001.5\n"`},
		{`format: fixed, fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 2, `"t00 0000.5\nt01 0001.5\nt10 0010.5\nt11 0011.5\n"`},
		{`format: csv, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `""`},
		{`format: csv, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"t00,0.5\nt01,1.5\n"`},
		{`format: csv, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"t00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n"`},
		{`format: csv, csv: {titles: true}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"A,N\n"`},
		{`format: csv, csv: {titles: true}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"A,N\nt00,0.5\nt01,1.5\n"`},
		{`format: csv, csv: {titles: true}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"A,N\nt00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n"`},
		{`format: csv, csv: {delimiter: tab, quote: all}, line-ending: crlf, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `""`},
		{`format: csv, csv: {delimiter: tab, quote: all}, line-ending: crlf, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"'t00'\t'0.5'\r\n't01'\t'1.5'\r\n"`},
		{`format: csv, csv: {delimiter: tab, quote: all}, line-ending: crlf, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"'t00'\t'0.5'\r\n't01'\t'1.5'\r\n't10'\t'10.5'\r\n't11'\t'11.5'\r\n"`},
		{`format: xml, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"<?xml version='1.0' encoding='UTF-8'?>\n<records>\n</records>\n"`},
		{`format: xml, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"<?xml version='1.0' encoding='UTF-8'?>\n<records>\n  <record>\n    <A>t00</A>\n    <N>0.5</N>\n  </record>\n  <record>\n    <A>t01</A>\n    <N>1.5</N>\n  </record>\n</records>\n"`},
		{`format: xml, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"<?xml version='1.0' encoding='UTF-8'?>\n<records>\n  <record>\n    <A>t00</A>\n    <N>0.5</N>\n  </record>\n  <record>\n    <A>t01</A>\n    <N>1.5</N>\n  </record>\n  <record>\n    <A>t10</A>\n    <N>10.5</N>\n  </record>\n  <record>\n    <A>t11</A>\n    <N>11.5</N>\n  </record>\n</records>\n"`},
		{`format: xml, xml: {root: r, record: x, namespace: "urn:a&b", no-declaration: true, nil: true}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"<r xmlns='urn:a&amp;b' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>\n</r>\n"`},
		{`format: xml, xml: {root: r, record: x, namespace: "urn:a&b", no-declaration: true, nil: true}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"<r xmlns='urn:a&amp;b' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>\n  <x>\n    <A>t00</A>\n    <N>0.5</N>\n  </x>\n  <x>\n    <A>t01</A>\n    <N>1.5</N>\n  </x>\n</r>\n"`},
		{`format: xml, xml: {root: r, record: x, namespace: "urn:a&b", no-declaration: true, nil: true}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"<r xmlns='urn:a&amp;b' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>\n  <x>\n    <A>t00</A>\n    <N>0.5</N>\n  </x>\n  <x>\n    <A>t01</A>\n    <N>1.5</N>\n  </x>\n  <x>\n    <A>t10</A>\n    <N>10.5</N>\n  </x>\n  <x>\n    <A>t11</A>\n    <N>11.5</N>\n  </x>\n</r>\n"`},
		{`format: json, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"[\n]\n"`},
		{`format: json, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"[\n{'A':'t00','N':0.5},\n{'A':'t01','N':1.5}\n]\n"`},
		{`format: json, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"[\n{'A':'t00','N':0.5},\n{'A':'t01','N':1.5},\n{'A':'t10','N':10.5},\n{'A':'t11','N':11.5}\n]\n"`},
		{`format: json, json: {style: lines}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `""`},
		{`format: json, json: {style: lines}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"{'A':'t00','N':0.5}\n{'A':'t01','N':1.5}\n"`},
		{`format: json, json: {style: lines}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"{'A':'t00','N':0.5}\n{'A':'t01','N':1.5}\n{'A':'t10','N':10.5}\n{'A':'t11','N':11.5}\n"`},
		{`format: json, json: {style: object, records: rows}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"{\n'rows':[\n]\n}\n"`},
		{`format: json, json: {style: object, records: rows}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"{\n'rows':[\n{'A':'t00','N':0.5},\n{'A':'t01','N':1.5}\n]\n}\n"`},
		{`format: json, json: {style: object, records: rows}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"{\n'rows':[\n{'A':'t00','N':0.5},\n{'A':'t01','N':1.5},\n{'A':'t10','N':10.5},\n{'A':'t11','N':11.5}\n]\n}\n"`},
		{`format: csv, bom: true, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"\ufeff"`},
		{`format: csv, bom: true, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"\ufefft00,0.5\nt01,1.5\n"`},
		{`format: csv, bom: true, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"\ufefft00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n"`},
		{`format: csv, charset: utf-16le, bom: true, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"\xff\xfe"`},
		{`format: csv, charset: utf-16le, bom: true, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"\xff\xfet\x000\x000\x00,\x000\x00.\x005\x00\n\x00t\x000\x001\x00,\x001\x00.\x005\x00\n\x00"`},
		{`format: csv, charset: utf-16le, bom: true, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"\xff\xfet\x000\x000\x00,\x000\x00.\x005\x00\n\x00t\x000\x001\x00,\x001\x00.\x005\x00\n\x00t\x001\x000\x00,\x001\x000\x00.\x005\x00\n\x00t\x001\x001\x00,\x001\x001\x00.\x005\x00\n\x00"`},
		{`format: fixed, charset: ibm1141, line-ending: nel, fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 0, `""`},
		{`format: fixed, charset: ibm1141, line-ending: nel, fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 1, `"\xa3\xf0\xf0@\xf0\xf0\xf0\xf0K\xf5\x15\xa3\xf0\xf1@\xf0\xf0\xf0\xf1K\xf5\x15"`},
		{`format: fixed, charset: ibm1141, line-ending: nel, fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 2, `"\xa3\xf0\xf0@\xf0\xf0\xf0\xf0K\xf5\x15\xa3\xf0\xf1@\xf0\xf0\xf0\xf1K\xf5\x15\xa3\xf1\xf0@\xf0\xf0\xf1\xf0K\xf5\x15\xa3\xf1\xf1@\xf0\xf0\xf1\xf1K\xf5\x15"`},
		// header and trailer
		{`format: csv, header: [{fields: [{value: H}, {value: "{seq:06}"}]}], trailer: [{fields: [{value: T}, {value: "{count}"}, {value: "{total:N}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"H,000007\nT,0,0\n"`},
		{`format: csv, header: [{fields: [{value: H}, {value: "{seq:06}"}]}], trailer: [{fields: [{value: T}, {value: "{count}"}, {value: "{total:N}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"H,000007\nt00,0.5\nt01,1.5\nT,2,2.0\n"`},
		{`format: csv, header: [{fields: [{value: H}, {value: "{seq:06}"}]}], trailer: [{fields: [{value: T}, {value: "{count}"}, {value: "{total:N}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"H,000007\nt00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\nT,4,24.0\n"`},
		{`format: csv, trailer: [{fields: [{value: "{lines}"}, {value: "{count:w}"}, {value: "{count:04}"}, {value: "{total:w.N}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"1,0,0000,0\n"`},
		{`format: csv, trailer: [{fields: [{value: "{lines}"}, {value: "{count:w}"}, {value: "{count:04}"}, {value: "{total:w.N}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"t00,0.5\nt01,1.5\n3,2,0002,2.0\n"`},
		{`format: csv, trailer: [{fields: [{value: "{lines}"}, {value: "{count:w}"}, {value: "{count:04}"}, {value: "{total:w.N}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"t00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n5,4,0004,24.0\n"`},
		{`format: csv, csv: {titles: true}, trailer: [{fields: [{value: "{lines}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"A,N\n2\n"`},
		{`format: csv, csv: {titles: true}, trailer: [{fields: [{value: "{lines}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"A,N\nt00,0.5\nt01,1.5\n4\n"`},
		{`format: csv, csv: {titles: true}, trailer: [{fields: [{value: "{lines}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"A,N\nt00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n6\n"`},
		{`format: csv, header: [{fields: [{value: "{date:yyyy-MM-dd}"}, {value: "{time:HHmm}"}, {value: "{date}"}, {value: "{time}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"2026-03-29,0130,20260329,013005\n"`},
		{`format: csv, header: [{fields: [{value: "{date:yyyy-MM-dd}"}, {value: "{time:HHmm}"}, {value: "{date}"}, {value: "{time}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"2026-03-29,0130,20260329,013005\nt00,0.5\nt01,1.5\n"`},
		{`format: csv, header: [{fields: [{value: "{date:yyyy-MM-dd}"}, {value: "{time:HHmm}"}, {value: "{date}"}, {value: "{time}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"2026-03-29,0130,20260329,013005\nt00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n"`},
		{`format: csv, zone: Europe/Berlin, header: [{fields: [{value: "{date:yyyy-MM-dd}"}, {value: "{time:HHmm}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"2026-03-29,0330\n"`},
		{`format: csv, zone: Europe/Berlin, header: [{fields: [{value: "{date:yyyy-MM-dd}"}, {value: "{time:HHmm}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"2026-03-29,0330\nt00,0.5\nt01,1.5\n"`},
		{`format: csv, zone: Europe/Berlin, header: [{fields: [{value: "{date:yyyy-MM-dd}"}, {value: "{time:HHmm}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"2026-03-29,0330\nt00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n"`},
		{`format: csv, header: [{fields: [{value: "{name}"}, {value: "{id}"}, {value: "{reference}"}, {value: "{{x}}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"OUT7.DAT,0000000000001,R-1,{x}\n"`},
		{`format: csv, header: [{fields: [{value: "{name}"}, {value: "{id}"}, {value: "{reference}"}, {value: "{{x}}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"OUT7.DAT,0000000000001,R-1,{x}\nt00,0.5\nt01,1.5\n"`},
		{`format: csv, header: [{fields: [{value: "{name}"}, {value: "{id}"}, {value: "{reference}"}, {value: "{{x}}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"OUT7.DAT,0000000000001,R-1,{x}\nt00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n"`},
		{`format: fixed, header: [{fields: [{value: "{seq}", type: integer, width: 6}]}], trailer: [{fields: [{value: "{total:N}", type: decimal, decimals: 2, implied: true, width: 9}]}], fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 0, `"000007\n000000000\n"`},
		{`format: fixed, header: [{fields: [{value: "{seq}", type: integer, width: 6}]}], trailer: [{fields: [{value: "{total:N}", type: decimal, decimals: 2, implied: true, width: 9}]}], fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 1, `"000007\nt00 0000.5\nt01 0001.5\n000000200\n"`},
		{`format: fixed, header: [{fields: [{value: "{seq}", type: integer, width: 6}]}], trailer: [{fields: [{value: "{total:N}", type: decimal, decimals: 2, implied: true, width: 9}]}], fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 2, `"000007\nt00 0000.5\nt01 0001.5\nt10 0010.5\nt11 0011.5\n000002400\n"`},
		{`format: fixed, trailer: [{fields: [{value: "{total:N}", type: decimal, decimals: 1, width: 3}]}], fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 0, `"0.0\n"`},
		{`format: fixed, trailer: [{fields: [{value: "{total:N}", type: decimal, decimals: 1, width: 3}]}], fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 1, `"t00 0000.5\nt01 0001.5\n2.0\n"`},
		{`format: fixed, trailer: [{fields: [{value: "{total:N}", type: decimal, decimals: 1, width: 3}]}], fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 2, `!trailer #1 encode.too-long: the value takes 4 bytes in utf-8 and the field has 3`},
		{`format: fixed, trailer: [{fields: [{value: "{total:N}", type: decimal, width: 9}]}], fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 0, `"000000000\n"`},
		{`format: fixed, trailer: [{fields: [{value: "{total:N}", type: decimal, width: 9}]}], fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 1, `"t00 0000.5\nt01 0001.5\n000000002\n"`},
		{`format: fixed, trailer: [{fields: [{value: "{total:N}", type: decimal, width: 9}]}], fields: [{name: A, width: 4}, {name: N, type: decimal, decimals: 1, width: 6}]`, 2, `"t00 0000.5\nt01 0001.5\nt10 0010.5\nt11 0011.5\n000000024\n"`},
		{`format: xml, header: [{name: head, fields: [{name: no, xml: "@no", value: "{seq}"}, {name: at, value: "{date:yyyyMMdd}"}]}], trailer: [{name: foot, fields: [{name: n, value: "{count}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"<?xml version='1.0' encoding='UTF-8'?>\n<records>\n  <head no='7'>\n    <at>20260329</at>\n  </head>\n  <foot>\n    <n>0</n>\n  </foot>\n</records>\n"`},
		{`format: xml, header: [{name: head, fields: [{name: no, xml: "@no", value: "{seq}"}, {name: at, value: "{date:yyyyMMdd}"}]}], trailer: [{name: foot, fields: [{name: n, value: "{count}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"<?xml version='1.0' encoding='UTF-8'?>\n<records>\n  <head no='7'>\n    <at>20260329</at>\n  </head>\n  <record>\n    <A>t00</A>\n    <N>0.5</N>\n  </record>\n  <record>\n    <A>t01</A>\n    <N>1.5</N>\n  </record>\n  <foot>\n    <n>2</n>\n  </foot>\n</records>\n"`},
		{`format: xml, header: [{name: head, fields: [{name: no, xml: "@no", value: "{seq}"}, {name: at, value: "{date:yyyyMMdd}"}]}], trailer: [{name: foot, fields: [{name: n, value: "{count}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"<?xml version='1.0' encoding='UTF-8'?>\n<records>\n  <head no='7'>\n    <at>20260329</at>\n  </head>\n  <record>\n    <A>t00</A>\n    <N>0.5</N>\n  </record>\n  <record>\n    <A>t01</A>\n    <N>1.5</N>\n  </record>\n  <record>\n    <A>t10</A>\n    <N>10.5</N>\n  </record>\n  <record>\n    <A>t11</A>\n    <N>11.5</N>\n  </record>\n  <foot>\n    <n>4</n>\n  </foot>\n</records>\n"`},
		{`format: json, json: {style: object}, header: [{name: head, fields: [{name: no, value: "{seq}", type: integer}]}], trailer: [{name: foot, fields: [{name: n, value: "{count}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"{\n'head':{'no':7},\n'records':[\n],\n'foot':{'n':'0'}\n}\n"`},
		{`format: json, json: {style: object}, header: [{name: head, fields: [{name: no, value: "{seq}", type: integer}]}], trailer: [{name: foot, fields: [{name: n, value: "{count}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"{\n'head':{'no':7},\n'records':[\n{'A':'t00','N':0.5},\n{'A':'t01','N':1.5}\n],\n'foot':{'n':'2'}\n}\n"`},
		{`format: json, json: {style: object}, header: [{name: head, fields: [{name: no, value: "{seq}", type: integer}]}], trailer: [{name: foot, fields: [{name: n, value: "{count}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"{\n'head':{'no':7},\n'records':[\n{'A':'t00','N':0.5},\n{'A':'t01','N':1.5},\n{'A':'t10','N':10.5},\n{'A':'t11','N':11.5}\n],\n'foot':{'n':'4'}\n}\n"`},
		{`format: json, json: {style: lines}, header: [{fields: [{name: no, value: "{seq}"}]}], trailer: [{fields: [{name: n, value: "{count}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"{'no':'7'}\n{'n':'0'}\n"`},
		{`format: json, json: {style: lines}, header: [{fields: [{name: no, value: "{seq}"}]}], trailer: [{fields: [{name: n, value: "{count}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"{'no':'7'}\n{'A':'t00','N':0.5}\n{'A':'t01','N':1.5}\n{'n':'2'}\n"`},
		{`format: json, json: {style: lines}, header: [{fields: [{name: no, value: "{seq}"}]}], trailer: [{fields: [{name: n, value: "{count}"}]}], fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"{'no':'7'}\n{'A':'t00','N':0.5}\n{'A':'t01','N':1.5}\n{'A':'t10','N':10.5}\n{'A':'t11','N':11.5}\n{'n':'4'}\n"`},
		// control files
		{`format: csv, control-file: {name: "{name}.ok", text: ""}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"" control OUT7.DAT.ok ""`},
		{`format: csv, control-file: {name: "{name}.ok", text: ""}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"t00,0.5\nt01,1.5\n" control OUT7.DAT.ok ""`},
		{`format: csv, control-file: {name: "{name}.ok", text: ""}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"t00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n" control OUT7.DAT.ok ""`},
		{`format: csv, control-file: {name: "{stem}.CTL", text: "{bytes};{sha256};{count};{lines};{total:N};{seq}\n"}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"" control OUT7.CTL "0;0102000000000000000000000000000000000000000000000000000000000000;0;0;0;7\n"`},
		{`format: csv, control-file: {name: "{stem}.CTL", text: "{bytes};{sha256};{count};{lines};{total:N};{seq}\n"}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"t00,0.5\nt01,1.5\n" control OUT7.CTL "16;0102000000000000000000000000000000000000000000000000000000000000;2;2;2.0;7\n"`},
		{`format: csv, control-file: {name: "{stem}.CTL", text: "{bytes};{sha256};{count};{lines};{total:N};{seq}\n"}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"t00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n" control OUT7.CTL "34;0102000000000000000000000000000000000000000000000000000000000000;4;4;24.0;7\n"`},
		{`format: csv, line-ending: crlf, control-file: {name: "{seq:05}-{date:yyyyMMdd}.ok", text: "{name}\n"}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"" control 00007-20260329.ok "OUT7.DAT\r\n"`},
		{`format: csv, line-ending: crlf, control-file: {name: "{seq:05}-{date:yyyyMMdd}.ok", text: "{name}\n"}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"t00,0.5\r\nt01,1.5\r\n" control 00007-20260329.ok "OUT7.DAT\r\n"`},
		{`format: csv, line-ending: crlf, control-file: {name: "{seq:05}-{date:yyyyMMdd}.ok", text: "{name}\n"}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"t00,0.5\r\nt01,1.5\r\nt10,10.5\r\nt11,11.5\r\n" control 00007-20260329.ok "OUT7.DAT\r\n"`},
		{`format: csv, control-file: {name: "{name}", text: ""}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"" control control-file: the name comes out empty or as that of the file itself`},
		{`format: csv, control-file: {name: "{name}", text: ""}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"t00,0.5\nt01,1.5\n" control control-file: the name comes out empty or as that of the file itself`},
		{`format: csv, control-file: {name: "{name}", text: ""}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"t00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n" control control-file: the name comes out empty or as that of the file itself`},
		{`format: csv, charset: us-ascii, control-file: {name: "{stem}.ok", text: "ä"}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 0, `"" control control-file: the character at byte 0 does not exist in us-ascii`},
		{`format: csv, charset: us-ascii, control-file: {name: "{stem}.ok", text: "ä"}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 1, `"t00,0.5\nt01,1.5\n" control control-file: the character at byte 0 does not exist in us-ascii`},
		{`format: csv, charset: us-ascii, control-file: {name: "{stem}.ok", text: "ä"}, fields: [{name: A}, {name: N, type: decimal, decimals: 1}]`, 2, `"t00,0.5\nt01,1.5\nt10,10.5\nt11,11.5\n" control control-file: the character at byte 0 does not exist in us-ascii`},
	} {
		if have := filed(t, c.layout, c.deliveries); have != c.want {
			t.Errorf("{%s} of %d\n have %s\n want %s", c.layout, c.deliveries, have, c.want)
		}
	}
}
