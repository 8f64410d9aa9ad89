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
		Version, Number, ProductCode, UpgradeCode, Link, Tree string
		Components                                            []string
	}{p.Version, p.Number, code, upgradeCode, link, tree.String(), nil}
	for _, e := range entries {
		data.Components = append(data.Components, id("c", e.target))
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return err
	}
	return writeFile(to, b.Bytes())
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
