package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed inbasket.wxs
var source string

// make writes the package to target.
func (p product) make(ctx context.Context, program, target string) error {
	work, err := os.MkdirTemp("", "inbasket-msi")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	signed := filepath.Join(work, "inbasket.exe")
	if err := p.signer.sign(ctx, program, signed); err != nil {
		return err
	}
	entries, err := contents(signed, filepath.Join(work, "files"))
	if err != nil {
		return err
	}
	sum, err := p.digest(entries)
	if err != nil {
		return err
	}
	wxs := filepath.Join(work, "inbasket.wxs")
	if err := p.write(wxs, entries, identifier("product", p.Version, sum)); err != nil {
		return err
	}
	made := filepath.Join(work, "inbasket.msi")
	if err := tool(ctx, work, "wixl", "-a", "x64", "-o", made, wxs); err != nil {
		return err
	}
	if err := p.finish(ctx, work, made, identifier("package", p.Version, sum)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return p.signer.sign(ctx, made, target)
}

// digest sets the times of all files, and returns what tells this package from all others.
func (p product) digest(entries []entry) (string, error) {
	h := sha256.New()
	for _, e := range entries {
		if err := os.Chtimes(e.source, p.time, p.time); err != nil {
			return "", err
		}
		text, err := os.ReadFile(e.source)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n", e.target, len(text))
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// write writes the source of the package.
func (p product) write(to string, entries []entry, code string) error {
	t, err := template.New("inbasket.wxs").Parse(source)
	if err != nil {
		return err
	}
	var tree strings.Builder
	if err := treeOf(entries).write(&tree, filepath.Dir(to)); err != nil {
		return err
	}
	data := struct {
		Version, Number, ProductCode, UpgradeCode, Link, ProgramID, Tree string
		Components                                                       []string
	}{p.Version, p.Number, code, upgradeCode, link, id("f", "inbasket.exe"), tree.String(), nil}
	for _, e := range entries {
		data.Components = append(data.Components, id("c", e.target))
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return err
	}
	return writeFile(to, b.Bytes())
}

// finish puts right what wixl cannot say, and takes the time and chance out of the package.
func (p product) finish(ctx context.Context, work, made, code string) error {
	table := filepath.Join(work, "Upgrade.idt")
	if err := writeFile(table, []byte(p.upgradeTable())); err != nil {
		return err
	}
	if err := tool(ctx, work, "msibuild", made, "-i", table); err != nil {
		return err
	}
	for _, q := range []string{
		// The old version goes within the transaction: if the new one fails, the old one comes back.
		order("RemoveExistingProducts", 1510),
		order("HaltServices", 1810),
		order("RemoveService", 1820),
		order("UndoService", 4010),
		order("InstallService", 6410),
		// 18 a program of the package, 64 whatever it says, 256 at a rollback, 1024 in its turn, 2048 as SYSTEM.
		"UPDATE `CustomAction` SET `Type` = 3410 WHERE `Action` = 'UndoService'",
		"UPDATE `Property` SET `Value` = 'CONFIG_FILE;LISTEN;NOSTART;NEWERFOUND;OLDERFOUND' WHERE `Property` = 'SecureCustomProperties'",
	} {
		if err := tool(ctx, work, "msibuild", made, "-q", q); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(made)
	if err != nil {
		return err
	}
	if err := settle(text, code, p.time); err != nil {
		return err
	}
	return os.WriteFile(made, text, 0o644)
}

// order gives an action its place: wixl puts it anywhere that fits, each time elsewhere.
func order(action string, place int) string {
	return fmt.Sprintf("UPDATE `InstallExecuteSequence` SET `Sequence` = %d WHERE `Action` = '%s'", place, action)
}

// upgradeTable says what is replaced and what is only found. Windows Installer's attributes: 1 features stay
// chosen, 2 only find, 256 and 512 the lowest and highest version count as well.
func (p product) upgradeTable() string {
	lines := []string{
		"UpgradeCode\tVersionMin\tVersionMax\tLanguage\tAttributes\tRemove\tActionProperty",
		"s38\tS20\tS20\tS255\ti4\tS255\ts72",
		"Upgrade\tUpgradeCode\tVersionMin\tVersionMax\tLanguage\tAttributes",
		"{" + upgradeCode + "}\t0.0.0\t" + p.Number + "\t\t769\t\tOLDERFOUND",
		"{" + upgradeCode + "}\t" + p.Number + "\t\t\t2\t\tNEWERFOUND",
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// tool runs a command in a folder; what it says is told when it fails only.
func tool(ctx context.Context, dir, name string, args ...string) error {
	if _, err := exec.LookPath(name); err != nil {
		return fmt.Errorf("%s is not here; install it by: apt-get install wixl msitools osslsigncode", name)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// buildProgram compiles the agent for Windows so that two builds are the same bytes.
func buildProgram(ctx context.Context, version, to string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -buildid= -X main.version="+version, "-o", to, "./agent/cmd/inbasket")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=windows", "GOARCH=amd64", "GOFLAGS=", "GOAMD64=v1", "GOEXPERIMENT=")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return fmt.Errorf("%w; %v", err, out.Close())
	}
	return out.Close()
}
