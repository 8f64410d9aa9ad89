package encode

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/inbasket/inbasket/connectors"
)

func TestGuard(t *testing.T) {
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

// Taking one apostrophe off a text that looks guarded gives back what was written.
func TestGuardIsExact(t *testing.T) {
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
