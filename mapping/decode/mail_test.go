package decode

import (
	"strings"
	"testing"
)

// mailOf is a mail of a head and a text; lines end as in mails.
func mailOf(head, text string) string {
	return strings.ReplaceAll("From: Anna <a@example.org>\n"+head+"\n\n"+text, "\n", "\r\n")
}

const (
	anna   = `head:{from:{address:"a@example.org" name:"Anna"} subject:"" to:[]}`
	titled = `head:{from:{address:"a@example.org" name:"Anna"} subject:"S" to:[]}`
)

// TestMail is what is read of mails, and what is said of what is none.
func TestMail(t *testing.T) {
	reads(t, [][3]string{
		{`format: mail`, mailOf("Subject: S", "a: 1\nb.c: 2\nb.d: x: y\n"), `{body:{a:"1" b:{c:"2" d:"x: y"}} ` + titled + `}`},
		{`format: mail`, mailOf("Subject: =?utf-8?q?M=C3=BCll?=\n =?utf-8?q?er?=\nDate: Mon, 30 Nov 2026 08:00:00 +0100\nMessage-ID: <1@x>\nTo: b@example.org, \"C\" <c@example.org>\nReply-To: r@example.org", "a:\n"),
			`{body:{a:""} head:{date:"2026-11-30T08:00:00+01:00" from:{address:"a@example.org" name:"Anna"} messageId:"1@x" replyTo:{address:"r@example.org" name:""} subject:"Müller" to:[{address:"b@example.org" name:""} {address:"c@example.org" name:"C"}]}}`},
		{`format: mail`, mailOf("Subject: S", "a: 1\na: 2\na: 3\n"), `{body:{a:["1" "2" "3"]} ` + titled + `}`},
		{`format: mail, lists: [form.body.b.c]`, mailOf("Subject: S", "b.c: 1\n"), `{body:{b:{c:["1"]}} ` + titled + `}`},
		{`format: mail`, mailOf("Subject: S", "Dear all,\n\nFirst name : Eva\n  and more\nwhat is this\n10:30 is late\n-- \nx: y\n"),
			`{body:{First name:"Eva\nand more"} ` + titled + ` rest:"Dear all,\nwhat is this\n10:30 is late"}`},
		{`format: mail`, mailOf("Content-Type: text/plain; charset=windows-1252\nContent-Transfer-Encoding: quoted-printable", "a: M=FCller=80 and =\nmore"), `{body:{a:"Müller€ and more"} ` + anna + `}`},
		{`format: mail`, mailOf("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", "YTogTcO8\nbGxlcg=="), `{body:{a:"Müller"} ` + anna + `}`},
		{`format: mail`, mailOf("Content-Type: text/plain; format=flowed", "a: one \ntwo\nb: x"), `{body:{a:"one two" b:"x"} ` + anna + `}`},
		{`format: mail`, mailOf("Content-Type: text/plain; format=flowed; delsp=yes", "a: one \ntwo\n-- \nb: x"), `{body:{a:"onetwo"} ` + anna + `}`},
		{`format: mail`, mailOf(`Content-Type: multipart/alternative; boundary=x`, "--x\n\na: 1\n--x\nContent-Type: text/html\n\n<b>a: 2</b>\n--x--\n"), `{body:{a:"1"} ` + anna + `}`},
		{`format: mail`, mailOf("Content-Type: text/html", "<b>a: 2</b>"), `!decode.mail-html: the mail has its text in HTML only, and fields cannot be told in that: have it sent as text`},
		{`format: mail`, mailOf(`Content-Type: multipart/mixed; boundary=x`, "--x\nContent-Type: text/html\n\nx\n--x--\n"), `!decode.mail-html: the mail has its text in HTML only, and fields cannot be told in that: have it sent as text`},
		{`format: mail`, mailOf("Content-Type: application/pkcs7-mime; name=smime.p7m", "x"), `!decode.encrypted: part 1 is encrypted, or signed so that it cannot be read: have it sent without`},
		{`format: mail`, mailOf("Content-Type: multipart/encrypted; boundary=x", "--x\n\nx\n--x--\n"), `!decode.encrypted: part 1 is encrypted, or signed so that it cannot be read: have it sent without`},
		{`format: mail`, mailOf("Content-Type: text/plain; charset=klingon", "a: 1"), `!decode.utf8: a character set of the mail is not known`},
		{`format: mail`, mailOf("Subject: S", "a: \xff"), `!decode.utf8: a text of the mail is not valid in its character set`},
		{`format: mail`, mailOf("Subject: =?klingon?q?x?=", "a: 1"), `!decode.utf8: a field of the head is not valid in its character set`},
		{`format: mail`, mailOf("Content-Transfer-Encoding: base64", "YT?="), `!decode.syntax: part 1 is cut short, or not well-formed in its transfer encoding`},
		{`format: mail`, mailOf("Content-Transfer-Encoding: uuencode", "a: 1"), `!decode.syntax: part 0 has a transfer encoding that there is not`},
		{`format: mail`, mailOf(`Content-Type: multipart/mixed; boundary=x`, "--x\n\na: 1\n"), `!decode.syntax: part 2 is cut short, or not well-formed in its transfer encoding`},
		{`format: mail`, mailOf(`Content-Type: multipart/mixed; boundary=x`, "--x\n\na: 1\n--x\n\nb: 2\n"), `!decode.syntax: part 3 is cut short, or not well-formed in its transfer encoding`},
		{`format: mail`, mailOf(`Content-Type: multipart/mixed`, "a: 1\n"), `!decode.syntax: the mail ends within its parts, or has none`},
		{`format: mail`, mailOf(`Content-Type: multipart/mixed; boundary=x`, "a: 1\n"), `!decode.syntax: the mail ends within its parts, or has none`},
		{`format: mail`, mailOf("From: b@example.org", "a: 1"), `!decode.syntax: the head has two fields From`},
		{`format: mail`, mailOf("Date: yesterday", "a: 1"), `!decode.syntax: the date in the head is not well-formed`},
		{`format: mail`, mailOf("To: @", "a: 1"), `!decode.syntax: the addresses of To in the head are not well-formed`},
		{`format: mail`, "Subject: S\r\n\r\na: 1", `!decode.syntax: there is no sender: it is no mail, or its head is not at the beginning`},
		{`format: mail`, "{}", `!decode.syntax: the head of part 0 is not well-formed`},
		{`format: mail`, "", `!decode.syntax: there is no sender: it is no mail, or its head is not at the beginning`},
		{`format: mail`, mailOf("Subject: S", "a: 1\na.b: 2"), `!decode.duplicate-key: a name is both a value and an object of the form /body`},
		{`format: mail`, mailOf("Subject: S", "a.b: 1\na: 2"), `!decode.duplicate-key: a name is both a value and an object of the form /body`},
		{`format: mail, limits: {text: 3}`, mailOf("Subject: S", "a: 1\n"), `!decode.text: the text of the form is longer than 3 bytes`},
		{`format: mail, limits: {nodes: 10}`, mailOf("Subject: S", "a: 1\n"), `!decode.nodes: the form has more than 10 values`},
		{`format: mail, limits: {depth: 3}`, mailOf("Subject: S", "a.b.c: 1\n"), `!decode.depth: a field is nested deeper than 3 levels`},
		{`format: mail, limits: {depth: 1}`, mailOf(`Content-Type: multipart/mixed; boundary=x`, "--x\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\na: 1\n--y--\n--x--\n"), `!decode.depth: the mail has parts within parts deeper than 1`},
		{`format: mail, limits: {bytes: 10}`, mailOf("Subject: S", "a: 1\n"), `!decode.size: the input has 48 bytes; the limit is 10`},
	})
}
