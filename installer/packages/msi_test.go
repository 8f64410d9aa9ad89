package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// need skips a test whose tools are missing; in CI they must be there.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, name := range tools {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not here; apt-get install wixl msitools osslsigncode", name)
			}
			t.Skipf("%s is not here", name)
		}
	}
}

// atRoot runs the test in the repository's folder, which the paths of the package count from.
func atRoot(t *testing.T) {
	t.Helper()
	t.Chdir(filepath.Join("..", ".."))
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// dummy writes something that stands for the program.
func dummy(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "inbasket.exe")
	if err := os.WriteFile(p, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

func pack(t *testing.T, version, program string, s signer) string {
	t.Helper()
	p, err := productOf(release{Version: version, Time: time.Unix(1_760_000_000, 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	p.signer = s
	target := filepath.Join(t.TempDir(), "inbasket.msi")
	if err := p.make(t.Context(), program, target); err != nil {
		t.Fatal(err)
	}
	return target
}

// TestVersions maps versions to what Windows Installer compares, and refuses what it cannot hold.
func TestVersions(t *testing.T) {
	for version, want := range map[string]string{
		"1.2.3": "1.2.3", "v1.2.3": "1.2.3", "1.2.3~rc.1": "1.2.3", "1.2.3+5.g150d8b2": "1.2.3",
		"0.0.0~20261122193047.g150d8b2": "0.0.0", "255.255.65535": "255.255.65535",
		"1.2": "", "dev": "", "256.0.0": "", "1.0.65536": "", "1.2.3.4": "",
	} {
		p, err := productOf(release{Version: version})
		if (err != nil) != (want == "") || p.Number != want {
			t.Errorf("%s: %q %v, want %q", version, p.Number, err, want)
		}
	}
}

// TestIdentifiers keeps what must never change, or a new version would stand beside the old one.
func TestIdentifiers(t *testing.T) {
	if upgradeCode != "6F1C9E0E-5F0B-4D0C-9B0B-2B8D3A6F7C11" {
		t.Error("the upgrade code was changed")
	}
	if got := identifier("component", "inbasket.exe"); got != identifier("component", "inbasket.exe") || got == identifier("component", "LICENSE.txt") ||
		!regexp.MustCompile(`^[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`).MatchString(got) {
		t.Errorf("identifier: %s", got)
	}
}

// TestSame wants the same bytes from the same files, whatever the clock says, and other codes for another program.
func TestSame(t *testing.T) {
	need(t, "wixl", "msibuild", "msiinfo")
	atRoot(t)
	program := dummy(t, "program")
	var first []byte
	for range 3 {
		got, err := os.ReadFile(pack(t, "1.2.3", program, signer{}))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if !bytes.Equal(got, first) {
			t.Fatal("two packages of the same files differ")
		}
	}
	code := regexp.MustCompile(`ProductCode\t(\S+)`)
	a := code.FindString(output(t, "msiinfo", "export", pack(t, "1.2.3", program, signer{}), "Property"))
	b := code.FindString(output(t, "msiinfo", "export", pack(t, "1.2.3", dummy(t, "another"), signer{}), "Property"))
	if a == "" || a == b {
		t.Errorf("product codes %q and %q", a, b)
	}
}

// TestTables reads back what Windows Installer will do, from the package itself.
func TestTables(t *testing.T) {
	need(t, "wixl", "msibuild", "msiinfo")
	atRoot(t)
	msi := pack(t, "1.2.3", dummy(t, "program"), signer{})
	table := func(name string) string { return output(t, "msiinfo", "export", msi, name) }
	for name, wants := range map[string][]string{
		"Property":        {"SecureCustomProperties\tCONFIG_FILE;LISTEN;NOSTART;NEWERFOUND;OLDERFOUND", "ALLUSERS\t1", "ProductVersion\t1.2.3", "UpgradeCode\t{" + upgradeCode + "}"},
		"Upgrade":         {"\t0.0.0\t1.2.3\t\t769\t\tOLDERFOUND", "\t1.2.3\t\t\t2\t\tNEWERFOUND"},
		"LaunchCondition": {"Installed OR NOT NEWERFOUND\tA newer version of Inbasket is installed."},
		"ServiceControl":  {"StopService\tinbasket\t34\t\t1\t"},
		"CustomAction":    {"InstallService\t3090\t", "UndoService\t3410\t", "HaltServices\t3090\t", "RemoveService\t3154\t"},
		"Environment":     {"Path\t=-*PATH\t[~];[INSTALLDIR]\t"},
		"File":            {"inbasket.exe", "inbasket.yaml", "LICENSE.txt", "contact.yaml", "install-windows.md"},
	} {
		got := table(name)
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s is without %q:\n%s", name, want, got)
			}
		}
	}
	place := func(action string) string {
		m := regexp.MustCompile(`(?m)^` + action + `\t.*\t(\d+)\r?$`).FindStringSubmatch(table("InstallExecuteSequence"))
		if m == nil {
			t.Fatalf("%s has no place", action)
		}
		return m[1]
	}
	order := []string{"LaunchConditions", "InstallInitialize", "RemoveExistingProducts", "ProcessComponents", "HaltServices", "RemoveService", "StopServices", "RemoveFiles", "InstallFiles", "UndoService", "InstallService", "InstallFinalize"}
	for i := 1; i < len(order); i++ {
		if a, b := place(order[i-1]), place(order[i]); len(a) > len(b) || len(a) == len(b) && a >= b {
			t.Errorf("%s (%s) must come before %s (%s)", order[i-1], a, order[i], b)
		}
	}
	if got := output(t, "msiinfo", "suminfo", msi); !strings.Contains(got, "Created: Thu Oct  9 08:53:20 2025") || !strings.Contains(got, "Template: x64;1033") {
		t.Errorf("summary:\n%s", got)
	}
}

// TestSigned signs program and package with a key made here, and has both verified.
func TestSigned(t *testing.T) {
	need(t, "wixl", "msibuild", "osslsigncode")
	s := selfSigned(t)
	program := filepath.Join(t.TempDir(), "inbasket.exe")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./testdata/nothing.go")
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	atRoot(t)
	msi := pack(t, "1.2.3", program, s)
	exe := filepath.Join(t.TempDir(), "signed.exe")
	if err := s.sign(t.Context(), program, exe); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{msi, exe} {
		if out := output(t, "osslsigncode", "verify", "-CAfile", s.cert, "-in", f); !strings.Contains(out, "Succeeded") {
			t.Errorf("%s:\n%s", f, out)
		}
	}
	if err := (signer{cert: s.cert}).sign(t.Context(), program, exe); err == nil {
		t.Error("it signs without a key")
	}
	if err := (signer{cert: s.cert, key: filepath.Join(t.TempDir(), "none")}).sign(t.Context(), program, filepath.Join(t.TempDir(), "x")); err == nil {
		t.Error("it signs with a key that is not there")
	}
}

// selfSigned makes a key and a certificate for code.
func selfSigned(t *testing.T) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Inbasket test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := signer{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	for path, block := range map[string]*pem.Block{s.cert: {Type: "CERTIFICATE", Bytes: der}, s.key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestSettle refuses a package whose summary is not where it should be.
func TestSettle(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing": nil, "no summary": bytes.Repeat([]byte{1}, 4096),
		"cut short": append(make([]byte, 28), summaryFormat...),
		"two":       append(append(make([]byte, 28), summaryFormat...), append(make([]byte, 64), summaryFormat...)...),
		"empty set": append(append(make([]byte, 28), summaryFormat...), append([]byte{48, 0, 0, 0}, make([]byte, 64)...)...),
	} {
		if err := settle(b, "x", time.Now()); !errors.Is(err, errSummary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTools says what to install when a tool is missing.
func TestTools(t *testing.T) {
	err := tool(context.Background(), "", "no-such-tool-of-inbasket")
	if err == nil || !strings.Contains(err.Error(), "apt-get install") {
		t.Errorf("got %v", err)
	}
	if _, err := windowsContents(filepath.Join(t.TempDir(), "none"), t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("outside of the repository: %v", err)
	}
}
