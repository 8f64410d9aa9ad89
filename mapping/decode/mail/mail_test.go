package mail

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

const parts = `From: a@example.org
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: multipart/related; boundary=y

--y
Content-Type: multipart/alternative; boundary=z

--z
Content-Type: text/html

<p>a: 1</p>
--z
Content-Type: text/plain

a: 1
--z--
--y
Content-Type: image/png
Content-Transfer-Encoding: base64

iVBO
--y--
--x
Content-Type: text/plain; name=x
Content-Disposition: attachment; filename="dir/=?iso-8859-1?q?Pl=E4ne.txt?="

not: a field
--x
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''..%2Fpl%C3%A4ne.TXT

pdf
--x
Content-Type: application/pdf
Content-Disposition: attachment; filename="pläne.txt"

again
--x
Content-Type: text/html

<p>footer</p>
--x
Content-Type: message/rfc822

From: b@example.org

inner: 1
--x
Content-Type: text/plain

footer of the list
--x--
`

// TestFiles keeps each part that is no text of the form, and no second form of it, under a name of its own.
func TestFiles(t *testing.T) {
	t.Parallel()
	m, err := Read([]byte(strings.ReplaceAll(parts, "\n", "\r\n")), 5)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range m.Files {
		got = append(got, fmt.Sprintf("%s %s %q", f.Name, f.Type, f.Content))
	}
	want := []string{`part-6.png image/png "\x89PN"`, `Pläne.txt text/plain "not: a field"`, `pläne-2.TXT application/pdf "pdf"`, `pläne-3.txt application/pdf "again"`,
		`part-10.html text/html "<p>footer</p>"`, `part-11.eml message/rfc822 "From: b@example.org\r\n\r\ninner: 1"`}
	if fmt.Sprint(got) != fmt.Sprint(want) || m.Text != "a: 1\nfooter of the list" {
		t.Errorf("%s\n%s\n%q", strings.Join(got, "\n"), strings.Join(want, "\n"), m.Text)
	}
}

// FuzzMail reads anything without breaking: what it gives is UTF-8, and names are names.
func FuzzMail(f *testing.F) {
	f.Add([]byte(strings.ReplaceAll(parts, "\n", "\r\n")))
	f.Add([]byte("From: a@example.org\r\nContent-Type: text/plain; format=flowed\r\n\r\na: 1 \r\nb: 2\r\n-- \r\nx"))
	f.Add([]byte("From: a@example.org\nSubject: =?utf-8?b?w7w=?=\nDate: Mon, 30 Nov 2026 08:00:00 +0100\n\na: 1\n  2\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Read(b, 10)
		if err != nil {
			return
		}
		said := m.Subject + m.MessageID + m.Text
		for _, a := range append(append(m.From, m.To...), m.ReplyTo...) {
			said += a.Name + a.Address
		}
		names := map[string]bool{}
		for _, x := range m.Files {
			said += x.Name
			if x.Name == "" || strings.ContainsAny(x.Name, "/\\\n") || names[x.Name] {
				t.Fatalf("a file is called %q", x.Name)
			}
			names[x.Name] = true
		}
		for _, l := range Fields(m.Text) {
			said += l.Key + l.Value
		}
		if !utf8.ValidString(said) {
			t.Fatalf("%q", said)
		}
	})
}
