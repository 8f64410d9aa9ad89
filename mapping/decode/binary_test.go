package decode

import (
	"errors"
	"strings"
	"testing"
)

// TestContentInBase64: content counts by limits.binary alone, once that is set, and what is too large names the key that has to be raised.
func TestContentInBase64(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("AAAA", 100<<10) // 300 KiB
	escaped := strings.Repeat(`AA\/A`, 100<<10)
	small := Limits{Bytes: 64 << 10, Text: 32 << 10}
	binary := func(l Limits, n int64) Limits { l.Binary = n; return l }
	for _, c := range []struct {
		name, format, form string
		limits             Limits
		want               string // the limit that is passed
	}{
		{"no limit of its own: as any text", "json", `{"a":"` + content + `"}`, Limits{}, ""},
		{"passes beside small texts", "json", `{"a":"` + content + `","b":"x"}`, binary(small, 300<<10), ""},
		{"a data URI", "json", `{"a":"data:image/png;base64,` + content + `"}`, binary(small, 301<<10), ""},
		{"escaped, and padded", "json", `{"a":"` + escaped + `QQ=="}`, binary(small, 301<<10), ""},
		{"in lines", "json", `{"a":"` + strings.Repeat(strings.Repeat("A", 76)+`\r\n`, 5000) + `"}`, binary(small, 301<<10), ""},
		{"one byte too much", "json", `{"a":"` + content + `AAAA"}`, binary(small, 300<<10), "binary"},
		{"two together", "json", `{"a":"` + content + `","b":"` + content + `"}`, binary(small, 400<<10), "binary"},
		{"a text is none", "json", `{"a":"` + content + ` "}`, binary(small, 1<<20), "text"},
		{"a text that only begins like one", "json", `{"a":"data:text/plain,` + content + `"}`, binary(small, 1<<20), "text"},
		{"the rest is too large", "json", `{"a":"` + content + `","b":["` + strings.Repeat(`x y","`, 20<<10) + `"]}`, binary(small, 1<<20), "bytes"},
		{"as text, too long: the key is named", "json", `{"a":"` + content + `"}`, Limits{Text: 1000}, "binary"},
		{"as input, too large: the key is named", "json", `{"a":"` + content + `"}`, small, "binary"},
		{"an input without content", "json", `{"a":"` + strings.Repeat("x y ", 20<<10) + `"}`, small, "bytes"},
		{"xml", "xml", `<f><a>` + content + `</a><b>x</b></f>`, binary(small, 300<<10), ""},
		{"xml, too much", "xml", `<f><a>` + content + `AAAA</a></f>`, binary(small, 300<<10), "binary"},
		{"xml, a text", "xml", `<f><a>` + content + ` </a></f>`, binary(small, 1<<20), "text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode(c.format, []byte(c.form), Options{Limits: c.limits})
			var e *Error
			have := ""
			if errors.As(err, &e) {
				have = e.Limit()
			}
			if have != c.want || (err != nil) != (c.want != "") {
				t.Errorf("have limit %q, error %v; want %q", have, err, c.want)
			}
		})
	}
}
