package decode

import (
	"bytes"
	"mime"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/charset"
)

// CheckCharset refuses an input whose content type names another character set than the one that it is read in, where
// that would make another text: one of both is wrong, and nobody can tell which. Errors are *Error.
func CheckCharset(format string, b []byte, contentType string, o Options) error {
	if contentType == "" {
		return nil
	}
	_, params, err := mime.ParseMediaType(contentType)
	said := params["charset"]
	if err != nil || said == "" {
		return nil
	}
	other, known := charset.Lookup(said)
	if known && other.UTF8() && (format == "json" || format == "urlencoded") {
		return nil
	}
	text, err := readText(format, b, o)
	if err != nil {
		return err
	}
	switch {
	case known:
		if read, err := toUTF8(b, said); err == nil && bytes.Equal(text, read) {
			return nil
		}
	case strings.EqualFold(said, "utf-16") && (bytes.HasPrefix(b, []byte{0xFE, 0xFF}) || bytes.HasPrefix(b, []byte{0xFF, 0xFE})):
		return nil
	case !slices.ContainsFunc(b, func(c byte) bool { return c >= 0x80 }): // alike in nearly every other one
		return nil
	}
	return &Error{Code: CodeCharset, Message: "the charset of the content type is not the one that the form is read in (" +
		map[string]string{"xml": "that of the XML declaration", "csv": "input.csv.charset, else utf-8", "fixed": "input.fixed.charset, else utf-8"}[format] + "): make both the same"}
}

// readText is the input in UTF-8, as its format reads it.
func readText(format string, b []byte, o Options) ([]byte, error) {
	switch format {
	case "xml":
		return xmlUTF8(b)
	case "csv":
		return toUTF8(b, o.CSV.Charset)
	case "fixed":
		return toUTF8(b, o.Fixed.Charset)
	}
	return toUTF8(b, "")
}
