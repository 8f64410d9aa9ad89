package encode

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/inbasket/inbasket/connectors"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	spec := Spec{Format: "csv"}
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+49 30": "'+49 30", "-5,00": "'-5,00", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "＝1": "'＝1", " =1": "' =1", "'=1": "''=1",
		"O'Neil": "O'Neil", "'t Hooft": "'t Hooft", "a=b": "a=b", "5-1": "5-1",
	} {
		got, notes, err := one(t, spec, FieldSpec{}, text(in))
		got = strings.Trim(strings.TrimSuffix(got, "\n"), `"`)
		if err != nil || got != want || (len(notes) == 1) != (in != want) {
			t.Errorf("%q: %q %+v %v", in, got, notes, err)
		}
	}
	for _, c := range []struct {
		field FieldSpec
		value connectors.Value
		want  string
	}{
		{FieldSpec{}, decimal("-5.00"), "-5.00"},
		{FieldSpec{}, integer(-5), "-5"},
		{FieldSpec{Type: "decimal", Decimals: 2, Sign: "leading"}, decimal("5"), "+5.00"},
		{FieldSpec{IfNull: ptr("-")}, null, "-"},
	} {
		if got, _, err := one(t, spec, c.field, c.value); err != nil || got != c.want+"\n" {
			t.Errorf("%+v: %q %v", c.value, got, err)
		}
	}
}

// The apostrophe is the file's, as quotes are: it counts in no width.
func TestGuardHasNoWidth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field FieldSpec
		in    string
		want  string
	}{
		{FieldSpec{Width: 4}, "=1+1", "'=1+1"}, {FieldSpec{Width: 4}, "=1+12", "ERR"}, {FieldSpec{Width: 4, Overflow: "cut"}, "=1+12", "'=1+1"}, {FieldSpec{Width: 4}, "1+11", "1+11"},
	} {
		got, _, err := one(t, Spec{Format: "csv"}, c.field, text(c.in))
		if got = strings.TrimSuffix(got, "\n"); err != nil {
			got = "ERR"
		}
		if got != c.want {
			t.Errorf("%s in %d: %q %v", c.in, c.field.Width, got, err)
		}
	}
}

// A sign counts, and a message says so.
func TestSignCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec  Spec
		field FieldSpec
		value connectors.Value
		want  string
	}{
		{Spec{}, FieldSpec{Width: 2, Type: "integer"}, integer(-26), "the value takes 3 bytes in utf-8 and the field has 2; its sign counts too"},
		{Spec{}, FieldSpec{Width: 2, Type: "integer", Pad: " "}, integer(-26), "the value takes 3 bytes in utf-8 and the field has 2; its sign counts too"},
		{Spec{}, FieldSpec{Width: 2, Type: "integer", Sign: "trailing"}, integer(26), "the value takes 3 bytes in utf-8 and the field has 2; its sign counts too"},
		{Spec{}, FieldSpec{Width: 2}, integer(-26), "the value takes 3 bytes in utf-8 and the field has 2; its sign counts too"},
		{Spec{}, FieldSpec{Width: 2}, text("-26"), "the value takes 3 bytes in utf-8 and the field has 2"},
		{Spec{}, FieldSpec{Width: 2, Type: "integer"}, integer(126), "the value takes 3 bytes in utf-8 and the field has 2"},
		{Spec{Format: "csv"}, FieldSpec{Width: 2, Type: "integer"}, integer(-26), "the value takes 3 bytes in utf-8 and the field has 2; its sign counts too"},
		{Spec{Format: "csv"}, FieldSpec{Width: 2, Type: "integer"}, text("-26"), "the value takes 3 bytes in utf-8 and the field has 2; its sign counts too"},
		{Spec{Format: "csv"}, FieldSpec{Width: 2}, decimal("-26"), "the value takes 3 bytes in utf-8 and the field has 2; its sign counts too"},
		{Spec{Format: "csv"}, FieldSpec{Width: 2}, text("=26"), "the value takes 3 bytes in utf-8 and the field has 2"},
		{Spec{Format: "json"}, FieldSpec{Width: 2}, integer(-26), "the value has 3 characters and the field 2; its sign counts too"},
		{Spec{Format: "xml", XML: XMLSpec{Root: "r"}}, FieldSpec{Width: 2, Type: "integer"}, integer(-26), "the value has 3 characters and the field 2; its sign counts too"},
	} {
		_, _, err := one(t, c.spec, c.field, c.value)
		var e *FieldError
		if !errors.As(err, &e) || e.Message != c.want {
			t.Errorf("%+v %+v: %v", c.spec, c.field, err)
		}
	}
}

// Taking one apostrophe off a text that looks guarded gives back what was written.
func TestGuardIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"'", "=", "+", "-", "@", "\t", "＝", " ", "a", "\u00A0", "1"}), 0, 6).Draw(t, "parts"), "")
		written := s
		if formula(s) {
			written = "'" + s
		}
		read := written
		if strings.HasPrefix(read, "'") && formula(read) {
			read = read[1:]
		}
		if read != s {
			t.Fatalf("%q is written as %q and read as %q", s, written, read)
		}
		if first := strings.TrimLeft(written, " \u00A0"); first != "" && strings.ContainsAny(first[:1], "=+-@\t") {
			t.Fatalf("%q begins as a formula", written)
		}
	})
}

// A reference that the sender chose is guarded in a header too; what the layout says is not.
func TestGuardInHeader(t *testing.T) {
	t.Parallel()
	l, problems := NewLayout(Spec{Format: "csv", Fields: []FieldSpec{{Name: "F"}},
		Header: []LineSpec{{Fields: []FieldSpec{{Value: ptr("{reference}")}, {Value: ptr("-H-")}}}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	file, err := l.File(Header{Reference: "=cmd()"}, nil)
	if err != nil || string(file) != "'=cmd(),-H-\n" {
		t.Errorf("%q %v", file, err)
	}
}
