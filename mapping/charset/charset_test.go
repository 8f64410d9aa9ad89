package charset

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
	"unicode/utf8"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	for _, n := range Names() {
		if c, ok := Lookup(n); !ok || c.Name() != n {
			t.Errorf("%s: %v", n, ok)
		}
	}
	for in, want := range map[string]string{"": "utf-8", "UTF8": "utf-8", "Latin1": "iso-8859-1", "ISO_8859-15": "iso-8859-15",
		"CP1252": "windows-1252", "IBM-1141": "ibm1141", "cp273": "ibm273", "ibm850": "cp850", "CP037": "ibm037"} {
		if c, ok := Lookup(in); !ok || c.Name() != want {
			t.Errorf("%q: want %s", in, want)
		}
	}
	if _, ok := Lookup("klingon"); ok {
		t.Error("klingon is known")
	}
}

// TestAgainstIconv compares every byte of every single-byte set with the system's iconv.
func TestAgainstIconv(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("iconv"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("iconv is missing")
		}
		t.Skip("iconv is missing")
	}
	for _, n := range Names() {
		c, _ := Lookup(n)
		if !c.SingleByte() {
			continue
		}
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		if want, err := iconv(n, all); err == nil { // no holes
			if got, _, ok := c.DecodeString(all); !ok || got != want {
				t.Errorf("%s: got %q %v, iconv %q", n, got, ok, want)
			}
			continue
		}
		for i := range all {
			want, err := iconv(n, all[i:i+1])
			got, _, ok := c.DecodeString(all[i : i+1])
			if ok != (err == nil) || ok && got != want {
				t.Errorf("%s byte %02X: got %q %v, iconv %q %v", n, i, got, ok, want, err)
			}
		}
	}
}

func iconv(name string, b []byte) (string, error) {
	cmd := exec.Command("iconv", "-f", name, "-t", "UTF-8")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	return string(out), err
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, n := range Names() {
		c, _ := Lookup(n)
		if !c.SingleByte() {
			continue
		}
		for _, b := range all {
			s, _, ok := c.DecodeString([]byte{b})
			if !ok {
				continue
			}
			if back, _, ok := c.AppendString(nil, s); !ok || len(back) != 1 || back[0] != b {
				t.Errorf("%s: byte %02X comes back as % X", n, b, back)
			}
		}
	}
}

func TestUnmappable(t *testing.T) {
	t.Parallel()
	c, _ := Lookup("iso-8859-1")
	dst, bad, ok := c.AppendString([]byte("x"), "aä€b")
	if ok || bad != 3 || string(dst) != "x" {
		t.Errorf("%q %d %v", dst, bad, ok)
	}
	u, _ := Lookup("utf-8")
	if _, bad, ok := u.DecodeString([]byte("ab\xffc")); ok || bad != 2 {
		t.Error(bad, ok)
	}
}

func FuzzUTF16(f *testing.F) {
	f.Add([]byte("a\x00\x3d\xd8\x00\xde"))
	f.Add([]byte{0, 0xD8})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, n := range []string{"utf-16le", "utf-16be"} {
			c, _ := Lookup(n)
			s, _, ok := c.DecodeString(b)
			if !ok {
				continue
			}
			if !utf8.ValidString(s) {
				t.Fatalf("not UTF-8: %q", s)
			}
			if back, _, ok := c.AppendString(nil, s); !ok || !bytes.Equal(back, b) {
				t.Fatalf("% X comes back as % X", b, back)
			}
		}
	})
}
