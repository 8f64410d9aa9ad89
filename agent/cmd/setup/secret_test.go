package setup

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/secret"
)

func appOf(stdin string) (*cli.App, *strings.Builder) {
	out := &strings.Builder{}
	return &cli.App{Stdin: strings.NewReader(stdin), Stdout: out, Stderr: io.Discard, Getenv: func(string) string { return "" }}, out
}

// TestAskSecret takes what comes on standard input without its last line ending, and nothing that cannot be a secret.
func TestAskSecret(t *testing.T) {
	for given, want := range map[string]string{"s3cret\n": "s3cret", "s3cret\r\n": "s3cret", "two\nlines\n\n": "two\nlines\n", " spaced ": " spaced "} {
		a, _ := appOf(given)
		if got, err := askSecret(a, "x"); err != nil || got != want {
			t.Errorf("%q: %q %v", given, got, err)
		}
	}
	for given, why := range map[string]string{"": "empty", "\n": "empty", strings.Repeat("x", secret.MaxSize+2): "larger than 64 KiB", "a\x00b": "no text", "\xff\xfe": "no text"} {
		a, _ := appOf(given)
		_, err := askSecret(a, "x")
		if f := cli.FaultOf(orNone(err)); f.Code != secret.CodeValue || !strings.Contains(f.Message, why) || f.Hint == "" {
			t.Errorf("%.10q: %v", given, err)
		}
	}
}

func orNone(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// TestKeygen never writes over a key, and says how the configuration names it.
func TestKeygen(t *testing.T) {
	a, out := appOf("")
	path := filepath.Join(t.TempDir(), "age-key")
	cmd := secretKeygen(a)
	if err := cmd.RunE(cmd, []string{path}); err != nil {
		t.Fatal(err)
	}
	says(t, out, "the key is in "+path+"; its public half: age1", "secrets: {age: {file: secrets.age, identity: \"${file:", "${credential:age-key}")
	key, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(key), "AGE-SECRET-KEY-1") || strings.Contains(out.String(), "AGE-SECRET-KEY") {
		t.Errorf("%v %s", err, out)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	err = cmd.RunE(cmd, []string{path})
	if f := cli.FaultOf(orNone(err)); f.Code != cli.CodeExists || !strings.Contains(f.Hint, "its secrets would be lost") {
		t.Errorf("%v", err)
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != string(key) {
		t.Errorf("the key is another one: %v", err)
	}
}

// TestNewAgent writes a configuration that stands on its own, once.
func TestNewAgent(t *testing.T) {
	a, out := appOf("")
	dir := filepath.Join(t.TempDir(), "agent")
	if err := newAgent(a, dir); err != nil {
		t.Fatal(err)
	}
	says(t, out, "wrote "+filepath.Join(dir, "inbasket.yaml"), "next: cd "+dir+", then inbasket check")
	for _, name := range []string{"in", "out", "mappings/contact.yaml", "mappings/samples/typical.json"} {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Error(err)
		}
	}
	if err := newAgent(a, dir); cli.FaultOf(orNone(err)).Code != cli.CodeExists {
		t.Errorf("%v", err)
	}
}
