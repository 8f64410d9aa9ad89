package secret

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/connectors"
)

func codeOf(err error) string {
	var coded *connectors.Error
	if errors.As(err, &coded) {
		return coded.Code
	}
	return ""
}

// stores returns each kind of store, made anew by each call of its function from what is on disk. The
// folder is sealed by a fake here: DPAPI has tests of its own.
func stores(t *testing.T) map[string]func() Store {
	key, _, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	flip := func(b []byte) ([]byte, error) {
		out := bytes.Clone(b)
		for i := range out {
			out[i] ^= 0x5a
		}
		return out, nil
	}
	return map[string]func() Store{
		"folder": func() Store { return &Folder{dir: filepath.Join(dir, "secrets"), seal: flip, open: flip} },
		"age": func() Store {
			a, err := OpenAge(filepath.Join(dir, "secrets.age"), key)
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
	}
}

func TestStores(t *testing.T) {
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			if names, err := open().Names(); err != nil || len(names) != 0 {
				t.Fatalf("an empty store: %v, %v", names, err)
			}
			want := map[string]string{"register": "hunter2", "b.key": "two\nlines \"and\" quotes: # \\ \t", "a-1": "Füße 漢字 \u2028 <&>", "yes": "no", "n": "0x10"}
			for name, value := range want {
				if err := open().Set(name, value); err != nil {
					t.Fatal(name, err)
				}
			}
			if err := open().Set("register", "changed"); err != nil {
				t.Fatal(err)
			}
			want["register"] = "changed"
			got := map[string]string{}
			names, err := open().Names()
			for _, name := range names {
				value, err := open().Get(name)
				if err != nil {
					t.Error(err)
				}
				got[name] = value
			}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
			if err := open().Remove("a-1"); err != nil {
				t.Error(err)
			}
			if _, err := open().Get("a-1"); codeOf(err) != CodeMissing {
				t.Errorf("a removed one: %v", err)
			}
			if err := open().Remove("a-1"); codeOf(err) != CodeMissing {
				t.Errorf("removed twice: %v", err)
			}
			for _, wrong := range []string{"", "../x", "a/b", `a\b`, ".x", "x.", strings.Repeat("x", 65)} {
				if err := open().Set(wrong, "v"); codeOf(err) != CodeName {
					t.Errorf("the name %q: %v", wrong, err)
				}
			}
		})
	}
}

// What stands on disk shows neither values nor, in an age file, names.
func TestSealedOnDisk(t *testing.T) {
	key, _, _ := NewKey()
	path := filepath.Join(t.TempDir(), "secrets.age")
	a, err := OpenAge(path, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Set("register", "canary-value"); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || bytes.Contains(b, []byte("canary")) || bytes.Contains(b, []byte("register")) {
		t.Errorf("the file shows what is in it (%v)", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o027 != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// Whatever is wrong with key or file, the error says so without a word of either.
func TestAgeErrors(t *testing.T) {
	key, public, _ := NewKey()
	other, _, _ := NewKey()
	path := filepath.Join(t.TempDir(), "secrets.age")
	seal := func(plain string) {
		to, err := age.ParseX25519Recipient(public)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		w, err := age.Encrypt(&b, to)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(plain))
		if err := errors.Join(w.Close(), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct{ plain, key, code string }{
		"another key":     {"a: b", other, CodeAge},
		"no key":          {"a: b", "AGE-SECRET-KEY-1CANARY", CodeKey},
		"no YAML":         {"a: 'canary", key, CodeAge},
		"a list":          {"- canary", key, CodeAge},
		"nested":          {"a: {b: canary}", key, CodeAge},
		"twice":           {"a: canary\na: canary2", key, CodeAge},
		"a name too odd":  {"a/b: canary", key, CodeAge},
		"nothing for one": {"a:", key, CodeAge},
	} {
		seal(c.plain)
		_, err := OpenAge(path, c.key)
		if codeOf(err) != c.code || strings.Contains(strings.ToLower(err.Error()), "canary") {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if err := os.WriteFile(path, []byte("age-encryption.org/v1\ncanary"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAge(path, key); codeOf(err) != CodeAge || strings.Contains(err.Error(), "canary") {
		t.Errorf("damaged: %v", err)
	}
}

// Two who set secrets at the same time do not lose each other's, also when one of them thought about it for long.
func TestAgeTogether(t *testing.T) {
	key, _, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "secrets.age")
	var all sync.WaitGroup
	for n := range 8 {
		a, err := OpenAge(path, key) // before any of them sets
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if err := a.Set(fmt.Sprintf("s%d", n), "v"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	a, err := OpenAge(path, key)
	if err != nil {
		t.Fatal(err)
	}
	if names, _ := a.Names(); len(names) != 8 {
		t.Errorf("left: %v", names)
	}
	other, _, _ := NewKey()
	b, err := OpenAge(filepath.Join(t.TempDir(), "x.age"), other)
	if err == nil {
		b.path = path
		err = b.Set("mine", "v") // the file was made for another key meanwhile
	}
	if codeOf(err) != CodeAge {
		t.Errorf("%v", err)
	}
}
